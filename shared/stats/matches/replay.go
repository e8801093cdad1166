package matches

import (
	"crypto/sha256"
	"time"

	"statgate/shared/ids"
	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

// Replayed says that a record is the match of a replay, which plays a finished match again.
// Its id leads to it, and nothing else: it is in no index and no counter, so it is in no list,
// table, total or head-to-head.
type Replayed struct {
	Replay  string // id of the replay; "" for all other matches
	Expires int64  // seconds since 1970; the table deletes the item some time later
}

// ReplayID returns the id of the match of a replay. It is a UUID where all ids are.
func ReplayID(replay string, uuid bool) string {
	sum := sha256.Sum256([]byte("replay " + replay))
	if uuid {
		return ids.UUID(sum[:])
	}
	return "m_" + idAlphabet.EncodeToString(sum[:])[:20]
}

// WriteReplay returns the write that stores the match of a replay, on the condition that it is
// stored as before: nil for a match that is not stored. A nil after deletes the match. It sets
// the version and the time of after.
func WriteReplay(before, after *Record, now time.Time) (table.Write, error) {
	cond, version := table.IsNew(), int64(1)
	if before != nil {
		cond, version = table.Eq("version", before.Version), before.Version+1
	}
	if after == nil {
		return table.Delete(matchKey(before.ID), cond), nil
	}
	after.Version, after.UpdatedAt = version, now.UTC().Format(time.RFC3339)
	it, err := after.item()
	return table.Put(it, cond), err
}

// indexAttrs are the attributes by which indexes have matches.
var indexAttrs = func() (names []string) {
	for _, index := range table.Stats.Indexes {
		names = append(names, index+"_pk", index+"_sk")
	}
	return names
}()

// unlist removes an item from all indexes and marks it as the match of a replay.
func (r Replayed) unlist(it table.Item) {
	for _, name := range indexAttrs {
		delete(it, name)
	}
	it["replay"], it[table.TTLAttr] = r.Replay, r.Expires
}

// WhenAt returns the day of an instant, and the local time where the league has a time zone.
func WhenAt(league string, instant time.Time) (When, error) {
	utc := instant.UTC().Format(time.RFC3339)
	when := When{Date: utc[:len(time.DateOnly)], KickoffAt: &utc}
	zone, err := leagues.Zone(league)
	if err != nil || zone == nil {
		return when, err
	}
	local := instant.In(zone)
	clock := local.Format("15:04")
	when.Date, when.Time = local.Format(time.DateOnly), &clock
	return when, nil
}
