// Package events tells what happened to the data: it makes events for customers of a
// table's changes.
//
// An event's id is made of the change's, so a change that is told again is the
// same event, and whoever was sent it can tell.
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

// Kinds lists the types of events, in the order in which documents list them.
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

// Types lists the types of events.
func Types() []string {
	types := make([]string, len(Kinds))
	for i, k := range Kinds {
		types[i] = k.Type
	}
	return types
}

// Permission is what whoever is told of these events must hold.
const Permission = "matches:read"

// archiveAge is how old a public match is whose first appearance is no news: an
// archive is being filled. Corrections of old matches are told.
const archiveAge = 30 * 24 * time.Hour

// archived tells whether a match was of an archive at a moment. What organisations
// keep for themselves never is.
func archived(m *matches.Match, at time.Time) bool {
	return m.Owner == matches.Public && m.Over(at.Add(-archiveAge))
}

// Event is something that happened to a match.
type Event struct {
	ID   string
	Type string
	At   time.Time // about when, UTC
	// Match is the match that it is about: for what lies beside a match, only its id
	// is known from the change, and [Event.About] gives the rest.
	Match string
	Of    *matches.Match
	// Data is what is shown: a [MatchNews], [EventNews], [LineupsNews] or [StatsNews].
	Data any
}

// MatchNews tells of a match itself.
type MatchNews struct {
	Match   matches.Match `json:"match" doc:"Match after the change; for a deleted match, its last state"`
	Changed []string      `json:"changed" doc:"Names of the changed fields, without version and updated_at; empty for a new or deleted match"`
}

// EventNews tells of what happened in a match.
type EventNews struct {
	Match matches.Match `json:"match" doc:"Match at the time the webhook event was stored"`
	Event reports.Event `json:"event" doc:"Match event after the change; for a withdrawn one, its last state"`
}

// LineupsNews tells of a match's lineups.
type LineupsNews struct {
	Match   matches.Match   `json:"match" doc:"Match at the time the webhook event was stored"`
	Lineups reports.Lineups `json:"lineups" doc:"Lineups after the change"`
}

// StatsNews tells of a match's statistics.
type StatsNews struct {
	Match matches.Match `json:"match" doc:"Match at the time the webhook event was stored"`
	Stats reports.Stats `json:"stats" doc:"Statistics after the change"`
}

// Of returns the event that a change of the stats table is, false where it is none:
// of most items nobody is told.
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

// ID is an id that is the same for the same moment and parts, and sorts by the
// moment: a ULID whose random bits are a hash's.
func ID(prefix string, at time.Time, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(at)) // fails beyond the year 10889
	_ = id.SetEntropy(sum[:10])        // fails for another length than ten
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
			return // only what customers are not shown
		}
		e.Type = MatchUpdated
	}
	news.Match = *e.Of
	e.Data = news
}

// changed names the fields, as JSON spells them, in which two states of a match
// differ, beside those that differ with every change.
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

// ofReport reads what lies beside a match.
func (e *Event) ofReport(c table.Change) error {
	it := c.New
	if it == nil {
		it = c.Old
	}
	told, err := reports.FromItem(it)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	switch told := told.(type) {
	case *reports.Event:
		e.Data = EventNews{Event: *told}
		e.Type = EventUpdated
		if c.New == nil {
			e.Type = EventDeleted
		} else if c.Old == nil {
			e.Type = EventCreated
		}
	case *reports.Lineups:
		e.Type, e.Data = LineupsChange, LineupsNews{Lineups: *told}
	case *reports.Stats:
		e.Type, e.Data = StatsChange, StatsNews{Stats: *told}
	}
	if _, event := told.(*reports.Event); !event && c.New == nil {
		e.Type = "" // they go with their match, which is told
	}
	return nil
}

// About completes an event that lies beside its match. It tells whether it is news:
// the report of a match that is long over is not, nor is one whose match is gone.
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
