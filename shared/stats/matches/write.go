package matches

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/table"
)

// Change is one match before and after a change. A nil Before creates the match, a nil
// After deletes it. If two matches turn out to be one, the deleted one names the other in
// AliasOf, and its id becomes an alias of the other.
type Change struct {
	Before, After *Record
	AliasOf       string
}

// Bounds of one transaction. DynamoDB accepts 100 writes, and an update expression of at
// most 4 KB, which must hold the season's counts.
const (
	maxWrites = 100
	maxCounts = 50
)

// Batches splits changes of one season into batches that fit in one transaction each,
// with the counters that they change.
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
// time of each After. If a match has changed since Before was read, the whole batch fails
// with *table.Canceled; its write i is change i.
func (s *Store) Apply(ctx context.Context, batch []Change) error {
	ws, err := writes(batch, s.clock())
	if err != nil {
		return err
	}
	if err := s.table.Transact(ctx, ws); err != nil {
		return fmt.Errorf("matches: writing %d: %w", len(batch), err)
	}
	return nil
}

// writes returns the transaction of a batch. It sets the version and the time of each After.
func writes(batch []Change, at time.Time) ([]table.Write, error) {
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
			it, err := c.After.item()
			if err != nil {
				return nil, err
			}
			ws = append(ws, table.Put(it, cond))
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
	return append(ws, t.writes()...), nil
}

// tally sums up the changes of a batch to each counter, so that each is written once.
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
		return // public seasons do not count matches of organisations
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
