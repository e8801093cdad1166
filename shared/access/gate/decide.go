package gate

import (
	"cmp"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

const hour = 3600 // seconds

// Address returns the address of a key's gate item. It is a function so that a key with
// more than a thousand requests a second can get several.
func Address(key string) table.Key {
	return table.Key{Partition: "GATE#" + key, Sort: "GATE"}
}

// Parts of the item in which requests spend. Both are a window and its counters.
const (
	planPart       = "q" // the plan's budgets
	managementPart = "m" // the budget of key management; absent before the first request
)

// short returns the name of a budget in the item.
func short(budget string) string { return cmp.Or(contract.ShortBudgets[budget], budget) }

// start returns the start of the window of a size that contains the second.
func start(second, size int64) int64 { return second - second%size }

// fresh is the item of a key without requests.
func fresh(key string, version, now int64) table.Item {
	at := Address(key)
	return table.Item{
		table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"v": version, "total": int64(0), "seen": int64(0),
		"q": map[string]any{"w": start(now, hour), "n": map[string]any{}},
		"h": map[string]any{"w": start(now, hour), "o": map[string]any{}},
	}
}

// ask is what one request asks of the gate item.
type ask struct {
	version   int64  // of the caller's facts
	code      string // the operation's
	now       int64  // epoch seconds
	confirmed bool   // the store has confirmed this instance's clock
	hour      int64  // start of the hour by this instance's clock
	plan      window // of the plan's budgets; its size is 0 for a caller without a quota
	manage    window // of key management's budget; its size is 0 if it has none
	part      string // in which the request spends; "": counted as usage only
	budget    string // short
	limit     int64  // requests per window
}

// window is a window by this instance's clock.
type window struct{ start, size int64 } // seconds

func windowAt(now, size int64) window { return window{start(now, size), size} }

// wrong returns the parts whose window is so far ahead that a wrong clock must have opened it.
func (a ask) wrong(it table.Item) []string {
	var parts []string
	if !a.confirmed {
		return nil
	}
	for name, own := range map[string]window{planPart: a.plan, managementPart: a.manage, "h": {a.hour, hour}} {
		if own.ahead(part(it, name).window) {
			parts = append(parts, name)
		}
	}
	return parts
}

// ahead reports whether a stored window is so far ahead that no instance with a right clock
// can have opened it. That of an instance whose clock is some seconds ahead is closer.
func (w window) ahead(stored int64) bool { return w.size > 0 && stored > w.start+maxAhead*w.size }

// maxAhead is how many windows ahead of this instance's clock a window is adopted.
const maxAhead = 2

// window returns the start of the window in which the request spends.
func (a ask) window() int64 {
	switch a.part {
	case planPart:
		return a.plan.start
	case managementPart:
		return a.manage.start
	}
	return 0
}

// verdict says what to do next.
type verdict int

const (
	attempt   verdict = iota + 1 // write, with the step's windows and rolls
	stale                        // the key has changed since the caller's facts were read
	missing                      // there is no gate item
	exhausted                    // the budget of the window is used up
	ahead                        // a window is too far ahead: repair the item first
)

// step is a verdict and, for an attempt, its windows.
type step struct {
	verdict  verdict
	window   int64 // window to spend in
	hour     int64 // hour to count in
	roll     bool  // opens the window
	rollHour bool
	closes   int64 // the hour that rollHour closes
	drops    int64 // the hour in p that rollHour drops; 0 without p
}

// first is the write that succeeds for a key in steady use.
func first(a ask) step { return step{verdict: attempt, window: a.window(), hour: a.hour} }

// decide returns the next step after a refused write, from the item that refused it. It
// adopts a window that is ahead of this instance's clock and rolls one that is behind.
func decide(it table.Item, a ask) step {
	if it == nil {
		return step{verdict: missing}
	}
	if it.Int("v") != a.version {
		return step{verdict: stale}
	}
	h := part(it, "h")
	if len(a.wrong(it)) > 0 {
		return step{verdict: ahead}
	}
	s := step{verdict: attempt, hour: max(a.hour, h.window), closes: h.window, drops: part(it, "p").window}
	s.rollHour = h.window < s.hour
	if a.part == "" {
		return s
	}
	spent := part(it, a.part)
	s.window = max(a.window(), spent.window)
	s.roll = spent.window < s.window
	if !s.roll && spent.counts[a.budget] != nil && spent.count(a.budget) >= a.limit {
		s.verdict = exhausted
	}
	return s
}

// write is the write of a step. A write that rolls a window also counts the request.
func (s step) write(at table.Key, a ask) table.Write {
	actions := make([]table.Action, 0, 5)
	actions = append(actions, table.Increment("total", 1), table.Set("seen", a.now))
	conds := make([]table.Cond, 0, 4)
	conds = append(conds, table.Eq("v", a.version))
	switch {
	case a.part == "":
	case s.roll:
		actions = append(actions, table.Set(a.part, map[string]any{"w": s.window, "n": map[string]any{a.budget: int64(1)}}))
		behind := table.Lt(a.part+".w", s.window)
		if a.part == managementPart {
			behind = table.Or(table.Missing(a.part), behind)
		}
		conds = append(conds, behind)
	default:
		spent := a.part + ".n." + a.budget
		actions = append(actions, table.Increment(spent, 1))
		conds = append(conds, table.Eq(a.part+".w", s.window), table.Cond{Kind: table.CondOr,
			Subs: []table.Cond{table.Missing(spent), table.Lt(spent, a.limit)}})
	}
	if s.rollHour {
		actions = append(actions, table.Copy("p", "h"),
			table.Set("h", map[string]any{"w": s.hour, "o": map[string]any{a.code: int64(1)}}))
		// Both hours must still be those that were read: p is then the one that went to
		// history. A repair may bring h back, but not with the same p.
		dropped := table.Eq("p.w", s.drops)
		if s.drops == 0 {
			dropped = table.Missing("p")
		}
		conds = append(conds, table.Eq("h.w", s.closes), dropped)
	} else {
		actions = append(actions, table.Increment("h.o."+a.code, 1))
		conds = append(conds, table.Eq("h.w", s.hour))
	}
	return table.Write{Op: table.OpUpdate, Key: at, Actions: actions,
		If: table.Cond{Kind: table.CondAnd, Subs: conds}}
}

// counted is a window and its counters: q, m, h or p.
type counted struct {
	window int64
	counts map[string]any
}

func (c counted) count(name string) int64 { n, _ := c.counts[name].(int64); return n }

// part reads q, m, h or p of a gate item.
func part(it table.Item, name string) counted {
	m := it.Map(name)
	c := counted{}
	c.window, _ = m["w"].(int64)
	if name == planPart || name == managementPart {
		c.counts, _ = m["n"].(map[string]any)
	} else {
		c.counts, _ = m["o"].(map[string]any)
	}
	return c
}

// meter returns the state of a budget in q or m of an item, for a clock in the window w. An
// adopted window ends with the plan's window that contains it.
func meter(spent counted, budget string, b contract.Budget, w window) api.Meter {
	at := max(spent.window, w.start)
	m := api.Meter{Budget: budget, Limit: b.Limit, Window: b.Window,
		ResetsAt: time.Unix(start(at, b.Window)+b.Window, 0).UTC()}
	if spent.window == at {
		m.Used = spent.count(short(budget))
	}
	return m
}
