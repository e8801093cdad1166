package matches

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

// Change is one match before and after: no Before makes it, no After removes it.
// Of two matches that turn out to be one, the one that is removed names the other
// in AliasOf and answers for it from then on.
type Change struct {
	Before, After *Record
	AliasOf       string
}

// Bounds of one transaction. DynamoDB takes 100 writes, and an update expression
// of 4 KB, which the season's counts must fit in.
const (
	maxWrites = 100
	maxCounts = 50
)

// Batches cuts changes of one season into runs that fit in one transaction each,
// together with the counters that they touch.
func Batches(changes []Change) [][]Change {
	var out [][]Change
	var batch []Change
	t := newTally()
	for _, c := range changes {
		t.count(c)
		if len(batch) > 0 && !t.fits(len(batch)+1) {
			out = append(out, batch)
			batch, t = nil, newTally()
			t.count(c)
		}
		batch = append(batch, c)
	}
	if len(batch) > 0 {
		out = append(out, batch)
	}
	return out
}

// Apply writes one batch of [Batches] in one transaction: the matches, their
// counters and their season's counts and version. It sets the version and the
// time of each After. A match that is no longer as Before says fails the whole
// batch with *table.Canceled; write i of it is change i.
func (s *Store) Apply(ctx context.Context, batch []Change) error {
	if err := s.table.Transact(ctx, writes(batch, s.clock())); err != nil {
		return fmt.Errorf("matches: writing %d: %w", len(batch), err)
	}
	return nil
}

// writes are the transaction of a batch; it sets the version and the time of each After.
func writes(batch []Change, at time.Time) []table.Write {
	now := at.UTC().Format(time.RFC3339)
	t := newTally()
	ws := make([]table.Write, 0, maxWrites)
	for _, c := range batch {
		t.count(c)
		cond := table.IsNew()
		if c.Before != nil {
			cond = table.Eq("version", c.Before.Version)
		}
		switch {
		case c.After != nil:
			c.After.Version, c.After.UpdatedAt = 1, now
			if c.Before != nil {
				c.After.Version = c.Before.Version + 1
			}
			ws = append(ws, table.Put(c.After.item(), cond))
		case c.AliasOf != "":
			k := matchKey(c.Before.ID)
			ws = append(ws, table.Put(table.Item{
				table.PartitionAttr: k.Partition, table.SortAttr: k.Sort,
				"alias_of": c.AliasOf, "version": c.Before.Version + 1,
			}, cond))
		default:
			ws = append(ws, table.Delete(matchKey(c.Before.ID), cond))
		}
	}
	return append(ws, t.writes()...)
}

// tally sums up what a batch does to the counters, so that each is written once.
type tally struct {
	counters map[table.Key]int64
	seasons  map[[2]string]leagues.Counts
}

func newTally() *tally {
	return &tally{map[table.Key]int64{}, map[[2]string]leagues.Counts{}}
}

func (t *tally) count(c Change) {
	if c.Before != nil {
		t.add(&c.Before.Match, -1)
	}
	if c.After != nil {
		t.add(&c.After.Match, 1)
	}
}

func (t *tally) add(m *Match, n int64) {
	counted := []string{"ALL", table.Join("STATUS", string(m.Status)), table.Join("TEAM", m.Home.ID), table.Join("TEAM", m.Away.ID)}
	if m.League != "" {
		counted = append(counted, table.Join("LEAGUE", string(m.League)))
	}
	if m.Season != "" {
		counted = append(counted, table.Join("SEASON", string(m.League), string(m.Season)))
	}
	for _, what := range counted {
		t.counters[table.Key{Partition: table.Join("COUNT", m.Owner), Sort: what}] += n
	}
	if m.Owner != Public {
		return // an organisation's matches are not in public seasons
	}
	at := [2]string{string(m.League), string(m.Season)}
	if _, ok := t.seasons[at]; !ok {
		t.seasons[at] = leagues.NewCounts()
	}
	counts := t.seasons[at]
	counts.Days[m.Date] += n
	counts.Teams[m.Home.ID] += n
	counts.Teams[m.Away.ID] += n
	if m.Matchday != nil && m.Status.played() {
		counts.Played[strconv.Itoa(*m.Matchday)] += n
	}
}

func (t *tally) fits(matches int) bool {
	n := matches + len(t.seasons)
	for _, by := range t.counters {
		if by != 0 {
			n++
		}
	}
	for _, c := range t.seasons {
		if len(c.Days)+len(c.Played)+len(c.Teams) > maxCounts {
			return false
		}
	}
	return n <= maxWrites
}

func (t *tally) writes() []table.Write {
	var ws []table.Write
	for key, by := range t.counters {
		if by != 0 {
			ws = append(ws, table.Update(key, []table.Action{table.Increment("n", by)}))
		}
	}
	for at, c := range t.seasons {
		ws = append(ws, leagues.Count(at[0], at[1], c))
	}
	return ws
}
