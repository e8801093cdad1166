package players

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"statgate/shared/stats/names"
	"statgate/shared/table"
)

// Stated is a player as a source states it. Unknown values are null.
type Stated struct {
	Key   string   // the source's own id of the player
	Name  string   // display name
	Names []string // other spellings
	Country, Born,
	Position *string
	Team   *string // id of the team of the latest lineup that the source has
	TeamAt string  // instant of that match, RFC 3339 in UTC
}

// Changes counts what a write changed.
type Changes struct{ New, Changed int }

const (
	// chunk is how many players one step of Put reads.
	chunk = 100
	// maxWrites is the largest number of writes in one transaction.
	maxWrites = 100
	// attempts bounds how often a step is planned again because of concurrent writes.
	attempts = 20
)

// Put stores players of a source, and returns their ids by the source's own ids. Storing
// the same players again writes nothing. A known player keeps its id: see freeID for those
// of new players.
func (s *Store) Put(ctx context.Context, source string, list []Stated) (map[string]string, Changes, error) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Stated) int { // numbers in their order
		return cmp.Or(cmp.Compare(len(a.Key), len(b.Key)), strings.Compare(a.Key, b.Key))
	})
	ids, total := make(map[string]string, len(list)), Changes{}
	for part := range slices.Chunk(list, chunk) {
		if err := s.putChunk(ctx, source, part, ids, &total); err != nil {
			return nil, total, fmt.Errorf("players: storing players of %s: %w", source, err)
		}
	}
	return ids, total, nil
}

func (s *Store) putChunk(ctx context.Context, source string, part []Stated, ids map[string]string, total *Changes) error {
	for range attempts {
		stored, err := s.stored(ctx, source, part)
		if err != nil {
			return err
		}
		b := batch{store: s, total: total}
		for _, p := range part {
			if err = s.plan(ctx, &b, source, p, stored[p.Key], ids); err != nil {
				break
			}
		}
		if err == nil {
			err = b.flush(ctx)
		}
		if table.AsCanceled(err) == nil {
			return err
		}
	}
	return fmt.Errorf("too many concurrent writes: %w", table.ErrConflict)
}

// stored returns the items of the players that are stored, by the source's own ids.
func (s *Store) stored(ctx context.Context, source string, part []Stated) (map[string]table.Item, error) {
	keys := make([]table.Key, len(part))
	for i, p := range part {
		keys[i] = sourceKey(source, p.Key)
	}
	refs, err := s.table.BatchGet(ctx, keys, true)
	if err != nil {
		return nil, err
	}
	keyOf, keys := map[string]string{}, keys[:0]
	for _, it := range refs {
		keyOf[it.Str("id")] = it.Str(table.SortAttr)
		keys = append(keys, playerKey(it.Str("id")))
	}
	items, err := s.table.BatchGet(ctx, keys, true)
	found := make(map[string]table.Item, len(items))
	for _, it := range items {
		found[keyOf[it.Str("id")]] = it
	}
	return found, err
}

// plan adds the writes of one player, if it is new or has changed.
func (s *Store) plan(ctx context.Context, b *batch, source string, p Stated, old table.Item, ids map[string]string) error {
	id, err := old.Str("id"), error(nil)
	if old == nil {
		if id, err = s.freeID(ctx, p, b.taken); err != nil {
			return err
		}
	}
	ids[p.Key] = id
	it, err := itemOf(id, source, p, old)
	if err != nil || reflect.DeepEqual(it, old) {
		return err
	}
	it["version"] = old.Int("version") + 1
	var indexed []table.Key
	if old.Int("indexed") > 0 {
		indexed = kind.Index.Keys(id, old.Texts("names"))
	}
	ws, change := []table.Write{table.Put(it, table.Eq("version", old.Int("version")))}, Changes{Changed: 1}
	if old == nil {
		ref := sourceKey(source, p.Key)
		ws = []table.Write{table.Put(it, table.IsNew()), table.Put(table.Item{table.PartitionAttr: ref.Partition, table.SortAttr: ref.Sort, "id": id}, table.IsNew())}
		change = Changes{New: 1}
	}
	room := maxWrites - 1 - len(ws) // the counter is in each transaction
	return b.add(ctx, id, append(ws, kind.Index.Writes(id, indexed, kind.Index.Keys(id, it.Texts("names")), room)...), change)
}

