package leagues

import (
	"context"
	"strings"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// kind finds leagues by their names.
var kind = names.Kind[League]{Index: "LEAGUE", Partition: leaguesPK, Object: func(it table.Item) (names.Object[League], error) {
	o := names.Object[League]{Value: League{Sport: Football}, Names: namesOf(it.Str("id"), it.Str("name"))}
	return o, table.Decode(it, &o.Value)
}}

// indexForm is stored with a league's index items. Raise it when namesOf returns other
// names for the same league, so that the next import writes them.
const indexForm = names.Form

// Search returns the leagues with a name in which words begin with q, regardless of case
// and accents: at most limit, and never more than 50. A league's names are its id, its
// name, common other names, and these with its country: "premier league", "England Premier
// League" and "english" find the English Premier League. Exact names come first. It reads
// at most 200 index items and 51 leagues.
func (r Reader) Search(ctx context.Context, q string, limit int) ([]League, error) {
	return r.finder().Search(ctx, q, limit)
}

// Named returns the leagues that have the name q, and those that [Reader.Search] finds
// besides: of each at most limit.
func (r Reader) Named(ctx context.Context, q string, limit int) (exact, similar []League, err error) {
	return r.finder().Named(ctx, q, limit)
}

// Nearest returns the leagues whose names are closest to a misspelt name, the closest
// first, at most limit. It reads at most 320 index items and 60 leagues ([names.Kind.Near]).
func (r Reader) Nearest(ctx context.Context, q string, limit int) ([]League, error) {
	return r.finder().Nearest(ctx, q, limit)
}

func (r Reader) finder() names.Finder[League] {
	return names.Finder[League]{Kind: kind, Table: r.store.table, Public: r.public}
}

// namesOf returns the names by which a league is found.
func namesOf(id, name string) []string {
	all := append([]string{id, name}, otherNames[id]...)
	for _, word := range strings.Split(words[Country(id)], "|") {
		if word == "" {
			continue
		}
		for _, one := range all[1:] {
			if !strings.Contains(names.Key(one), names.Key(word)) {
				all = append(all, word+" "+one)
			}
		}
	}
	return all
}

// otherNames are common names of leagues which differ from those in open data.
var otherNames = map[string][]string{
	"en.1": {"Premier League", "EPL"}, "en.2": {"Championship", "EFL Championship"}, "en.3": {"League One", "EFL League One"},
	"en.4": {"League Two", "EFL League Two"}, "en.5": {"National League"},
	"de.1": {"Bundesliga", "1. Bundesliga"}, "de.2": {"2. Bundesliga", "Bundesliga 2"}, "de.3": {"3. Liga"}, "de.cup": {"DFB-Pokal"},
	"es.1": {"La Liga", "LaLiga", "Primera División"}, "es.2": {"La Liga 2", "LaLiga 2", "Segunda División"},
	"it.1": {"Serie A"}, "it.2": {"Serie B"}, "fr.1": {"Ligue 1"}, "fr.2": {"Ligue 2"},
	"at.1": {"Bundesliga"}, "at.2": {"2. Liga"}, "ch.1": {"Super League"}, "nl.1": {"Eredivisie"}, "be.1": {"Pro League"},
	"pt.1": {"Primeira Liga", "Liga Portugal"}, "tr.1": {"Süper Lig"}, "gr.1": {"Super League"}, "sco.1": {"Premiership"},
	"br.1": {"Série A", "Brasileirão"}, "ar.1": {"Primera División", "Liga Profesional"}, "mx.1": {"Liga MX"},
	"co.1": {"Primera A", "Categoría Primera A"}, "mls": {"Major League Soccer", "MLS"}, "us.1": {"Major League Soccer", "MLS"},
	"uefa.cl": {"Champions League", "UCL"}, "uefa.el": {"Europa League", "UEL"}, "uefa.conf": {"Conference League"},
	"worldcup": {"World Cup", "FIFA World Cup"}, "euro": {"Euro", "European Championship", "UEFA Euro"},
}

// words are the names of countries and their adjectives, by the football association's
// code, separated by "|". Search finds the leagues of a country by them.
var words = map[string]string{
	"ENG": "England|English", "WAL": "Wales|Welsh", "SCO": "Scotland|Scottish", "NIR": "Northern Ireland", "IRL": "Ireland|Irish",
	"GER": "Germany|German", "ESP": "Spain|Spanish", "ITA": "Italy|Italian", "FRA": "France|French", "MCO": "Monaco",
	"AUT": "Austria|Austrian", "SUI": "Switzerland|Swiss", "LIE": "Liechtenstein", "NED": "Netherlands|Dutch", "BEL": "Belgium|Belgian",
	"LUX": "Luxembourg", "POR": "Portugal|Portuguese", "DEN": "Denmark|Danish", "SWE": "Sweden|Swedish", "NOR": "Norway|Norwegian",
	"FIN": "Finland|Finnish", "ISL": "Iceland|Icelandic", "EST": "Estonia|Estonian", "LVA": "Latvia|Latvian", "LTU": "Lithuania|Lithuanian",
	"POL": "Poland|Polish", "CZE": "Czechia|Czech Republic", "SVK": "Slovakia|Slovak", "HUN": "Hungary|Hungarian", "SVN": "Slovenia|Slovenian",
	"CRO": "Croatia|Croatian", "BIH": "Bosnia and Herzegovina|Bosnian", "SRB": "Serbia|Serbian", "MNE": "Montenegro|Montenegrin",
	"MKD": "North Macedonia|Macedonian", "ALB": "Albania|Albanian", "GRE": "Greece|Greek", "CYP": "Cyprus|Cypriot", "TUR": "Turkey|Turkish|Türkiye",
	"BUL": "Bulgaria|Bulgarian", "ROU": "Romania|Romanian", "MDA": "Moldova|Moldovan", "UKR": "Ukraine|Ukrainian", "BLR": "Belarus|Belarusian",
	"RUS": "Russia|Russian", "GEO": "Georgia|Georgian", "ARM": "Armenia|Armenian", "AZE": "Azerbaijan|Azerbaijani", "KAZ": "Kazakhstan|Kazakh",
	"ISR": "Israel|Israeli", "MLT": "Malta|Maltese", "AND": "Andorra", "SMR": "San Marino", "FRO": "Faroe Islands", "GIB": "Gibraltar", "KOS": "Kosovo",
	"BRA": "Brazil|Brazilian", "ARG": "Argentina|Argentine", "COL": "Colombia|Colombian", "CHI": "Chile|Chilean", "URU": "Uruguay|Uruguayan",
	"PAR": "Paraguay|Paraguayan", "PER": "Peru|Peruvian", "ECU": "Ecuador|Ecuadorian", "BOL": "Bolivia|Bolivian", "VEN": "Venezuela|Venezuelan",
	"MEX": "Mexico|Mexican", "USA": "United States|American|USA", "CAN": "Canada|Canadian", "CRC": "Costa Rica|Costa Rican",
	"GUA": "Guatemala|Guatemalan", "HON": "Honduras|Honduran", "SLV": "El Salvador|Salvadoran", "NCA": "Nicaragua|Nicaraguan",
	"PAN": "Panama|Panamanian", "DOM": "Dominican Republic|Dominican", "JAM": "Jamaica|Jamaican", "JPN": "Japan|Japanese",
	"KOR": "South Korea|Korea|Korean", "CHN": "China|Chinese", "AUS": "Australia|Australian", "NZL": "New Zealand", "IND": "India|Indian",
	"KSA": "Saudi Arabia|Saudi", "QAT": "Qatar|Qatari", "UAE": "United Arab Emirates|Emirati", "IRN": "Iran|Iranian", "THA": "Thailand|Thai",
	"IDN": "Indonesia|Indonesian", "MAS": "Malaysia|Malaysian", "SGP": "Singapore|Singaporean", "VIE": "Vietnam|Vietnamese",
	"EGY": "Egypt|Egyptian", "MAR": "Morocco|Moroccan", "TUN": "Tunisia|Tunisian", "ALG": "Algeria|Algerian", "NGA": "Nigeria|Nigerian",
	"GHA": "Ghana|Ghanaian", "RSA": "South Africa|South African", "KEN": "Kenya|Kenyan",
}
