package gate

import (
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

// short returns the name of a budget in the item. It is short because every write is billed
// by the byte.
func short(budget string) string {
	if budget == contract.Requests {
		return "r"
	}
	return budget
}

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
	version int64  // of the caller's facts
	code    string // the operation's
	now     int64  // epoch seconds
	quota   int64  // start of the quota window by this instance's clock
	hour    int64  // start of the hour by this instance's clock
	spends  bool   // false: counted as usage only, not against the quota
	budget  string // short
	limit   int64  // requests per window
}

// verdict says what to do next.
type verdict int

const (
	attempt   verdict = iota + 1 // write, with the step's windows and rolls
	stale                        // the key has changed since the caller's facts were read
	missing                      // there is no gate item
	exhausted                    // the budget of the window is used up
)

// step is a verdict and, for an attempt, its windows.
type step struct {
	verdict   verdict
	quota     int64 // window to spend in
	hour      int64 // hour to count in
	rollQuota bool
	rollHour  bool
	closes    int64 // the hour that rollHour closes
}

// first is the write that succeeds for a key in steady use.
func first(a ask) step { return step{verdict: attempt, quota: a.quota, hour: a.hour} }

// decide returns the next step after a refused write, from the item that refused it. It
// adopts a window that is ahead of this instance's clock and rolls one that is behind.
func decide(it table.Item, a ask) step {
	if it == nil {
		return step{verdict: missing}
	}
	if it.Int("v") != a.version {
		return step{verdict: stale}
	}
	q, h := part(it, "q"), part(it, "h")
	s := step{verdict: attempt, quota: max(a.quota, q.window), hour: max(a.hour, h.window), closes: h.window}
	s.rollHour = h.window < s.hour
	if !a.spends {
		return s
	}
	s.rollQuota = q.window < s.quota
	if !s.rollQuota && q.counts[a.budget] != nil && q.count(a.budget) >= a.limit {
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
	case !a.spends:
	case s.rollQuota:
		actions = append(actions, table.Set("q", map[string]any{"w": s.quota, "n": map[string]any{a.budget: int64(1)}}))
		conds = append(conds, table.Lt("q.w", s.quota))
	default:
		spent := "q.n." + a.budget
		actions = append(actions, table.Increment(spent, 1))
		conds = append(conds, table.Eq("q.w", s.quota), table.Cond{Kind: table.CondOr,
			Subs: []table.Cond{table.Missing(spent), table.Lt(spent, a.limit)}})
	}
	if s.rollHour {
		actions = append(actions, table.Copy("p", "h"),
			table.Set("h", map[string]any{"w": s.hour, "o": map[string]any{a.code: int64(1)}}))
		// The hour must still be the one that was read: p is then the one that went to
		// history.
		conds = append(conds, table.Eq("h.w", s.closes))
	} else {
		actions = append(actions, table.Increment("h.o."+a.code, 1))
		conds = append(conds, table.Eq("h.w", s.hour))
	}
	return table.Write{Op: table.OpUpdate, Key: at, Actions: actions,
		If: table.Cond{Kind: table.CondAnd, Subs: conds}}
}

// counted is a window and its counters: q, h or p.
type counted struct {
	window int64
	counts map[string]any
}

func (c counted) count(name string) int64 { n, _ := c.counts[name].(int64); return n }

// part reads q, h or p of a gate item.
func part(it table.Item, name string) counted {
	m := it.Map(name)
	c := counted{}
	c.window, _ = m["w"].(int64)
	if name == "q" {
		c.counts, _ = m["n"].(map[string]any)
	} else {
		c.counts, _ = m["o"].(map[string]any)
	}
	return c
}

// meter returns the state of a budget in an item, for a clock whose window starts at quota.
// An adopted window ends with the plan's window that contains it.
func meter(q counted, budget string, b contract.Budget, quota int64) api.Meter {
	window := max(q.window, quota)
	m := api.Meter{Budget: budget, Limit: b.Limit, Window: b.Window,
		ResetsAt: time.Unix(start(window, b.Window)+b.Window, 0).UTC()}
	if q.window == window {
		m.Used = q.count(short(budget))
	}
	return m
}
