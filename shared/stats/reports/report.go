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
	ID        string    `json:"id" doc:"Event id; unchanged by corrections. A withdrawn event is removed from the list" example:"e_6b1d9s0q2hkfu3m8tv54"`
	Type      EventType `json:"type" enum:"goal,penalty,own_goal,yellow_card,red_card,substitution" doc:"Event type; penalty is a penalty scored in play"`
	Team      string    `json:"team" enum:"home,away" doc:"Side that the event counts for; an own goal counts for the opponent of the player's side"`
	Minute    int       `json:"minute" minimum:"0" doc:"Minute of play; 45 and 90 can have added time" example:"90"`
	AddedTime *int      `json:"added_time" minimum:"0" doc:"Minutes of added time; null in regular time or if unknown" example:"3"`
	Player    *string   `json:"player" doc:"Player; for a substitution, the player who went off; null if unknown"`
	PlayerIn  *string   `json:"player_in" doc:"Player who came on in a substitution; null otherwise, or if unknown"`
	PlayerID  *string   `json:"player_id" doc:"Id of the player; null if the source of the event has no players" example:"luka-modric"`
	InID      *string   `json:"player_in_id" doc:"Id of the player who came on; null if player_in is null, or if the source has no players"`
	Version   int64     `json:"version" doc:"Version number; increases with every change of the event"`
	UpdatedAt string    `json:"updated_at" format:"date-time" doc:"Time of the last change, RFC 3339 in UTC"`
}

// Lineups are the lineups of both sides.
type Lineups struct {
	Home Lineup `json:"home" doc:"Lineup of the home team"`
	Away Lineup `json:"away" doc:"Lineup of the away team"`
}

// Lineup is the lineup of one side.
type Lineup struct {
	Starters    []LineupPlayer `json:"starters" doc:"Players in the starting lineup"`
	Substitutes []LineupPlayer `json:"substitutes" doc:"Players on the bench, whether or not they came on"`
}

// LineupPlayer is one player of a lineup.
type LineupPlayer struct {
	Name     string  `json:"name" doc:"Player name" example:"L. Modrić"`
	ID       *string `json:"player_id" doc:"Player id; null if the source has no players" example:"luka-modric"`
	Position *string `json:"position" enum:"goalkeeper,defender,midfielder,forward" nullable:"true" doc:"Position; null if unknown"`
}

// Stats are the statistics of a match.
type Stats struct {
	Data []Section `json:"data" doc:"Sections of statistics"`
}

// Section is a group of figures.
type Section struct {
	Section string `json:"section" doc:"Section name" example:"attack"`
	Stats   []Stat `json:"stats" doc:"Statistics of the section"`
}

// Stat is one figure for both sides.
type Stat struct {
	Name string `json:"name" doc:"Name of the statistic" example:"shots"`
	Home int    `json:"home" minimum:"0" doc:"Value for the home team"`
	Away int    `json:"away" minimum:"0" doc:"Value for the away team"`
}

// Report is the report of a match by one source. It has all events of its Types and none
// of other types; nil Lineups and Stats are unknown to the source. Reports of several
// sources about different parts of one match add up.
type Report struct {
	Types   []EventType
	Events  []Event // without ids and versions, in any order
	Lineups *Lineups
	Stats   *Stats
	Expires int64 // seconds since 1970, after which the table deletes the report; 0 for never
}

// WithPlayers returns a copy of the report in which ids of players replace the source's own
// ids, by which the map has them. An id that is not in the map becomes null.
func (r Report) WithPlayers(ids map[string]string) Report {
	replace := func(at **string) {
		if *at == nil {
			return
		}
		id, ok := ids[**at]
		if *at = &id; !ok {
			*at = nil
		}
	}
	r.Events = slices.Clone(r.Events)
	for i := range r.Events {
		replace(&r.Events[i].PlayerID)
		replace(&r.Events[i].InID)
	}
	if r.Lineups == nil {
		return r
	}
	lineups := *r.Lineups
	for _, list := range []*[]LineupPlayer{&lineups.Home.Starters, &lineups.Home.Substitutes, &lineups.Away.Starters, &lineups.Away.Substitutes} {
		*list = slices.Clone(*list)
		for i := range *list {
			replace(&(*list)[i].ID)
		}
	}
	r.Lineups = &lineups
	return r
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
