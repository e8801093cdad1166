// Package changes stores the change feed: what happened to matches and their reports, in the
// order in which it was appended.
//
// Each owner has a feed: the public matches, and those of each organisation. A feed is a
// sequence of segments, one for each week in which something was appended. A row's position
// is its segment and its number in it. Numbers have no gaps: an appender takes the next free
// one by a conditional put. Before it appends to a new segment, it seals the earlier ones:
// the row after their last becomes a seal, so that no appender can add to them. A reader goes
// on to the next segment only at a seal, so it misses no row even if the clocks of
// appenders differ.
//
// Positions do not follow the times of changes. A change that is appended late has a later
// position, so it cannot fall behind a reader.
package changes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"statgate/shared/feed/events"
	"statgate/shared/table"
)

// Items of the stats table:
//
//	CHANGES#<owner>#<segment>   <number>   a change, or the seal of the segment

const (
	// Retention is how long changes are kept for readers that begin at the oldest.
	Retention = 30 * 24 * time.Hour
	// life is how long a row is stored. It is longer than Retention, so that readers that
	// begin at the oldest have a day until they must have read it.
	life = Retention + 24*time.Hour
	// clockReserve is how much earlier a cursor expires than the rows after it, as clocks of
	// appenders and readers differ.
	clockReserve = time.Hour
	// segmentSeconds is the length of a segment: a week.
	segmentSeconds = 7 * 24 * 60 * 60
)

// Change is one change of a match or its report.
type Change struct {
	Event      string     `json:"event" doc:"Event id, the same as the webhook-id of deliveries of the event; a change that is listed twice has the same" example:"evt_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Type       string     `json:"type" doc:"Event type, as in webhooks" example:"match.updated"`
	ID         string     `json:"id" doc:"Id of what changed: of the match event for the types match.event.*, else of the match" example:"m_3vtsl7lq2ehtu"`
	Match      string     `json:"match" doc:"Match id" example:"m_3vtsl7lq2ehtu"`
	League     *string    `json:"league" doc:"League id of the match; null without a league" example:"en.1"`
	Teams      []string   `json:"teams" doc:"Ids of the home and the away team" example:"[\"leicester-city-fc\",\"everton-fc\"]"`
	Owner      string     `json:"owner" doc:"Owner of the match: public, or an organisation id" example:"public"`
	Version    *int64     `json:"version" doc:"Version of what changed, after the change; for a deletion, the last one; null for lineups and statistics, which have none" example:"7"`
	ChangedAt  time.Time  `json:"changed_at" doc:"Approximate time of the change; the order of the list is that of positions, and not of times"`
	DeletedAt  *time.Time `json:"deleted_at" doc:"Approximate time of the deletion; null if the object was not deleted"`
	ReplacedBy *string    `json:"replaced_by" doc:"Id of the match that a deleted match was merged with; null without one"`
}

// Of returns the change that an event is about. The event must have its match; see
// [events.Event.AddMatch].
func Of(e *events.Event) Change {
	c := Change{Event: e.ID, Type: e.Type, ID: e.Match, Match: e.Match, Teams: []string{e.Of.Home.ID, e.Of.Away.ID},
		Owner: e.Of.Owner, ChangedAt: e.At.UTC().Truncate(time.Second)}
	if league := string(e.Of.League); league != "" {
		c.League = &league
	}
	switch data := e.Data.(type) {
	case events.MatchNews:
		c.Version = &data.Match.Version
	case events.EventNews:
		c.ID, c.Version = data.Event.ID, &data.Event.Version
	}
	if e.Type == events.MatchDeleted || e.Type == events.EventDeleted {
		c.DeletedAt = &c.ChangedAt
	}
	if e.ReplacedBy != "" {
		c.ReplacedBy = &e.ReplacedBy
	}
	return c
}

// row is a stored change, or a seal.
type row struct {
	Change
	segment, number int64
	appended        time.Time
	seal            bool // nothing follows in this segment
}

func partition(owner string, segment int64) string {
	return table.Join("CHANGES", owner, strconv.FormatInt(segment, 10))
}

// sortKey returns the sort key of a number. The first number of a segment is 1.
func sortKey(number int64) string { return fmt.Sprintf("%012d", number) }

// segmentAt returns the segment to which changes are appended at a time.
func segmentAt(at time.Time) int64 { return at.Unix() / segmentSeconds }

// segmentEnd returns when the segment ends.
func segmentEnd(segment int64) time.Time { return time.Unix((segment+1)*segmentSeconds, 0) }

// oldestSegment returns the first segment that may have rows that are still stored.
func oldestSegment(now time.Time) int64 { return segmentAt(now.Add(-life)) }

// item returns the row as an item. One write unit pays for 1 KB, so the row has ids only.
func (r *row) item() table.Item {
	it := table.Item{table.PartitionAttr: partition(r.Owner, r.segment), table.SortAttr: sortKey(r.number),
		"appended": r.appended.Unix(), table.TTLAttr: r.appended.Add(life).Unix()}
	if r.seal {
		it["seal"] = true
		return it
	}
	it["event"], it["type"], it["match"], it["changed"] = r.Event, r.Type, r.Match, r.ChangedAt.Unix()
	it["home"], it["away"] = r.Teams[0], r.Teams[1]
	if r.ID != r.Match {
		it["id"] = r.ID
	}
	if r.DeletedAt != nil {
		it["deleted"] = true
	}
	if r.Version != nil {
		it["version"] = *r.Version
	}
	for name, text := range map[string]*string{"league": r.League, "replaced_by": r.ReplacedBy} {
		if text != nil {
			it[name] = *text
		}
	}
	return it
}

// rowOf returns the row of an item. The owner is in the partition, between two marks.
func rowOf(it table.Item) row {
	_, of, _ := strings.Cut(it.Str(table.PartitionAttr), "#")
	at := strings.LastIndexByte(of, '#')
	r := row{appended: time.Unix(it.Int("appended"), 0).UTC(), seal: it.Bool("seal")}
	r.segment, _ = strconv.ParseInt(of[at+1:], 10, 64)
	r.number, _ = strconv.ParseInt(it.Str(table.SortAttr), 10, 64)
	r.Owner = of[:max(at, 0)]
	if r.seal {
		return r
	}
	r.Event, r.Type, r.Match, r.ID = it.Str("event"), it.Str("type"), it.Str("match"), it.Str("match")
	r.ChangedAt, r.Teams = time.Unix(it.Int("changed"), 0).UTC(), []string{it.Str("home"), it.Str("away")}
	if id := it.Str("id"); id != "" {
		r.ID = id
	}
	if it.Bool("deleted") {
		r.DeletedAt = &r.ChangedAt
	}
	if version, ok := it["version"].(int64); ok {
		r.Version = &version
	}
	r.League, r.ReplacedBy = optional(it, "league"), optional(it, "replaced_by")
	return r
}

func optional(it table.Item, attr string) *string {
	text, ok := it[attr].(string)
	if !ok {
		return nil
	}
	return &text
}
