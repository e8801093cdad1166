package gate

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// gateItem is an item with a quota window, hour, requests spent and version.
func gateItem(v, q, spent, h int64) table.Item {
	it := fresh("key_1", v, h)
	it["q"] = map[string]any{"w": q, "n": map[string]any{"r": spent}}
	it["h"] = map[string]any{"w": h, "o": map[string]any{"ml": spent}}
	return it
}

// testHour is the start of an hour.
const testHour = 100 * hour

// askMinute asks for one of five requests in the third minute of testHour.
func askMinute() ask {
	return ask{version: 7, code: "ml", now: testHour + 130, confirmed: true, plan: window{testHour + 120, 60}, hour: testHour, part: planPart, budget: "r", limit: 5}
}

// decision is what decide has to return.
type decision struct {
	item table.Item
	ask  ask
	want step
}

func decides(t *testing.T, all map[string]decision) {
	t.Helper()
	for name, c := range all {
		if got := decide(c.item, c.ask); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestDecideChoosesTheStepAfterARefusedWrite(t *testing.T) {
	t.Parallel()
	const now = testHour
	minute := askMinute()
	free := minute
	free.part = ""
	untouched := gateItem(7, now+120, 0, now)
	untouched.Map("q")["n"] = map[string]any{}
	decides(t, map[string]decision{
		"no item":                    {nil, minute, step{verdict: missing}},
		"newer version":              {gateItem(8, now+120, 0, now), minute, step{verdict: stale}},
		"older version":              {gateItem(6, now+120, 0, now), minute, step{verdict: stale}},
		"changed and exhausted":      {gateItem(8, now+120, 5, now), minute, step{verdict: stale}},
		"exhausted":                  {gateItem(7, now+120, 5, now), minute, step{verdict: exhausted, window: now + 120, hour: now, closes: now}},
		"beyond a lowered limit":     {gateItem(7, now+120, 9, now), minute, step{verdict: exhausted, window: now + 120, hour: now, closes: now}},
		"exhausted, next hour":       {gateItem(7, now+120, 5, now-hour), minute, step{verdict: exhausted, window: now + 120, hour: now, closes: now - hour, rollHour: true}},
		"exhausted, costs nothing":   {gateItem(7, now+120, 5, now), free, step{verdict: attempt, hour: now, closes: now}},
		"window behind":              {gateItem(7, now+60, 5, now), minute, step{verdict: attempt, window: now + 120, hour: now, closes: now, roll: true}},
		"window and hour behind":     {gateItem(7, now-60, 5, now-hour), minute, step{verdict: attempt, window: now + 120, hour: now, closes: now - hour, roll: true, rollHour: true}},
		"hour behind alone":          {gateItem(7, now+120, 4, now-hour), minute, step{verdict: attempt, window: now + 120, hour: now, closes: now - hour, rollHour: true}},
		"window ahead":               {gateItem(7, now+180, 4, now), minute, step{verdict: attempt, window: now + 180, hour: now, closes: now}},
		"window ahead, exhausted":    {gateItem(7, now+180, 5, now), minute, step{verdict: exhausted, window: now + 180, hour: now, closes: now}},
		"window and hour ahead":      {gateItem(7, now+180, 4, now+hour), minute, step{verdict: attempt, window: now + 180, hour: now + hour, closes: now + hour}},
		"hour ahead, window behind":  {gateItem(7, now+60, 5, now+hour), minute, step{verdict: attempt, window: now + 120, hour: now + hour, closes: now + hour, roll: true}},
		"window behind, free":        {gateItem(7, now-60, 5, now-hour), free, step{verdict: attempt, hour: now, closes: now - hour, rollHour: true}},
		"limit raised meanwhile":     {gateItem(7, now+120, 4, now), minute, step{verdict: attempt, window: now + 120, hour: now, closes: now}},
		"budget never spent, failed": {untouched, minute, step{verdict: attempt, window: now + 120, hour: now, closes: now}},
	})
}

func TestDecideRepairsWindowsThatAWrongClockOpened(t *testing.T) {
	t.Parallel()
	const now = testHour
	minute := askMinute()
	free, unconfirmed := minute, minute
	free.part, unconfirmed.confirmed = "", false
	decides(t, map[string]decision{
		"ahead, not confirmed":      {gateItem(7, now+9*hour, 4, now+9*hour), unconfirmed, step{verdict: attempt, window: now + 9*hour, hour: now + 9*hour, closes: now + 9*hour}},
		"two windows ahead":         {gateItem(7, now+240, 4, now), minute, step{verdict: attempt, window: now + 240, hour: now, closes: now}},
		"three windows ahead":       {gateItem(7, now+300, 4, now), minute, step{verdict: ahead}},
		"three ahead, not spent in": {gateItem(7, now+300, 4, now), free, step{verdict: ahead}},
		"two hours ahead":           {gateItem(7, now+120, 4, now+2*hour), minute, step{verdict: attempt, window: now + 120, hour: now + 2*hour, closes: now + 2*hour}},
		"three hours ahead":         {gateItem(7, now+120, 4, now+3*hour), minute, step{verdict: ahead}},
		"ahead and changed":         {gateItem(8, now+300, 4, now+9*hour), minute, step{verdict: stale}},
	})
}

func TestDecideRollsAndRefusesByTheManagementWindow(t *testing.T) {
	t.Parallel()
	const now = testHour
	managing := askMinute()
	managing.part, managing.budget, managing.manage = managementPart, "k", window{now + 120, 60}
	managed := func(at, spent int64) table.Item {
		it := gateItem(7, now+120, 5, now)
		it["m"] = map[string]any{"w": at, "n": map[string]any{"k": spent}}
		return it
	}
	decides(t, map[string]decision{
		"no management yet":        {gateItem(7, now+120, 5, now), managing, step{verdict: attempt, window: now + 120, hour: now, closes: now, roll: true}},
		"management behind":        {managed(now+60, 5), managing, step{verdict: attempt, window: now + 120, hour: now, closes: now, roll: true}},
		"management, plan used up": {managed(now+120, 4), managing, step{verdict: attempt, window: now + 120, hour: now, closes: now}},
		"management used up":       {managed(now+120, 5), managing, step{verdict: exhausted, window: now + 120, hour: now, closes: now}},
		"management two ahead":     {managed(now+240, 5), managing, step{verdict: exhausted, window: now + 240, hour: now, closes: now}},
		"management three ahead":   {managed(now+300, 5), managing, step{verdict: ahead}},
	})
}

func TestEveryAttemptIsConditionalOnVersionAndWindows(t *testing.T) {
	t.Parallel()
	a := ask{version: 7, code: "ml", now: 100, plan: window{60, 60}, hour: 0, budget: "r", limit: 5}
	for bits := range 24 {
		a.part = []string{"", planPart, managementPart}[bits%3]
		s := step{verdict: attempt, window: 60, hour: hour, closes: 0, roll: bits/3&1 != 0, rollHour: bits/3&2 != 0, drops: int64(bits / 3 & 4)}
		w := s.write(Address("key_1"), a)
		conds := map[string]table.CondKind{}
		for _, c := range w.If.Subs {
			conds[c.Path] = c.Kind
		}
		want := map[string]table.CondKind{"v": table.CondEq, "h.w": table.CondEq}
		switch {
		case a.part == planPart && s.roll:
			want["q.w"] = table.CondLt
		case a.part == managementPart && s.roll:
			want[""] = table.CondOr // missing or behind
		case a.part != "":
			want[a.part+".w"], want[""] = table.CondEq, table.CondOr // the limit
		}
		switch {
		case s.rollHour && s.drops == 0:
			want["p"] = table.CondMissing
		case s.rollHour:
			want["p.w"] = table.CondEq // it is in history
		}
		if w.If.Kind != table.CondAnd || !reflect.DeepEqual(conds, want) {
			t.Errorf("spends in %q, roll %v, roll h %v: conditions %v, want %v", a.part, s.roll, s.rollHour, conds, want)
		}
		if w.Target() != Address("key_1") || w.Op != table.OpUpdate {
			t.Errorf("writes %v %v", w.Op, w.Target())
		}
	}
}

func TestWindowStartsStayComparableWhenThePlanChangesTheirSize(t *testing.T) {
	t.Parallel()
	const now = 100*hour + 34*60 + 5
	perMinute := contract.Budget{Limit: 60, Window: 60}
	perHour := contract.Budget{Limit: 1000, Window: hour}
	q := counted{window: start(now, 60), counts: map[string]any{"r": int64(9)}}
	// From minutes to an hour: the minute's window is ahead of the hour's start and adopted.
	m := meter(q, contract.Requests, perHour, windowAt(now, hour))
	if got, want := m.Used, int64(9); got != want {
		t.Errorf("used %d, want %d", got, want)
	}
	if got, want := m.ResetsAt.Unix(), int64(101*hour); got != want {
		t.Errorf("resets at %d, want the end of the hour %d", got, want)
	}
	// From an hour to minutes: the hour's window is behind the minute's and rolls.
	q = counted{window: start(now, hour), counts: map[string]any{"r": int64(999)}}
	if got, want := meter(q, contract.Requests, perMinute, windowAt(now, 60)).Remaining(), int64(60); got != want {
		t.Errorf("remaining %d, want %d", got, want)
	}
}

func TestRouteCodesAreTwoLettersAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range api.Routes {
		if !regexp.MustCompile(`^[a-z]{2}$`).MatchString(r.Code) {
			t.Errorf("%s has code %q, want two letters", r.Operation, r.Code)
		}
		if other := seen[r.Code]; other != "" {
			t.Errorf("%s and %s share code %s", r.Operation, other, r.Code)
		}
		seen[r.Code] = r.Operation
	}
}

// An item up to 1 KB costs one write unit; one byte more costs every request two. A key may
// call usualCodes operations in an hour for one unit; contracts may have more.
func TestGateItemOfAKeyThatCallsManyOperationsCostsOneWriteUnit(t *testing.T) {
	t.Parallel()
	const usualCodes = 43
	for name, codes := range deployed(t) {
		called := codes[:min(len(codes), usualCodes)]
		size := itemSize(fullItem(called))
		t.Logf("%s: %d of %d codes: %d bytes", name, len(called), len(codes), size)
		if size >= 1024 {
			t.Errorf("%s: %d codes make %d bytes, want less than 1024", name, len(called), size)
		}
	}
	if size := sizeWith(usualCodes); size >= 1024 {
		t.Errorf("%d codes make %d bytes, want less than 1024", usualCodes, size)
	}
}

// deployed returns the codes of each contract's own operations: no deployment has all.
func deployed(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range api.For(c) {
			if !r.Open {
				all[name] = append(all[name], r.Code)
			}
		}
	}
	return all
}

