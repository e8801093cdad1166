// Package replays plays finished matches again, as if they were on, so that a customer can
// test a match day.
//
// A replay has a match of its own, which belongs to the organisation and is in no list, table,
// total or head-to-head. The clock of the replay alone decides its state: a position at a time,
// and a speed. A worker writes that state whenever it changes, together with the events that
// lead to it, in one transaction. So REST, webhooks and every other reader of the data see a
// match that is on. A message for the worker has the version of the replay; after a pause, a
// seek or a change of speed, the messages of the version before do nothing.
package replays

import (
	"time"

	"statgate/shared/table"
)

// States of a replay.
const (
	Scheduled = "scheduled"
	Playing   = "playing"
	Paused    = "paused"
	Finished  = "finished"
)

// Bounds of a replay.
const (
	MaxSpeed     = 600
	DefaultSpeed = 60
	// life is how long a replay exists from its beginning, its pauses included.
	life = 24 * time.Hour
	// maxAhead is how far in the future a replay may begin.
	maxAhead = 7 * 24 * time.Hour
	// maxKept is how many replays an organisation may have, finished ones included.
	maxKept = 50
)

// Level is the name of the level of a plan that limits the replays that have not finished.
const Level = "replays"

// Permission is required to manage replays. Creating one also requires reading the match.
const Permission = "replays:write"

// Replay is a finished match that is played again.
type Replay struct {
	ID          string     `json:"id" doc:"Replay id" example:"rpl_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Org         string     `json:"org" doc:"Organisation id"`
	Match       string     `json:"match" doc:"Id of the finished match that is replayed" example:"m_3vtsl7lq2ehtu"`
	ReplayMatch string     `json:"replay_match" doc:"Id of the match that the replay plays; read it, its events and lineups like those of any match" example:"m_7q2ehtu3vtsl7"`
	State       string     `json:"state" enum:"scheduled,playing,paused,finished" doc:"Replay state"`
	Speed       int        `json:"speed" minimum:"1" maximum:"600" doc:"Seconds of the match per second, 1–600"`
	Position    int64      `json:"position" minimum:"0" doc:"Seconds of the match since its kick-off, breaks included"`
	Length      int64      `json:"length" minimum:"0" doc:"Seconds from the kick-off to the end of the match, breaks included"`
	StartAt     time.Time  `json:"start_at" doc:"Time of the kick-off"`
	EndsAt      *time.Time `json:"ends_at" doc:"Time at which the replay ends at its speed; null while it is paused"`
	ExpiresAt   time.Time  `json:"expires_at" doc:"Time at which the replay and its match are deleted"`
	CreatedAt   time.Time  `json:"created_at" doc:"Creation time"`
	CreatedBy   string     `json:"created_by" doc:"Id of the key that created the replay" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	UpdatedAt   time.Time  `json:"updated_at" doc:"Time of the last change by a request"`
	Version     int64      `json:"version" doc:"Version number; increases with every change by a request"`
}

// record is a replay as it is stored.
type record struct {
	Replay        // State, Position and EndsAt are empty: they follow from the clock
	At      int64 // time at which the clock stood at From, in milliseconds since 1970
	From    int64 // position at that time, in milliseconds
	Paused  bool
	Last    string // mark of the call that last changed the replay
	Expires int64  `json:"ttl"`
}

// clock returns the position at a time: negative before the kick-off, the length at most.
func (r *record) clock(now time.Time) time.Duration {
	from, length := time.Duration(r.From)*time.Millisecond, time.Duration(r.Length)*time.Second
	if r.Paused {
		return from
	}
	passed := now.Sub(time.UnixMilli(r.At))
	if passed < 0 { // not yet begun; the clock does not run ahead of the kick-off at the replay's speed
		return from + passed
	}
	return min(from+passed*time.Duration(r.Speed), length)
}

// due returns the time at which the clock reaches a position.
func (r *record) due(position time.Duration) time.Time {
	ahead := position - time.Duration(r.From)*time.Millisecond
	return time.UnixMilli(r.At).Add((ahead + time.Duration(r.Speed) - 1) / time.Duration(r.Speed))
}

// anchor sets the clock to a position at a time.
func (r *record) anchor(position time.Duration, now time.Time) {
	r.At, r.From = now.UnixMilli(), position.Milliseconds()
}

// shown returns the replay at a time.
func (r *record) shown(now time.Time) Replay {
	v := r.Replay
	clock := r.clock(now)
	v.Position = max(0, int64(clock/time.Second))
	if !r.Paused {
		end := r.due(time.Duration(r.Length) * time.Second).UTC().Truncate(time.Second)
		v.EndsAt = &end
	}
	switch {
	case r.Paused:
		v.State = Paused
	case clock < 0:
		v.State = Scheduled
	case v.Position >= r.Length:
		v.State = Finished
	default:
		v.State = Playing
	}
	return v
}

func (r *record) expired(now time.Time) bool { return !now.Before(r.ExpiresAt) }

// Items of the stats table:
//
//	REPLAYS#<org>   HEAD              v: incremented by every new replay
//	REPLAYS#<org>   REPLAY#<replay>   a replay
//	REPLAYS#<org>   TAPE#<replay>     what it plays
//	REPLAYING       <replay>          the replay is not finished; the organisation

const (
	headSort     = "HEAD"
	replayPrefix = "REPLAY#"
	tapePrefix   = "TAPE#"
)

func partition(org string) string { return table.Join("REPLAYS", org) }

func address(org, id string) table.Key {
	return table.Key{Partition: partition(org), Sort: replayPrefix + id}
}

func tapeAddress(org, id string) table.Key {
	return table.Key{Partition: partition(org), Sort: tapePrefix + id}
}

func headAddress(org string) table.Key { return table.Key{Partition: partition(org), Sort: headSort} }

// itemOf encodes an item that the table deletes some time after it has expired.
func itemOf(at table.Key, v any, expires int64) (table.Item, error) {
	it, err := table.Encode(v)
	if err != nil {
		return nil, err
	}
	it[table.PartitionAttr], it[table.SortAttr], it[table.TTLAttr] = at.Partition, at.Sort, expires
	return it, nil
}

func recordOf(it table.Item) (*record, error) {
	if it == nil {
		return nil, nil
	}
	r := &record{}
	return r, table.Decode(it, r)
}
