package wyscout

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/stats/names"
	"statgate/shared/stats/players"
)

// Source is the name of the data set, under which its players and matches are stored.
const Source = "wyscout"

type player struct {
	ID       int     `json:"wyId"`
	Name     string  `json:"shortName"` // "L. Modrić", or a name without an initial
	First    string  `json:"firstName"`
	Middle   string  `json:"middleName"`
	Last     string  `json:"lastName"`
	Born     string  `json:"birthDate"` // 1985-09-09
	Passport area    `json:"passportArea"`
	National teamRef `json:"currentNationalTeamId"`
	Role     struct {
		Name string `json:"name"`
	} `json:"role"`
}

type area struct {
	Code string `json:"alpha3code"`
}

// teamRef is the id of a team, 0 if the file has null or the text "null".
type teamRef int

// UnmarshalJSON implements [json.Unmarshaler].
func (t *teamRef) UnmarshalJSON(raw []byte) error {
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		n = 0
	}
	*t = teamRef(n)
	return nil
}

var _ json.Unmarshaler = new(teamRef)

// national is the type of a national team. Any other team is a club.
const national = "national"

// clubCountry returns the code of a club's association.
func (t team) clubCountry() string {
	if t.Type == national {
		return ""
	}
	return association(t.Area.Code)
}

// ref returns the id of the player as a text.
func (p player) ref() *string {
	id := strconv.Itoa(p.ID)
	return &id
}

// decode decodes the texts of a player that were escaped twice.
func (p *player) decode() {
	for _, text := range []*string{&p.Name, &p.First, &p.Middle, &p.Last} {
		*text = unescaped(*text)
	}
}

// stated returns a player as other sources would state it. The country is that of the
// national team, else that of the passport.
func (f *folder) stated(p player) players.Stated {
	out := players.Stated{Key: *p.ref(), Name: p.display(), Position: position(p.Role.Name)}
	for _, other := range []string{p.Name, strings.Join(strings.Fields(p.First+" "+p.Middle+" "+p.Last), " ")} {
		if other != "" && other != out.Name {
			out.Names = append(out.Names, other)
		}
	}
	country := association(p.Passport.Code)
	if t := f.teams[int(p.National)]; t.Type == national {
		country = association(t.Area.Code)
	}
	if country != "" {
		out.Country = &country
	}
	if _, err := time.Parse(time.DateOnly, p.Born); err == nil {
		out.Born = &p.Born
	}
	return out
}

// display returns the short name with the first name in place of its initial: "Luka Modrić"
// for "L. Modrić". A short name without a known initial is complete.
func (p player) display() string {
	initial, rest, ok := strings.Cut(p.Name, ". ")
	if !ok || len([]rune(initial)) != 1 {
		return p.Name
	}
	for _, first := range strings.Fields(p.First + " " + p.Middle) {
		if strings.HasPrefix(names.Key(first), names.Key(initial)) {
			return first + " " + rest
		}
	}
	return p.Name
}

// sheet returns a side's part of the match sheet. Substitutions and red cards end a player's
// match. Added time does not count as played.
func sheet(s side, duration string) []players.Selected {
	last := 120
	if duration == regular {
		last = 90
	}
	on, off := map[int]int{}, map[int]int{}
	for _, sel := range s.Formation.Lineup {
		on[sel.Player] = 0
	}
	for _, sub := range s.substitutions() {
		on[sub.In], off[sub.Out] = min(sub.Minute, last), min(sub.Minute, last)
	}
	var list []players.Selected
	for _, sel := range slices.Concat(s.Formation.Lineup, s.Formation.Bench) {
		from, played := on[sel.Player]
		to, left := off[sel.Player]
		if !left && played {
			to = last
		}
		if sent := number(sel.Red); sent > 0 {
			to = min(to, sent)
		}
		list = append(list, players.Selected{Played: played, Appearance: sel.appearance(max(0, to-from))})
	}
	return list
}

// appearance returns a player's part in a match.
func (s selected) appearance(minutes int) players.Appearance {
	yellow, red := min(number(s.Yellow), 1), min(number(s.Red), 1)
	out := players.Appearance{Player: strconv.Itoa(s.Player), Minutes: &minutes, Goals: number(s.Goals), YellowCards: &yellow, RedCards: &red}
	if s.Assists != "" {
		assists := number(s.Assists)
		out.Assists = &assists
	}
	return out
}

// number returns a number of the data set, which has "null" and "0" for none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// substitutions returns a side's substitutions. The data set has a text instead of an empty
// list.
func (s side) substitutions() []substitution {
	var list []substitution
	if json.Unmarshal(s.Formation.Substitutions, &list) != nil {
		return nil
	}
	return list
}

// associations maps ISO 3166 codes of countries, and the data set's own codes of British
// associations and Kosovo, to the codes of football associations where they differ.
var associations = map[string]string{
	"XEN": "ENG", "XSC": "SCO", "XWA": "WAL", "XNI": "NIR", "XKS": "KOS",
	"AGO": "ANG", "ARE": "UAE", "BGD": "BAN", "BGR": "BUL", "BMU": "BER", "BWA": "BOT", "CAF": "CTA", "CHE": "SUI", "CHL": "CHI", "COG": "CGO",
	"CRI": "CRC", "DEU": "GER", "DNK": "DEN", "DZA": "ALG", "GIN": "GUI", "GMB": "GAM", "GNQ": "EQG", "GRC": "GRE", "GRD": "GRN", "GTM": "GUA",
	"HND": "HON", "HRV": "CRO", "HTI": "HAI", "KWT": "KUW", "LKA": "SRI", "LSO": "LES", "MDG": "MAD", "MRT": "MTN", "MUS": "MRI", "MYS": "MAS",
	"NER": "NIG", "NIC": "NCA", "NLD": "NED", "OMN": "OMA", "PHL": "PHI", "PRT": "POR", "PRY": "PAR", "SAU": "KSA", "TCD": "CHA", "TGO": "TOG",
	"TZA": "TAN", "URY": "URU", "VNM": "VIE", "WSM": "SAM", "ZAF": "RSA", "ZMB": "ZAM", "ZWE": "ZIM",
}

// association returns the football association's code of a country's code, "" if it is not
// a code of three letters.
func association(code string) string {
	if other, ok := associations[code]; ok {
		return other
	}
	if len(code) != 3 || strings.ToUpper(code) != code {
		return ""
	}
	return code
}