// managedPerHour is the most requests of key management that a key can make in an hour.
const managedPerHour = 120 * 60

// fullItem is a key that made 9,999,999 requests of each of its operations in each of two
// hours, under three budgets and that of key management.
func fullItem(codes []string) table.Item {
	counts := map[string]any{}
	for _, c := range codes {
		counts[c] = int64(9_999_999)
		for _, r := range api.Routes {
			if r.Code == c && r.Management && !r.Urgent {
				counts[c] = int64(managedPerHour)
			}
		}
	}
	const now = 1_799_999_999
	it := fresh("key_01JB2QW3E4R5T6Y7U8I9O0PASD", now*1000, now)
	it["total"], it["seen"] = int64(999_999_999_999), int64(now)
	it["q"] = map[string]any{"w": int64(now), "n": map[string]any{"r": int64(9_999_999), "mcp": int64(9_999_999), "exports": int64(9_999_999)}}
	it["m"] = map[string]any{"w": int64(now), "n": map[string]any{"k": int64(9_999_999)}}
	it["h"] = map[string]any{"w": int64(now), "o": counts}
	it["p"] = map[string]any{"w": int64(now), "o": counts}
	return it
}

// itemSize counts as DynamoDB's guide says: names and strings by their bytes, a
// number one byte for two digits and one more (here two, for an odd digit's half
// and the sign), a map three and one for each element.
func itemSize(it table.Item) int { return sizeOf(map[string]any(it)) - 3 - len(it) }

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case int64:
		digits, _ := json.Marshal(v)
		return (len(digits)+1)/2 + 2
	case map[string]any:
		size := 3
		for name, element := range v {
			size += 1 + len(name) + sizeOf(element)
		}
		return size
	}
	panic("no such value in a gate item")
}

