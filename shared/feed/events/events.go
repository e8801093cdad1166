// Package events turns changes of a table into events for customers.
//
// An event's id derives from the change's, so a change that is read again gives the same
// event, and a receiver can recognise the repeat.
package events

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

// The types of events.
const (
	MatchCreated  = "match.created"
	MatchUpdated  = "match.updated"
	MatchDeleted  = "match.deleted"
	EventCreated  = "match.event.created"
	EventUpdated  = "match.event.updated"
	EventDeleted  = "match.event.deleted"
	LineupsChange = "match.lineups.updated"
	StatsChange   = "match.stats.updated"
)

// Kinds lists the types of events, in the order of the documentation.
var Kinds = []api.EventKind{
	{Type: MatchCreated, Summary: "Match created", Description: "A match was created or imported. Public matches that were long over when first imported are not sent.", Data: reflect.TypeFor[MatchNews]()},
	{Type: MatchUpdated, Summary: "Match updated", Description: "A match changed, for example its status, score or kick-off.", Data: reflect.TypeFor[MatchNews]()},
	{Type: MatchDeleted, Summary: "Match deleted", Description: "A match was deleted, or merged with another match.", Data: reflect.TypeFor[MatchNews]()},
	{Type: EventCreated, Summary: "Match event created", Description: "A goal, card or substitution was added to a match.", Data: reflect.TypeFor[EventNews]()},
	{Type: EventUpdated, Summary: "Match event updated", Description: "An event of a match was corrected.", Data: reflect.TypeFor[EventNews]()},
	{Type: EventDeleted, Summary: "Match event deleted", Description: "An event of a match was withdrawn.", Data: reflect.TypeFor[EventNews]()},
	{Type: LineupsChange, Summary: "Lineups updated", Description: "The lineups of a match were added or changed.", Data: reflect.TypeFor[LineupsNews]()},
	{Type: StatsChange, Summary: "Statistics updated", Description: "The statistics of a match were added or changed.", Data: reflect.TypeFor[StatsNews]()},
}

// Types returns the names of the types.
func Types() []string {
	types := make([]string, len(Kinds))
	for i, k := range Kinds {
		types[i] = k.Type
	}
	return types
}

// Permission is required to receive these events.
const Permission = "matches:read"

// archiveAge is the age from which on a public match that is stored for the first time
// makes no event: an archive is being imported. Corrections of old matches do make events.
const archiveAge = 30 * 24 * time.Hour

// archived reports whether a match was an archive's at a time. An organisation's own match
// never is.
func archived(m *matches.Match, at time.Time) bool {
	return m.Owner == matches.Public && m.Over(at.Add(-archiveAge))
}

// Event is something that happened to a match or a contest.
type Event struct {
	ID   string
	Type string
	At   time.Time // approximate, UTC
	// Match is the id of the match. A change of a report contains only the id;
	// [Event.AddMatch] adds the match.
	Match string
	Of    *matches.Match
	// ReplacedBy is the id of the match that a deleted match was merged with, or "".
	ReplacedBy string
	// Contest is the contest after the change, nil for an event about a match. Match is then
	// its id, and Of is nil.
	Contest *contests.Contest
	// Data is what is sent: a [MatchNews], [EventNews], [LineupsNews] or [StatsNews], or of
	// a contest a [ContestNews], [ContestResult], [ContestForfeit] or [ContestScore].
	Data any
}

// MatchNews is the data of an event about a match.
type MatchNews struct {
	Match   matches.Match `json:"match" doc:"Match after the change; for a deleted match, its last state"`
	Changed []string      `json:"changed" doc:"Names of the changed fields, without version and updated_at; empty for a new or deleted match"`
}

// EventNews is the data of an event about something that happened in a match.
type EventNews struct {
	Match matches.Match `json:"match" doc:"Match at the time the webhook event was stored"`
	Event reports.Event `json:"event" doc:"Match event after the change; for a withdrawn one, its last state"`
}

// LineupsNews is the data of an event about a match's lineups.
type LineupsNews struct {
	Match   matches.Match   `json:"match" doc:"Match at the time the webhook event was stored"`
	Lineups reports.Lineups `json:"lineups" doc:"Lineups after the change"`
}

