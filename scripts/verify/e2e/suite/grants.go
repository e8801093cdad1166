package suite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// OutOfBand has the actions that HTTP does not offer: the passing of time and an operator's work. Their
// effects are checked by HTTP only. A nil field makes the cases that need it not applicable.
type OutOfBand struct {
	// CloseHours moves the requests of a key so far to two closed hours.
	CloseHours func(ctx context.Context, key string) error
	// DropGate deletes the gate of a key that has made no request yet.
	DropGate func(ctx context.Context, key string) error
	// PutReport stores a goal in a match's report.
	PutReport func(ctx context.Context, match string) error
	// RotatePepper makes a new pepper the current one and waits until all instances use it.
	RotatePepper func(ctx context.Context) error
	// WithCurrentPepperOnly removes all peppers except the current one while do runs.
	WithCurrentPepperOnly func(ctx context.Context, do func()) error
}

// Each function has a role of its own, so these cases send requests to every function. A
// function that no case here reaches is a failure.

func perFunction(c *contract.Contract) []Case {
	var all []Case
	probes := probeRoutes(c)
	var names []string
	for name := range probes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		probe := probes[name]
		all = append(all,
			Case{ID: "stale." + name, Guarantee: "a changed key in use works on the next request at " + name, Run: func(t *T) { keyChanged(t, probe) }},
			Case{ID: "hour." + name, Guarantee: "the usage of closed hours is stored by a request to " + name, Run: func(t *T) { hourClosed(t, probe) }},
			Case{ID: "gate." + name, Guarantee: "a key whose gate was never stored gets it by its first request, to " + name, Run: func(t *T) { gateMissing(t, probe) }})
	}
	return append(all, Case{ID: "pepper.moved", Guarantee: "a key that was used after a pepper rotation no longer needs the old pepper", Run: pepperMoved, After: true})
}

// probeRoutes returns the simplest route into each function that requires keys: a GET with the
// fewest parameters, or the MCP server. It is the zero route for a function without either.
func probeRoutes(c *contract.Contract) map[string]api.Route {
	probes := map[string]api.Route{}
	for _, r := range api.For(c) {
		if r.Open {
			continue
		}
		best, found := probes[r.Function]
		if !found {
			probes[r.Function] = api.Route{}
		}
		if r.Operation == api.CallMCP && best.Operation == "" || r.Method == http.MethodGet && (best.Operation == "" || len(r.Params()) < len(best.Params())) {
			probes[r.Function] = r
		}
	}
	return probes
}

// keyFor creates a key that reaches the route.
func (t *T) keyFor(probe api.Route) key {
	switch {
	case probe.Operation == "":
		t.Fatalf("the function has no GET route: this case needs another route into it")
	case probe.Management && len(probe.Permissions) > 0:
		return t.key(t.home.admin, t.home, in{"scopes": t.manageScopeFor(probe.Operation)})
	case probe.Management:
		return t.clientKey(t.endpoint())
	}
	scopes, ok := t.narrowestScope(probe)
	if !ok {
		if scopes, ok = t.approvedScope(probe); !ok {
			t.NotApplicable("no single scope opens %s", probe.Operation)
		}
		t.approve(t.home)
	}
	return t.key(t.home.admin, t.home, in{"scopes": scopes})
}

// approvedScope returns a scope that opens the route once the organisation is approved as a
// developer.
func (t *T) approvedScope(probe api.Route) ([]string, bool) {
	for _, one := range t.contract.Scopes.List {
		if one.Needs == contract.NeedsGeneral && t.opens([]string{one.Name}, probe) {
			return []string{one.Name}, true
		}
	}
	return nil, false
}

// approve makes the operator approve an organisation as a developer, once.
func (t *T) approve(n *tenant) {
	n.making.Lock()
	defer n.making.Unlock()
	if n.approved {
		return
	}
	asked := t.op(n.admin, "createApplication", in{"kind": contract.NeedsGeneral})
	t.wantStatus(asked, http.StatusCreated)
	t.mustOp(t.operator, "decideApplication", in{"application": asked.text("id"), "state": "approved"})
	n.approved = true
}

// wantAdmitted calls the route with unknown ids and checks that the gate admits the request.
func (t *T) wantAdmitted(secret string, probe api.Route, headers ...string) {
	r := t.send(request{method: probe.Method, path: pathOf(probe, nil), secret: secret, headers: headers, body: sampleBody(probe)})
	if r.Status != http.StatusOK && (len(probe.Params()) == 0 || t.mismatch(r, api.NotFound) != nil) {
		t.Fatalf("%s: got %s, want it to be admitted", r.asked, r.brief())
	}
}