func sizeWith(n int) int {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	var codes []string
	for i := range n {
		codes = append(codes, string(letters[i/26])+string(letters[i%26]))
	}
	return itemSize(fullItem(codes))
}

func TestPermissionRefusalNamesTheScope(t *testing.T) {
	t.Parallel()
	g := New(nil, nil)
	route, _ := api.Find("listMatches")
	c := &api.Caller{Role: api.RoleMember, Scopes: []string{"read:teams"}}
	if got, want := g.lacks(c, route).Message, "listMatches requires the permission matches:read"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	g.Scopes = contract.Scopes{Style: "list", List: []contract.Scope{
		{Name: "read:matches", Grants: []string{"matches:read"}}, {Name: "read:teams", Grants: []string{"teams:read"}},
		{Name: "everything", Grants: []string{"*:read"}}}}
	e := g.lacks(c, route)
	if got, want := e.Condition+": "+e.Message, "permission: listMatches requires the scope read:matches or everything"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.Scopes = []string{"read:matches"}
	e = g.lacks(c, route)
	if e.Condition != api.PermissionRole || !strings.Contains(e.Message, "member") {
		t.Errorf("got %v, want the role to be named", e)
	}
	g.Scopes.List[0].Needs = contract.NeedsGeneral
	if e = g.lacks(c, route); e.Condition != api.PermissionNeeds || !strings.Contains(e.Message, "approval") {
		t.Errorf("got %v, want the approval to be named", e)
	}
	c.Scopes = []string{"read:matches", "everything"} // one of which needs no scope
	if e = g.lacks(c, route); e.Condition != api.PermissionRole {
		t.Errorf("got %v, want the role to be named", e)
	}
}
