package gate

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/storeclock"
)

// maxSkew is how far the corrected clocks of two instances may be apart, in seconds.
const maxSkew = int64(3 * storeclock.Tolerance / 1e9)

// repair brings windows back that are too far ahead, and admits nothing. The clock that
// opened them was wrong, or an earlier release adopted them.
//
// What was spent before such a window was opened is not known any more. So the current window
// is closed as used up: it ends soon, and the quota is never exceeded. Usage moves to the
// current hour, so that each request stays counted once.
//
// The write is conditional on the item's total, which each request raises, and on the windows
// that it replaces, because a repair raises no total: of several instances one repairs the item,
// and none loses a count.
func (c *call) repair(ctx context.Context, it table.Item) error {
	var actions []table.Action
	total := it.Int("total")
	conds := []table.Cond{table.Eq("total", total)}
	for _, name := range c.ask.wrong(it) {
		spent := part(it, name)
		conds = append(conds, table.Eq(name+".w", spent.window))
		switch name {
		case planPart:
			actions = append(actions, table.Set(name, repaired(total, spent, c.caller.Limits, c.ask.now, c.ask.plan.size)))
		case managementPart:
			limits := map[string]contract.Budget{contract.Management: c.Management}
			actions = append(actions, table.Set(name, repaired(total, spent, limits, c.ask.now, c.ask.manage.size)))
		default:
			moved, err := c.currentHour(ctx, it, spent)
			if err != nil {
				return err
			}
			actions = append(actions, moved...)
		}
	}
	_, err := c.Keys.Write(ctx, table.Update(it.Key(), actions, conds...))
	if err != nil && table.AsConditionFailed(err) == nil {
		return api.UnavailableError("repairing the windows of a key", err)
	}
	return nil
}

// repaired returns the window that replaces one of q or m. It is used up, unless the key has
// made no request yet.
func repaired(total int64, spent counted, limits map[string]contract.Budget, now, size int64) map[string]any {
	counts := map[string]any{}
	if total == 0 {
		return map[string]any{"w": start(now, size), "n": counts}
	}
	for budget, b := range limits {
		if b.Window > 0 {
			counts[short(budget)] = max(b.Limit, spent.count(short(budget)))
		}
	}
	// An instance may have opened the next window before, if its clock is some seconds ahead.
	return map[string]any{"w": start(now+maxSkew, size), "n": counts}
}

// currentHour moves the requests of an hour that is too far ahead to the current one, or to a
// later one that is open already: this request may have begun in the hour before. An hour is
// stored once, so what p or history has of that hour moves too.
func (c *call) currentHour(ctx context.Context, it table.Item, far counted) ([]table.Action, error) {
	open := counted{c.ask.hour, nil}
	var actions []table.Action
	switch p := part(it, "p"); {
	case p.window < c.ask.hour:
	case !window{c.ask.hour, hour}.ahead(p.window):
		open = p
		actions = append(actions, table.Remove("p"))
	default: // it was closed by a wrong clock too, so the hour may be in history
		closed, err := c.lastClosed(ctx, c.caller.Key, c.ask.hour, c.ask.hour+maxAhead*hour)
		if err != nil {
			return nil, err
		}
		if closed.window != 0 {
			open = closed
		}
	}
	counts := map[string]any{}
	add(counts, far.counts)
	add(counts, open.counts)
	return append(actions, table.Set("h", map[string]any{"w": open.window, "o": counts})), nil
}

// add adds counts by name.
func add(sum, counts map[string]any) {
	for name, n := range counts {
		before, _ := sum[name].(int64)
		more, _ := n.(int64)
		sum[name] = before + more
	}
}