// itemOf returns the item of a player, with the version of the stored one. A team of an
// earlier match than the stored one is dropped.
func itemOf(id, source string, p Stated, old table.Item) (table.Item, error) {
	it, err := table.Encode(Player{ID: id, Name: p.Name, Country: p.Country, Born: p.Born, Position: p.Position, Team: p.Team})
	if err != nil {
		return nil, err
	}
	at := playerKey(id)
	it[table.PartitionAttr], it[table.SortAttr] = at.Partition, at.Sort
	it["source"], it["key"], it["team_at"], it["indexed"] = source, p.Key, p.TeamAt, int64(names.Form)
	it["names"] = table.List(append([]string{p.Name}, p.Names...))
	if old != nil {
		it["version"] = old.Int("version")
	}
	if old.Str("team_at") > p.TeamAt {
		it["team"], it["team_at"] = old["team"], old["team_at"]
	}
	return it, nil
}

// freeID returns the slug of the name, if no player has it. Otherwise it adds the year of
// birth, the date of birth, or a number from 2. Players of a source get ids in the order of
// the source's own ids, so that the same file gives the same ids.
func (s *Store) freeID(ctx context.Context, p Stated, taken map[string]bool) (string, error) {
	base := names.Slug("player", p.Name)
	tries := []string{base}
	if p.Born != nil {
		year, _, _ := strings.Cut(*p.Born, "-")
		tries = append(tries, base+"-"+year, base+"-"+*p.Born)
	}
	for n := 2; n < 1000; n++ {
		tries = append(tries, fmt.Sprint(base, "-", n))
	}
	for some := range slices.Chunk(tries, 3) {
		keys := make([]table.Key, len(some))
		for i, id := range some {
			keys[i] = playerKey(id)
		}
		used, err := s.table.BatchGet(ctx, keys, true)
		if err != nil {
			return "", err
		}
		for _, id := range some {
			if !taken[id] && !slices.ContainsFunc(used, func(it table.Item) bool { return it.Str("id") == id }) {
				return id, nil
			}
		}
	}
	return "", fmt.Errorf("players: 1,000 players have the name %q: %w", p.Name, table.ErrBadWrite)
}

// batch collects the writes of players until a transaction is full.
type batch struct {
	store   *Store
	total   *Changes
	ws      []table.Write
	pending Changes
	taken   map[string]bool // ids of new players
}

func (b *batch) add(ctx context.Context, id string, ws []table.Write, change Changes) error {
	if len(b.ws)+len(ws)+1 > maxWrites {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	if b.taken == nil {
		b.taken = map[string]bool{}
	}
	b.taken[id] = true
	b.ws = append(b.ws, ws...)
	b.pending.New, b.pending.Changed = b.pending.New+change.New, b.pending.Changed+change.Changed
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.ws) == 0 {
		return nil
	}
	if err := b.store.table.Transact(ctx, append(b.ws, counted(playersPK, b.pending.New)...)); err != nil {
		return err
	}
	b.total.New, b.total.Changed = b.total.New+b.pending.New, b.total.Changed+b.pending.Changed
	b.ws, b.pending = nil, Changes{}
	return nil
}

// counted returns the write that adds to the counter of a list, if it changes.
func counted(what string, n int) []table.Write {
	if n == 0 {
		return nil
	}
	return []table.Write{table.Update(countKey(what), []table.Action{table.Increment("n", int64(n))})}
}

func playerKey(id string) table.Key { return table.Key{Partition: playersPK, Sort: id} }

func sourceKey(source, key string) table.Key {
	return table.Key{Partition: table.Join("PLAYERSOURCE", source), Sort: key}
}

func countKey(what string) table.Key { return table.Key{Partition: "COUNT#public", Sort: what} }