func keyChanged(t *T, probe api.Route) {
	k := t.keyFor(probe)
	t.wantAdmitted(k.secret, probe)
	for _, name := range []string{"changed", "changed again"} {
		t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "name": name})
		t.wantAdmitted(k.secret, probe)
	}
}

func hourClosed(t *T, probe api.Route) {
	if t.hands.CloseHours == nil {
		t.NotApplicable("it takes two hours, or access to the table")
	}
	k := t.keyFor(probe)
	t.wantAdmitted(k.secret, probe)
	t.wantAdmitted(k.secret, probe)
	if err := t.hands.CloseHours(t.ctx, k.id); err != nil {
		t.Fatalf("closing the hours: %v", err)
	}
	t.wantAdmitted(k.secret, probe)
	t.checkUsage(t.home.admin, k.id, map[string]int{probe.Operation: 3})
}

// gateMissing calls with a key whose creation stopped between the key and its gate.
func gateMissing(t *T, probe api.Route) {
	if t.hands.DropGate == nil {
		t.NotApplicable("it takes access to the table")
	}
	k := t.keyFor(probe)
	if err := t.hands.DropGate(t.ctx, k.id); err != nil {
		t.Fatalf("deleting the gate: %v", err)
	}
	t.wantAdmitted(k.secret, probe)
	t.checkUsage(t.home.admin, k.id, map[string]int{probe.Operation: 1})
}

func pepperMoved(t *T) {
	if t.hands.RotatePepper == nil || t.hands.WithCurrentPepperOnly == nil {
		t.NotApplicable("it takes access to the peppers")
	}
	d := t.endpoint()
	home := t.fixture.home // the admin key is revoked by now
	k := t.key(t.operator, home, in{"org": home.id, "scopes": d.scopes})
	defer func() { t.wantStatus(t.op(t.operator, "revokeKey", in{"key": k.id}), http.StatusOK) }()
	if err := t.hands.RotatePepper(t.ctx); err != nil {
		t.Fatalf("rotating: %v", err)
	}
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	// Spelling the header differently avoids the policy that is cached for the secret.
	var headers []string
	if t.client.transport == contract.Bearer {
		headers = []string{"Authorization", "bearer " + k.secret}
	}
	err := t.hands.WithCurrentPepperOnly(t.ctx, func() {
		r, err := t.client.do(t.ctx, request{method: d.route.Method, path: d.route.Path, secret: k.secret, headers: headers})
		if err == nil && r.Status != http.StatusOK {
			err = errors.New(r.asked + ": got " + r.brief())
		}
		if err != nil {
			t.Errorf("without the old pepper: %v", err)
		}
	})
	if err != nil {
		t.Errorf("removing the old peppers: %v", err)
	}
}

func filters() []Case {
	return []Case{
		{ID: "data.filters", Guarantee: "filtered lists of teams and matches show only what the filter selects", Run: dataFilters},
	}
}

func dataFilters(t *T) {
	match := t.first("listMatches", nil)
	team := textOf(match, "home", "id")
	if team == "" {
		t.NotApplicable("the contract's matches name no team")
	}
	narrowed := func(operation string, input in) []map[string]any {
		r := t.op(t.reader.secret, operation, input)
		t.wantStatus(r, http.StatusOK)
		found := t.items(r)
		if len(found) == 0 {
			t.Errorf("%s: the list is empty", r.asked)
		}
		return found
	}
	for _, m := range narrowed("listMatches", in{"team": team}) {
		if textOf(m, "home", "id") != team && textOf(m, "away", "id") != team {
			t.Errorf("listMatches of %s: match %v is between other teams", team, m["id"])
		}
	}
	if _, ok := t.routes["listLeagues"]; !ok {
		return
	}
	league := t.first("listLeagues", nil)["id"]
	for _, m := range narrowed("listMatches", in{"league": league}) {
		if l, present := m["league"]; present && l != league {
			t.Errorf("listMatches of %v: match %v is of %v", league, m["id"], l)
		}
	}
	if _, ok := t.routes["listTeams"]; !ok {
		return
	}
	narrowed("listTeams", in{"league": league})
	word, _, _ := strings.Cut(textOf(match, "home", "name"), " ")
	for _, one := range narrowed("listTeams", in{"q": word}) {
		if textOf(one, "id") == "" {
			t.Errorf("listTeams of %q: a team without an id: %s", word, fmt.Sprint(one))
		}
	}
}
