// Package reports stores reports of matches: their events, lineups and statistics.
package reports

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
)

// EventType is the type of an event.
type EventType string

// The types of events. A penalty is a goal. Missed penalties and those of a shoot-out are
// not events.
const (
	Goal         EventType = "goal"
	Penalty      EventType = "penalty"
	OwnGoal      EventType = "own_goal"
	YellowCard   EventType = "yellow_card"
	RedCard      EventType = "red_card"
	Substitution EventType = "substitution"
)

// Goals, Cards and Substitutions are groups of types. A source reports all events of a
// group, or none.
var (
	Goals         = []EventType{Goal, Penalty, OwnGoal}
	Cards         = []EventType{YellowCard, RedCard}
	Substitutions = []EventType{Substitution}
)

// The sides of a match.
const (
	Home = "home"
	Away = "away"
)

// Event is one event of a match. Unknown values are null.
type Event struct {
	ID        string    `json:"id" doc:"Stays where the event is corrected; one that is withdrawn is listed no more" example:"e_6b1d9s0q2hkfu3m8tv54"`
	Type      EventType `json:"type" enum:"goal,penalty,own_goal,yellow_card,red_card,substitution" doc:"A penalty is one that was scored in play"`
	Team      string    `json:"team" enum:"home,away" doc:"The side that it counts for: an own goal counts for the other side than its player's"`
	Minute    int       `json:"minute" minimum:"0" doc:"Minute of play; 45 and 90 go with added time" example:"90"`
	AddedTime *int      `json:"added_time" minimum:"0" doc:"Minutes of added time; null in regular time, and where the source does not say" example:"3"`
	Player    *string   `json:"player" doc:"Who did it; of a substitution who went off"`
	PlayerIn  *string   `json:"player_in" doc:"Who came on"`
	Version   int64     `json:"version" doc:"Rises with every change of the event"`
	UpdatedAt string    `json:"updated_at" format:"date-time" doc:"RFC 3339 UTC"`
}

// Lineups are the lineups of both sides.
type Lineups struct {
	Home Lineup `json:"home"`
	Away Lineup `json:"away"`
}

// Lineup is the lineup of one side.
type Lineup struct {
	Starters    []LineupPlayer `json:"starters" doc:"Who began"`
	Substitutes []LineupPlayer `json:"substitutes" doc:"Who sat on the bench, whether or not they came on"`
}

// LineupPlayer is one player of a lineup.
type LineupPlayer struct {
	Name     string  `json:"name" example:"L. Modrić"`
	Position *string `json:"position" enum:"goalkeeper,defender,midfielder,forward" nullable:"true"`
}

// Stats are the statistics of a match.
type Stats struct {
	Data []Section `json:"data" doc:"Sections, each with its figures"`
}

// Section is a group of figures.
type Section struct {
	Section string `json:"section" example:"attack"`
	Stats   []Stat `json:"stats"`
}

// Stat is one figure for both sides.
type Stat struct {
	Name string `json:"name" example:"shots"`
	Home int    `json:"home" minimum:"0"`
	Away int    `json:"away" minimum:"0"`
}

// Report is the report of a match by one source. It has all events of its Types and none
// of other types; nil Lineups and Stats are unknown to the source. Reports of several
// sources about different parts of one match add up.
type Report struct {
	Types   []EventType
	Events  []Event // without ids and versions, in any order
	Lineups *Lineups
	Stats   *Stats
}

// Position returns the sort key of an event in its match: minute, added time, id.
func (e *Event) Position() string {
	added := 0
	if e.AddedTime != nil {
		added = *e.AddedTime
	}
	return fmt.Sprintf("%03d#%03d#%s", e.Minute, added, e.ID)
}

func order(events []Event) {
	slices.SortFunc(events, func(a, b Event) int { return strings.Compare(a.Position(), b.Position()) })
}

// identify sets the ids of events. An id is derived from the kind of the event, its
// player, and how many events of the kind the player had before in the match. So a
// corrected minute, or a goal that turns out to be a penalty, changes the same event.
func identify(match string, events []Event) []Event {
	out := slices.Clone(events)
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Minute, b.Minute), strings.Compare(a.Position(), b.Position()))
	})
	seen := map[string]int{}
	for i := range out {
		e := &out[i]
		text := ""
		for _, part := range []string{match, string(kind(e.Type)[0]), deref(e.Player)} {
			text += fmt.Sprintf("%d:%s,", len(part), part) // the length prefix keeps two lists of parts apart
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%s%d", text, seen[text]))
		seen[text]++
		e.ID = "e_" + idAlphabet.EncodeToString(sum[:])[:20]
	}
	return out
}

var idAlphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// kind returns the group of types that an event may be corrected to.
func kind(t EventType) []EventType {
	for _, types := range [][]EventType{Goals, Cards, Substitutions} {
		if slices.Contains(types, t) {
			return types
		}
	}
	return []EventType{t}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
