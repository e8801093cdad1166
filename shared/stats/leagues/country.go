package leagues

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// place is the country of a league code and its time zone.
type place struct{ country, zone string }

// places is keyed by the first part of openfootball's league codes. For a country with
// several zones, this is the zone in which the league publishes its schedule. An
// international competition has a zone and no country.
var places = map[string]place{
	"uefa": {"", "Europe/Paris"}, "euro": {"", "Europe/Paris"},

	"en": {"ENG", "Europe/London"}, "eng": {"ENG", "Europe/London"}, "wal": {"WAL", "Europe/London"},
	"sco": {"SCO", "Europe/London"}, "nir": {"NIR", "Europe/London"}, "ie": {"IRL", "Europe/Dublin"},
	"de": {"GER", "Europe/Berlin"}, "es": {"ESP", "Europe/Madrid"}, "it": {"ITA", "Europe/Rome"},
	"fr": {"FRA", "Europe/Paris"}, "mc": {"MCO", "Europe/Monaco"}, "at": {"AUT", "Europe/Vienna"},
	"ch": {"SUI", "Europe/Zurich"}, "li": {"LIE", "Europe/Vaduz"}, "nl": {"NED", "Europe/Amsterdam"},
	"be": {"BEL", "Europe/Brussels"}, "lu": {"LUX", "Europe/Luxembourg"}, "pt": {"POR", "Europe/Lisbon"},
	"dk": {"DEN", "Europe/Copenhagen"}, "se": {"SWE", "Europe/Stockholm"}, "no": {"NOR", "Europe/Oslo"},
	"fi": {"FIN", "Europe/Helsinki"}, "is": {"ISL", "Atlantic/Reykjavik"}, "ee": {"EST", "Europe/Tallinn"},
	"lv": {"LVA", "Europe/Riga"}, "lt": {"LTU", "Europe/Vilnius"}, "pl": {"POL", "Europe/Warsaw"},
	"cz": {"CZE", "Europe/Prague"}, "sk": {"SVK", "Europe/Bratislava"}, "hu": {"HUN", "Europe/Budapest"},
	"si": {"SVN", "Europe/Ljubljana"}, "hr": {"CRO", "Europe/Zagreb"}, "ba": {"BIH", "Europe/Sarajevo"},
	"rs": {"SRB", "Europe/Belgrade"}, "me": {"MNE", "Europe/Podgorica"}, "mk": {"MKD", "Europe/Skopje"},
	"al": {"ALB", "Europe/Tirane"}, "gr": {"GRE", "Europe/Athens"}, "cy": {"CYP", "Asia/Nicosia"},
	"tr": {"TUR", "Europe/Istanbul"}, "bg": {"BUL", "Europe/Sofia"}, "ro": {"ROU", "Europe/Bucharest"},
	"md": {"MDA", "Europe/Chisinau"}, "ua": {"UKR", "Europe/Kyiv"}, "by": {"BLR", "Europe/Minsk"},
	"ru": {"RUS", "Europe/Moscow"}, "ge": {"GEO", "Asia/Tbilisi"}, "am": {"ARM", "Asia/Yerevan"},
	"az": {"AZE", "Asia/Baku"}, "kz": {"KAZ", "Asia/Almaty"}, "il": {"ISR", "Asia/Jerusalem"},
	"mt": {"MLT", "Europe/Malta"}, "ad": {"AND", "Europe/Andorra"}, "sm": {"SMR", "Europe/San_Marino"},
	"fo": {"FRO", "Atlantic/Faroe"}, "gi": {"GIB", "Europe/Gibraltar"}, "xk": {"KOS", "Europe/Belgrade"},

	"br": {"BRA", "America/Sao_Paulo"}, "ar": {"ARG", "America/Argentina/Buenos_Aires"},
	"co": {"COL", "America/Bogota"}, "cl": {"CHI", "America/Santiago"}, "uy": {"URU", "America/Montevideo"},
	"py": {"PAR", "America/Asuncion"}, "pe": {"PER", "America/Lima"}, "ec": {"ECU", "America/Guayaquil"},
	"bo": {"BOL", "America/La_Paz"}, "ve": {"VEN", "America/Caracas"},
	"mx": {"MEX", "America/Mexico_City"}, "us": {"USA", "America/New_York"}, "mls": {"USA", "America/New_York"},
	"ca": {"CAN", "America/Toronto"}, "cr": {"CRC", "America/Costa_Rica"}, "gt": {"GUA", "America/Guatemala"},
	"hn": {"HON", "America/Tegucigalpa"}, "sv": {"SLV", "America/El_Salvador"}, "ni": {"NCA", "America/Managua"},
	"pa": {"PAN", "America/Panama"}, "do": {"DOM", "America/Santo_Domingo"}, "jm": {"JAM", "America/Jamaica"},

	"jp": {"JPN", "Asia/Tokyo"}, "kr": {"KOR", "Asia/Seoul"}, "cn": {"CHN", "Asia/Shanghai"},
	"au": {"AUS", "Australia/Sydney"}, "nz": {"NZL", "Pacific/Auckland"}, "in": {"IND", "Asia/Kolkata"},
	"sa": {"KSA", "Asia/Riyadh"}, "qa": {"QAT", "Asia/Qatar"}, "ae": {"UAE", "Asia/Dubai"},
	"ir": {"IRN", "Asia/Tehran"}, "th": {"THA", "Asia/Bangkok"}, "id": {"IDN", "Asia/Jakarta"},
	"my": {"MAS", "Asia/Kuala_Lumpur"}, "sg": {"SGP", "Asia/Singapore"}, "vn": {"VIE", "Asia/Ho_Chi_Minh"},
	"eg": {"EGY", "Africa/Cairo"}, "ma": {"MAR", "Africa/Casablanca"}, "tn": {"TUN", "Africa/Tunis"},
	"dz": {"ALG", "Africa/Algiers"}, "ng": {"NGA", "Africa/Lagos"}, "gh": {"GHA", "Africa/Accra"},
	"za": {"RSA", "Africa/Johannesburg"}, "ke": {"KEN", "Africa/Nairobi"},
}

// Country returns the football association's three-letter code of a league code
// ("en.1" is "ENG"), "" for international and for unknown leagues.
func Country(code string) string { return placeOf(code).country }

// Zone returns the time zone of a league. It returns nil for an unknown league, whose times
// stay local without a known instant. The zone database lacks a zone only if a program has
// none: functions embed it by the build tag timetzdata, and other programs by time/tzdata.
func Zone(code string) (*time.Location, error) {
	name := placeOf(code).zone
	if name == "" {
		return nil, nil
	}
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("loading the time zone of league %s: %w", code, err)
	}
	zones.Store(name, loc)
	return loc, nil
}

// zones caches loaded zones, because loading reads a file.
var zones sync.Map

func placeOf(code string) place {
	prefix, _, _ := strings.Cut(code, ".")
	return places[prefix]
}
