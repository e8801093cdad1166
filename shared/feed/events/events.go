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
	{Type: MatchCreated, Summary: "A match is new. One that is long over is not told: it is an archive being filled", Data: reflect.TypeFor[MatchNews]()},
	{Type: MatchUpdated, Summary: "Something of a match changed: its status, its score, its kick-off", Data: reflect.TypeFor[MatchNews]()},
	{Type: MatchDeleted, Summary: "A match is no more, or was found to be another one", Data: reflect.TypeFor[MatchNews]()},
	{Type: EventCreated, Summary: "Something happened in a match: a goal, a card, a substitution", Data: reflect.TypeFor[EventNews]()},
	{Type: EventUpdated, Summary: "What happened in a match was corrected", Data: reflect.TypeFor[EventNews]()},
	{Type: EventDeleted, Summary: "What had happened in a match was withdrawn", Data: reflect.TypeFor[EventNews]()},
	{Type: LineupsChange, Summary: "The lineups of a match were made known or changed", Data: reflect.TypeFor[LineupsNews]()},
	{Type: StatsChange, Summary: "The statistics of a match were made known or changed", Data: reflect.TypeFor[StatsNews]()},
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

// Event is something that happened to a match.
type Event struct {
	ID   string
	Type string
	At   time.Time // approximate, UTC
	// Match is the id of the match. For changes beside a match, the change has no more than
	// that, and [Event.About] adds the match.
	Match string
	Of    *matches.Match
	// Data is what is sent: a [MatchNews], [EventNews], [LineupsNews] or [StatsNews].
	Data any
}

// MatchNews is the data of an event about a match.
type MatchNews struct {
	Match   matches.Match `json:"match" doc:"As GET shows it; of one that was deleted, as it was"`
	Changed []string      `json:"changed" doc:"Fields of the match that differ from before, but for version and updated_at; none where it is new or deleted"`
}

// EventNews is the data of an event about something that happened in a match.
type EventNews struct {
	Match matches.Match `json:"match" doc:"The match, as it stood when this was put down"`
	Event reports.Event `json:"event" doc:"As it is; of one that was withdrawn, as it was"`
}

// LineupsNews is the data of an event about a match's lineups.
type LineupsNews struct {
	Match   matches.Match   `json:"match" doc:"The match, as it stood when this was put down"`
	Lineups reports.Lineups `json:"lineups"`
}

// StatsNews is the data of an event about a match's statistics.
type StatsNews struct {
	Match matches.Match `json:"match" doc:"The match, as it stood when this was put down"`
	Stats reports.Stats `json:"stats"`
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
		e.Type, e.Of = MatchDeleted, was
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

// ofReport decodes an item beside a match.
func (e *Event) ofReport(c table.Change) error {
	it := c.New
	if it == nil {
		it = c.Old
	}
	report, err := reports.FromItem(it)
	if err != nil {
		return fmt.Errorf("events: decoding an item beside a match: %w", err)
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

// About adds the match to an event about something beside it. It returns false if no event
// is due: the match is an archive's or does not exist any more.
func (e *Event) About(m *matches.Match) bool {
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
