// Package matches defines matches: their shape, identity, status and rules of change.
// It stores public matches and those of organisations, and returns them by kick-off
// through readers that are bound to their owners.
package matches

import "encoding/json"

// Status is the status of a match.
type Status string

// The statuses of a match. Awarded matches count in standings; postponed, cancelled
// and abandoned ones do not.
const (
	Scheduled Status = "scheduled"
	Live      Status = "live"
	Finished  Status = "finished"
	Postponed Status = "postponed"
	Cancelled Status = "cancelled"
	Abandoned Status = "abandoned"
	Awarded   Status = "awarded"
)

// Statuses lists every status in the order of the API documents.
var Statuses = []Status{Scheduled, Live, Finished, Postponed, Cancelled, Abandoned, Awarded}

// Public is the owner of public matches; other owners are organisation ids.
const Public = "public"

// Match is one match as the API returns it. Unknown values are null.
type Match struct {
	ID        string  `json:"id" doc:"Match id; the same if the match is imported twice or from two sources" example:"m_3vtsl7lq2ehtu"`
	League    Ref     `json:"league" nullable:"true" doc:"League id; null for an organisation's match without a league" example:"en.1"`
	Season    Ref     `json:"season" nullable:"true" doc:"Season id; null for an organisation's match without a season" example:"2015-16"`
	Stage     *string `json:"stage" doc:"Part of the season, such as a play-off; null without one"`
	Group     *string `json:"group" doc:"Group within the stage; null without one"`
	Matchday  *int    `json:"matchday" doc:"Matchday number; null if the round has no number"`
	Round     *string `json:"round" doc:"Round as its source spells it; null if unknown" example:"Matchday 5"`
	Date      string  `json:"date" format:"date" doc:"Local date of the kick-off" example:"2015-08-08"`
	Time      *string `json:"time" doc:"Local time of the kick-off, HH:MM; null if unknown" example:"15:00"`
	KickoffAt *string `json:"kickoff_at" format:"date-time" doc:"Kick-off, RFC 3339 in UTC; null if the time is unknown"`
	Status    Status  `json:"status" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" doc:"Match status"`
	Minute    *int    `json:"minute" doc:"Minute of play of a live match; null otherwise, or if unknown"`
	Home      Side    `json:"home" doc:"Home team"`
	Away      Side    `json:"away" doc:"Away team"`
	Score     Score   `json:"score" doc:"Known scores"`
	Owner     string  `json:"owner" doc:"public, or the id of the organisation that owns the match" example:"public"`
	Version   int64   `json:"version" doc:"Version number; increases with every change"`
	UpdatedAt string  `json:"updated_at" format:"date-time" doc:"Time of the last change, RFC 3339 in UTC"`
}

// Side is one of the two teams.
type Side struct {
	ID   string `json:"id" doc:"Team id" example:"leicester-city-fc"`
	Name string `json:"name" doc:"Team name" example:"Leicester City FC"`

	// What only views show.
	Logo *string `json:"-" view:"logo" doc:"Address of the logo; always null, as no data source provides one"`
}

// Score is the result as far as it is known. FullTime is the score after 90 minutes;
// extra time and penalties do not change it.
type Score struct {
	HalfTime  *Goals  `json:"half_time" doc:"Score at half-time; null if unknown"`
	FullTime  *Goals  `json:"full_time" doc:"Score after 90 minutes, or the current score of a live match; null if unknown"`
	ExtraTime *Goals  `json:"extra_time" doc:"Score after extra time, including the 90 minutes; null without extra time"`
	Penalties *Goals  `json:"penalties" doc:"Score of the penalty shoot-out; null without a shoot-out"`
	Winner    *string `json:"winner" enum:"home,away,draw" nullable:"true" doc:"Winner, after extra time and penalties if there were any; null before the end"`
}

// Goals is the number of goals of each side.
type Goals struct {
	Home int `json:"home" minimum:"0" doc:"Goals of the home team"`
	Away int `json:"away" minimum:"0" doc:"Goals of the away team"`
}

// Ref is an optional id. JSON shows "" as null.
type Ref string

// MarshalJSON returns the id, or null for "".
func (r Ref) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(r))
}
