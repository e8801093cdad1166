package keys_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

// attempt is a request on a failing table.
type attempt struct {
	in      func(c *scenario) input
	caller  func(c *scenario) *person
	entries int // added to the audit trail
}

func owner(c *scenario) *person { return c.owner }

func operator(c *scenario) *person { return c.operator }

// attempts has every key management operation, and createToken; a test checks that none is
// missing.
var attempts = map[string]attempt{
	"listKeys":         {func(*scenario) input { return input{"state": "active"} }, owner, 0},
	"createKey":        {func(*scenario) input { return input{"name": "new", "scopes": []string{"read:teams"}} }, owner, 1},
	"getSelf":          {func(*scenario) input { return nil }, owner, 0},
	"createToken":      {func(*scenario) input { return input{"expires_in": "5m"} }, func(c *scenario) *person { return c.member }, 1},
	"revokeSelf":       {func(*scenario) input { return nil }, func(c *scenario) *person { return c.member }, 1},
	"getKey":           {func(c *scenario) input { return input{"key": c.memberKey} }, owner, 0},
	"updateKey":        {func(c *scenario) input { return input{"key": c.memberKey, "scopes": []string{"read:teams"}} }, owner, 1},
	"rotateKey":        {func(c *scenario) input { return input{"key": c.memberKey, "overlap": "1h"} }, owner, 1},
	"revokeKey":        {func(c *scenario) input { return input{"key": c.memberKey} }, operator, 1},
	"getKeyUsage":      {func(c *scenario) input { return input{"key": c.memberKey} }, owner, 0},
	"getOrgUsage":      {func(c *scenario) input { return input{"org": c.org, "interval": "day", "limit": "2"} }, owner, 0},
	"listAudit":        {func(c *scenario) input { return input{"org": c.org} }, operator, 0},
	"listOrgs":         {func(*scenario) input { return nil }, operator, 0},
	"createOrg":        {func(*scenario) input { return input{"name": "east", "owner": "o@east.example"} }, operator, 1},
	"listSessions":     {func(*scenario) input { return nil }, owner, 0},
	"endSession":       {func(c *scenario) input { return input{"session": c.session} }, owner, 1},
	"endSessions":      {func(*scenario) input { return nil }, owner, 1},
	"createPortalLink": {func(c *scenario) input { return input{"org": c.org, "user": c.memberUser} }, operator, 1},
	"getOrg":           {func(c *scenario) input { return input{"org": c.org} }, owner, 0},
	"visitOrg":         {func(c *scenario) input { return input{"org": c.org} }, operator, 1},
	"updateOrg":        {func(c *scenario) input { return input{"org": c.org, "plan": "FREE"} }, operator, 1},
	"listMembers":      {func(c *scenario) input { return input{"org": c.org} }, owner, 0},
	"addMember":        {func(c *scenario) input { return input{"org": c.org, "email": "n@north.example", "role": "member"} }, owner, 1},
	"updateMember":     {func(c *scenario) input { return input{"org": c.org, "user": c.memberUser, "state": "suspended"} }, owner, 1},
	"removeMember":     {func(c *scenario) input { return input{"org": c.org, "user": c.memberUser} }, owner, 2},
	"putConnections": {func(c *scenario) input {
		return input{"org": c.org, "user": c.memberUser, "connections": []any{map[string]any{"platform": "github", "id": "1", "name": "n"}}}
	}, operator, 1},
	"listApplications":  {func(*scenario) input { return nil }, owner, 0},
	"createApplication": {func(*scenario) input { return input{"kind": "game", "game": "rally"} }, owner, 1},
	"decideApplication": {func(c *scenario) input { return input{"application": c.application, "state": "approved"} }, operator, 1},
}

// outside has the operations whose objects are in no organisation's partition.
var outside = map[string]bool{"createToken": true, "createPortalLink": true, "visitOrg": true}

// failing is a deployment on a table that fails on demand.
type failing struct {
	*scenario
	table *tabletest.Faulty
	name  string
	call  func() error
}

