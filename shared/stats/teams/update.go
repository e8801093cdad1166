package teams

import (
	"context"
	"fmt"
	"sort"
	"time"

	"statgate/shared/table"
)

// Changes counts what an update wrote.
type Changes struct{ New, Changed, Merged int }

// Update loads every public team, lets fill add clubs and spellings, decides which team
// each spelling is, and writes what changed. It starts again after a conflict with another
// writer, so fill may run several times. The returned registry is what is stored.
func Update(ctx context.Context, tbl table.Table, now time.Time, fill func(*Registry)) (*Registry, Changes, error) {
	var total Changes
	for range 20 {
		r, err := load(ctx, tbl, now)
		if err != nil {
			return nil, total, err
		}
		fill(r)
		r.reconcile()
		done, err := r.save(ctx, tbl)
		total.New, total.Changed, total.Merged = total.New+done.New, total.Changed+done.Changed, total.Merged+done.Merged
		if table.AsCanceled(err) == nil {
			return r, total, err
		}
	}
	return nil, total, fmt.Errorf("teams: too many concurrent changes: %w", table.ErrConflict)
}

func load(ctx context.Context, tbl table.Table, now time.Time) (*Registry, error) {
	page, err := tbl.Query(ctx, table.Query{Partition: teamsPK, Consistent: true})
	if err != nil {
		return nil, fmt.Errorf("teams: reading all: %w", err)
	}
	entries := make([]*entry, len(page.Items))
	for i, it := range page.Items {
		entries[i] = entryOf(it)
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].born != entries[j].born {
			return entries[i].born < entries[j].born
		}
		return entries[i].ID < entries[j].ID
	})
	r := newRegistry(now)
	for _, e := range entries {
		r.add(e)
	}
	return r, nil
}

// Moving returns the team ids under which matches may be stored whose team has another id
// or another name now. They stay stored until [Registry.Moved], so that the next run
// completes an interrupted one.
func (r *Registry) Moving() []string {
	var ids []string
	for _, e := range r.entries {
		ids = append(ids, e.moving...)
	}
	return distinct(ids)
}

// Successor returns the present id of a team.
func (r *Registry) Successor(id string) string {
	if r.byID[id] != nil {
		return id
	}
	for _, e := range r.entries {
		for _, former := range e.former {
			if former == id {
				return e.ID
			}
		}
	}
	return id
}

// Moved records that the matches of all ids of Moving have been updated.
func (r *Registry) Moved(ctx context.Context, tbl table.Table) error {
	for _, e := range r.entries {
		if len(e.moving) == 0 {
			continue
		}
		_, err := tbl.Write(ctx, table.Update(teamKey(e.ID),
			[]table.Action{table.Set("moving", []any{}), table.Increment("version", 1)},
			table.Eq("version", e.stored.Int("version"))))
		// A concurrent writer that changed the team moves its own ids.
		if err != nil && table.AsConditionFailed(err) == nil {
			return fmt.Errorf("teams: recording the move of %s: %w", e.ID, err)
		}
		e.moving = nil
	}
	return nil
}

// save writes the teams that changed, each with its index items in one transaction, and
// several teams per transaction if they fit.
func (r *Registry) save(ctx context.Context, tbl table.Table) (Changes, error) {
	b := batch{tbl: tbl}
	for _, e := range r.entries {
		if !e.changed() {
			continue
		}
		count := &b.done.Changed
		if e.stored == nil {
			count = &b.done.New
		}
		it := e.item()
		stored := func() { e.stored, e.index = it, index.Keys(e.ID, e.Names); *count++ }
		if err := b.add(ctx, e.writes(it), stored); err != nil {
			return b.done, err
		}
	}
	for _, e := range r.merged {
		if err := b.add(ctx, r.mergeWrites(e), func() { b.done.Merged++ }); err != nil {
			return b.done, err
		}
	}
	if err := b.flush(ctx); err != nil {
		return b.done, err
	}
	r.merged = nil
	return b.done, nil
}

// batch collects groups of writes until a transaction is full.
type batch struct {
	tbl   table.Table
	ws    []table.Write
	after []func() // called once the writes are stored
	done  Changes
}

func (b *batch) add(ctx context.Context, ws []table.Write, stored func()) error {
	if len(b.ws)+len(ws) > 100 {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.ws, b.after = append(b.ws, ws...), append(b.after, stored)
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.ws) == 0 {
		return nil
	}
	if err := b.tbl.Transact(ctx, b.ws); err != nil {
		return fmt.Errorf("teams: writing %d items: %w", len(b.ws), err)
	}
	for _, stored := range b.after {
		stored()
	}
	b.ws, b.after = nil, nil
	return nil
}

// writes returns the writes of a team and of the changes of its name index.
func (e *entry) writes(it table.Item) []table.Write {
	cond := table.IsNew()
	if e.stored != nil {
		cond = table.Eq("version", e.stored.Int("version"))
	}
	return append([]table.Write{table.Put(it, cond)}, index.Writes(e.ID, e.index, index.Keys(e.ID, e.Names), 99)...)
}

// mergeWrites returns the writes that delete a team that was merged into another, and make
// its ids aliases of the other.
func (r *Registry) mergeWrites(e *entry) []table.Write {
	ws := []table.Write{table.Delete(teamKey(e.ID), table.Eq("version", e.stored.Int("version")))}
	to := r.Successor(e.ID)
	for _, id := range distinct(append([]string{e.ID}, e.former...)) {
		if r.byID[id] == nil && len(ws) < 50 {
			k := aliasKey(id)
			ws = append(ws, table.Put(table.Item{table.PartitionAttr: k.Partition, table.SortAttr: k.Sort, "alias_of": to}))
		}
	}
	return append(ws, index.Writes(e.ID, e.index, nil, 100-len(ws))...)
}