// StatsNews is the data of an event about a match's statistics.
type StatsNews struct {
	Match matches.Match `json:"match" doc:"Match at the time the webhook event was stored"`
	Stats reports.Stats `json:"stats" doc:"Statistics after the change"`
}

// Of returns the event of a change of the stats table; false if it makes none, as most do
// not.
func Of(c table.Change) (Event, bool, error) {
	partition, id, _ := strings.Cut(c.Key().Partition, "#")
	if partition != "MATCH" {
		return Event{}, false, nil
	}
	e := Event{At: c.Time.UTC(), Match: id}
	if c.Key().Sort == "MATCH" {
		e.ofMatch(c)
	} else if err := e.ofReport(c); err != nil {
		return Event{}, false, err
	}
	if e.Type == "" {
		return Event{}, false, nil
	}
	e.ID = ID("evt_", c.Time, c.ID)
	return e, true, nil
}

// ID returns an id that is the same for the same time and parts and sorts by the time: a
// ULID whose random bits come from a hash.
func ID(prefix string, at time.Time, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(at)) // fails after the year 10889
	_ = id.SetEntropy(sum[:10])        // fails unless there are ten bytes
	return prefix + strings.ToLower(id.String())
}

func (e *Event) ofMatch(c table.Change) {
	was, is := matches.FromItem(c.Old), matches.FromItem(c.New)
	news := MatchNews{Changed: []string{}}
	e.Of = is
	switch {
	case was == nil && is == nil:
		return
	case is == nil:
		e.Type, e.Of, e.ReplacedBy = MatchDeleted, was, matches.ReplacedBy(c.New)
	case was == nil:
		if archived(is, c.Time) {
			return
		}
		e.Type = MatchCreated
	default:
		if news.Changed = changed(was, is); len(news.Changed) == 0 {
			return // only fields that customers do not see
		}
		e.Type = MatchUpdated
	}
	news.Match = *e.Of
	e.Data = news
}

// changed returns the JSON names of the fields in which two states of a match differ,
// without those that every change changes.
func changed(before, after *matches.Match) []string {
	fields := []string{}
	was, is := reflect.ValueOf(*before), reflect.ValueOf(*after)
	for i := range is.NumField() {
		name, _, _ := strings.Cut(is.Type().Field(i).Tag.Get("json"), ",")
		if name != "version" && name != "updated_at" && !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			fields = append(fields, name)
		}
	}
	return fields
}

// ofReport decodes an item of a match's report.
func (e *Event) ofReport(c table.Change) error {
	it := c.New
	if it == nil {
		it = c.Old
		if expires := it.Int(table.TTLAttr); expires > 0 && expires <= c.Time.Unix() {
			return nil // deleted by the table, like the match, which makes an event
		}
	}
	report, err := reports.FromItem(it)
	if err != nil {
		return fmt.Errorf("events: decoding an item of a match's report: %w", err)
	}
	switch report := report.(type) {
	case *reports.Event:
		e.Data = EventNews{Event: *report}
		e.Type = EventUpdated
		if c.New == nil {
			e.Type = EventDeleted
		} else if c.Old == nil {
			e.Type = EventCreated
		}
	case *reports.Lineups:
		e.Type, e.Data = LineupsChange, LineupsNews{Lineups: *report}
	case *reports.Stats:
		e.Type, e.Data = StatsChange, StatsNews{Stats: *report}
	}
	if _, event := report.(*reports.Event); !event && c.New == nil {
		e.Type = "" // deleted with their match, which makes an event
	}
	return nil
}

// AddMatch adds the match to an event about its report. It returns false if the event must
// not be sent: the match is an archive's or does not exist any more.
func (e *Event) AddMatch(m *matches.Match) bool {
	if m == nil || archived(m, e.At) {
		return false
	}
	e.Of = m
	switch news := e.Data.(type) {
	case EventNews:
		news.Match = *m
		e.Data = news
	case LineupsNews:
		news.Match = *m
		e.Data = news
	case StatsNews:
		news.Match = *m
		e.Data = news
	}
	return true
}