func fail(t *testing.T, name string) *failing {
	t.Helper()
	faulty := tabletest.NewFaulty(keystest.Memory(t))
	c := newScenario(t, faulty)
	c.application = text(c.owner.does("createApplication", input{"kind": "general"}), "id")
	opened, err := c.Keys.BeginAs(t.Context(), keys.SignIn{At: c.Now()}, c.org, c.owner.cached.User, "")
	if err != nil {
		t.Fatal(err)
	}
	c.session = opened.Session.ID
	a := attempts[name]
	caller, op := a.caller(c), c.calls[name]
	// As admitted by the gate, so that only the handler can fail.
	r := c.Request(caller.cached)
	r.Route, r.IdempotencyKey = op.route, "once"
	return &failing{c, faulty, name, func() error { _, err := c.invoke(r, op, a.in(c)); return err }}
}

// facts returns everything that the audit trail must account for, and the trail's length.
func (f *failing) facts() (string, int) {
	f.t.Helper()
	var items []table.Item
	entries := 0
	orgs := f.query(table.Query{Index: "list", Partition: "ORGS"})
	for _, o := range orgs {
		items = append(items, f.query(table.Query{Partition: "ORG#" + o.Str("id"), Consistent: true})...)
		entries += len(f.query(table.Query{Partition: "AUDIT#" + o.Str("id"), Consistent: true}))
	}
	raw, err := json.Marshal(items)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(raw), entries
}

func (f *failing) query(q table.Query) []table.Item {
	f.t.Helper()
	page, err := f.Table.Query(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return page.Items
}

// The tests run in a synctest bubble, in which waiting for a retry takes no time.

// proves makes the request under a plan of faults. It checks that the change was made
// completely or not at all, that the answer says which, and that a repeat on a healed table
// succeeds.
func (f *failing) proves(t *testing.T, what string, plan tabletest.Plan) {
	t.Helper()
	before, had := f.facts()
	f.table.Follow(plan)
	err := f.call()
	f.table.Heal()
	after, has := f.facts()
	switch condition := keystest.Condition(err); {
	case condition != "" && condition != api.Unavailable:
		t.Errorf("%s: got %v, want success or unavailable", what, err)
	case condition == "" && has-had != attempts[f.name].entries:
		t.Errorf("%s: succeeded with %d audit entries, want %d", what, has-had, attempts[f.name].entries)
	}
	if written := before != after; has-had != 0 && has-had != attempts[f.name].entries || written != (has > had) && !outside[f.name] {
		t.Errorf("%s: facts written: %v, audit entries: %d", what, written, has-had)
	}
	if err == nil {
		return
	}
	err = f.call()
	_, finally := f.facts()
	if condition := keystest.Condition(err); condition != "" && condition != api.ConflictRepeat && condition != api.Conflict {
		t.Errorf("%s: repeated: got %v", what, err)
	}
	if again := finally - had; again != attempts[f.name].entries && f.name != "createOrg" {
		t.Errorf("%s: repeated: got %d audit entries in all, want %d", what, again, attempts[f.name].entries)
	}
}

func TestEveryOperationIsTriedOnAFailingTable(t *testing.T) {
	t.Parallel()
	var got []string
	for name := range serve(t, keystest.Memory(t), "statgate").calls {
		got = append(got, name)
	}
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(attempts)); !slices.Equal(got, want) {
		t.Errorf("got handlers %v, want %v", got, want)
	}
	var routes []string
	for _, r := range api.Routes {
		if r.Management && r.Function != "contests" || r.Operation == "createToken" { // those of contests use the other table and have tests of their own
			routes = append(routes, r.Operation)
		}
	}
	if slices.Sort(routes); !slices.Equal(got, routes) {
		t.Errorf("got handlers %v, want those of the routes %v", got, routes)
	}
}

