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
	ID        string  `json:"id" doc:"Stable: the same match imported twice, or from two sources, has one id" example:"m_3vtsl7lq2ehtu"`
	League    Ref     `json:"league" nullable:"true" doc:"League id; null where an organisation's match is of none" example:"en.1"`
	Season    Ref     `json:"season" nullable:"true" doc:"Season id; null where an organisation's match is of none" example:"2015-16"`
	Stage     *string `json:"stage" doc:"Part of the season, such as a play-off"`
	Group     *string `json:"group" doc:"Group within the stage"`
	Matchday  *int    `json:"matchday" doc:"Number of the matchday, where the round has one"`
	Round     *string `json:"round" doc:"The round as its source spells it" example:"Matchday 5"`
	Date      string  `json:"date" format:"date" doc:"Local day of the kick-off" example:"2015-08-08"`
	Time      *string `json:"time" doc:"Local time of the kick-off, HH:MM" example:"15:00"`
	KickoffAt *string `json:"kickoff_at" format:"date-time" doc:"Kick-off, RFC 3339 UTC; null where the time is not known"`
	Status    Status  `json:"status" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded"`
	Minute    *int    `json:"minute" doc:"Minute of play while live"`
	Home      Side    `json:"home"`
	Away      Side    `json:"away"`
	Score     Score   `json:"score"`
	Owner     string  `json:"owner" doc:"public, or the organisation that owns the match" example:"public"`
	Version   int64   `json:"version" doc:"Rises with every change"`
	UpdatedAt string  `json:"updated_at" format:"date-time" doc:"RFC 3339 UTC"`
}

// Side is one of the two teams.
type Side struct {
	ID   string `json:"id" doc:"Team id" example:"leicester-city-fc"`
	Name string `json:"name" example:"Leicester City FC"`

	// Shown by views only.
	Logo *string `json:"-" view:"logo" doc:"Null: no source of ours has one"`
}

// Score is the result as far as it is known. FullTime is the score after 90 minutes;
// extra time and penalties do not change it.
type Score struct {
	HalfTime  *Goals  `json:"half_time"`
	FullTime  *Goals  `json:"full_time"`
	ExtraTime *Goals  `json:"extra_time"`
	Penalties *Goals  `json:"penalties"`
	Winner    *string `json:"winner" enum:"home,away,draw" nullable:"true" doc:"After penalties and extra time, where there were any; null before the end"`
}

// Goals is the number of goals of each side.
type Goals struct {
	Home int `json:"home" minimum:"0"`
	Away int `json:"away" minimum:"0"`
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