// The audit trail is the other witness: what is recorded there is a change that lasts.
func TestEveryOperationWithAnAuditEntryIsRefusedToTokens(t *testing.T) {
	t.Parallel()
	for name, a := range attempts {
		if r, _ := api.Find(name); r.Lasts != (a.entries > 0) {
			t.Errorf("%s: Lasts is %v, and it adds %d audit entries", name, r.Lasts, a.entries)
		}
	}
}

func TestFailingTableIsUnavailableAndLeavesNoHalfChange(t *testing.T) {
	t.Parallel()
	for name := range attempts {
		for _, c := range []struct {
			fault   tabletest.Fault
			what    string
			methods []string
			may     bool // succeed
		}{
			{tabletest.Unavailable, "unavailable", []string{"Get", "BatchGet", "Query", "Write", "Transact"}, false},
			{tabletest.Throttled, "throttled", []string{"Get", "BatchGet", "Query", "Write", "Transact"}, false},
			{tabletest.Unavailable, "no writes", []string{"Write"}, true},
			{tabletest.Conflict, "conflicts", []string{"Transact"}, true},
			{tabletest.Lost, "lost answers", []string{"Write", "Transact"}, true},
			{tabletest.Lost, "lost transactions", []string{"Transact"}, true},
		} {
			t.Run(name+", "+c.what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					refused := false
					fail(t, name).proves(t, c.what, func(call tabletest.Call) (tabletest.Fault, time.Duration) {
						if !slices.Contains(c.methods, call.Method) {
							return tabletest.None, 0
						}
						refused = true
						return c.fault, 0
					})
					if !refused && !c.may {
						t.Error("the operation made no table request")
					}
				})
			})
		}
	}
}

func TestFaultAtAnyPointLeavesAWholeChangeOrNone(t *testing.T) {
	t.Parallel()
	for name := range attempts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { proveEveryStep(t, name) })
		})
	}
}

func proveEveryStep(t *testing.T, name string) {
	healthy := fail(t, name)
	start := len(healthy.table.Calls())
	if err := healthy.call(); err != nil {
		t.Fatal(err)
	}
	steps := len(healthy.table.Calls()) - start
	if steps == 0 {
		t.Fatal("the operation made no table request")
	}
	for step := 1; step <= steps; step++ {
		for fault, what := range map[tabletest.Fault]string{tabletest.Unavailable: "unavailable", tabletest.Lost: "lost"} {
			n := 0
			fail(t, name).proves(t, fmt.Sprintf("call %d of %d %s", step, steps, what), func(tabletest.Call) (tabletest.Fault, time.Duration) {
				if n++; n == step {
					return fault, 0
				}
				return tabletest.None, 0
			})
		}
	}
}

func TestChangeWhoseGateCannotBeBumpedIsRepeatedIntoEffect(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"revokeKey": api.SecretRevoked, "revokeSelf": api.SecretRevoked, "updateMember": api.Suspended,
		"removeMember": api.SecretRevoked, "updateKey": "", "updateOrg": "", "rotateKey": "", "decideApplication": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { proveRepeatBumps(t, name, want) })
		})
	}
}

func proveRepeatBumps(t *testing.T, name, want string) {
	f := fail(t, name)
	version, err := f.Gate.Version(t.Context(), f.memberKey)
	if err != nil {
		t.Fatal(err)
	}
	f.table.Always(tabletest.Unavailable, "Write")
	if got := keystest.Condition(f.call()); got != api.Unavailable {
		t.Errorf("without its bump: got %q, want %q", got, api.Unavailable)
	}
	f.table.Heal()
	if err := f.call(); keystest.Condition(err) != "" && keystest.Condition(err) != api.ConflictRepeat {
		t.Errorf("repeated: got %v", err)
	}
	if now, _ := f.Gate.Version(t.Context(), f.memberKey); now <= version {
		t.Errorf("got version %d after %d, want it to have risen", now, version)
	}
	_, err = f.member.try("getSelf", nil)
	if got := keystest.Condition(err); got != want {
		t.Errorf("the member's next call: got %q (%v), want %q", got, err, want)
	}
}
