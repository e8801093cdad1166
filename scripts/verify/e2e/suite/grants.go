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

// Hands do what a client cannot and time or an operator would. What comes of it
// is seen by HTTP alone. A field that is nil leaves the cases void that need it.
type Hands struct {
	// CloseHours makes the calls of a key so far those of two hours that are over.
	CloseHours func(ctx context.Context, key string) error
	// Report tells of a goal in a match.
	Report func(ctx context.Context, match string) error
	// Rotate makes another pepper the current one, and waits until all know it.
	Rotate func(ctx context.Context) error
	// Alone takes all peppers but the current one away while do runs.
	Alone func(ctx context.Context, do func()) error
}

// Each function has a role of its own, so what every function must be able to do
// is tried at every one of them. A function that nothing here reaches fails.

func perFunction(c *contract.Contract) []Case {
	var all []Case
	ways := waysOf(c)
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		way := ways[name]
		all = append(all,
			Case{ID: "stale." + name, Says: "a key in use that is changed goes on at once at " + name, Run: func(t *T) { stale(t, way) }},
			Case{ID: "hour." + name, Says: "the usage of hours that are over is kept by a call of " + name, Run: func(t *T) { hourClosed(t, way) }})
	}
	return append(all, Case{ID: "pepper.moved", Says: "a key that was used after a rotation needs the old pepper no more", Run: pepperMoved, After: true})
}

// waysOf is the simplest route into each function that wants keys: it reads, and
// has no parameters where there is such. The zero route is for want of any.
func waysOf(c *contract.Contract) map[string]api.Route {
	ways := map[string]api.Route{}
	for _, r := range api.For(c) {
		if r.Open {
			continue
		}
		best, found := ways[r.Function]
		if !found {
			ways[r.Function] = api.Route{}
		}
		if r.Method == http.MethodGet && (best.Operation == "" || len(r.Params()) < len(best.Params())) {
			ways[r.Function] = r
		}
	}
	return ways
}

// through makes a key that reaches the route.
func (t *T) through(way api.Route) key {
	switch {
	case way.Operation == "":
		t.Fatalf("no route of the function reads: this case needs another way into it")
	case way.Management && len(way.Permissions) > 0:
		return t.key(t.home.admin, t.home, in{"scopes": t.managingTo(way.Operation)})
	case way.Management:
		return t.clientKey(t.door())
	}
	scopes, ok := t.opening(way)
	if !ok {
		t.Void("no single scope opens %s", way.Operation)
	}
	return t.key(t.home.admin, t.home, in{"scopes": scopes})
}

// passes calls the route, with ids that nobody has, and wants the gate to let it through.
func (t *T) passes(secret string, way api.Route, headers ...string) {
	r := t.send(request{method: way.Method, path: filled(way, nil), secret: secret, headers: headers})
	if r.Status != http.StatusOK && (len(way.Params()) == 0 || t.wrong(r, api.NotFound) != nil) {
		t.Fatalf("%s: got %s, want it to be let through", r.asked, r.brief())
	}
}

func stale(t *T, way api.Route) {
	k := t.through(way)
	t.passes(k.secret, way)
	for _, name := range []string{"changed", "changed again"} {
		t.does(t.home.admin, "updateKey", in{"key": k.id, "name": name})
		t.passes(k.secret, way)
	}
}

func hourClosed(t *T, way api.Route) {
	if t.hands.CloseHours == nil {
		t.Void("it takes two hours, or a hand on the table")
	}
	k := t.through(way)
	t.passes(k.secret, way)
	t.passes(k.secret, way)
	if err := t.hands.CloseHours(t.ctx, k.id); err != nil {
		t.Fatalf("closing the hours: %v", err)
	}
	t.passes(k.secret, way)
	t.usage(t.home.admin, k.id, map[string]int{way.Operation: 3})
}

func pepperMoved(t *T) {
	if t.hands.Rotate == nil || t.hands.Alone == nil {
		t.Void("it takes an operator's hand on the peppers")
	}
	d := t.door()
	home := t.world.home // whose admin's key is gone by now
	k := t.key(t.operator, home, in{"org": home.id, "scopes": d.scopes})
	defer func() { t.must(t.op(t.operator, "revokeKey", in{"key": k.id}), http.StatusOK) }()
	if err := t.hands.Rotate(t.ctx); err != nil {
		t.Fatalf("rotating: %v", err)
	}
	t.must(t.knock(k.secret, d), http.StatusOK)
	// Spelt otherwise, the same secret meets no policy that was cached for it.
	var headers []string
	if t.client.transport == contract.Bearer {
		headers = []string{"Authorization", "bearer " + k.secret}
	}
	err := t.hands.Alone(t.ctx, func() {
		r, err := t.client.do(t.ctx, request{method: d.route.Method, path: d.route.Path, secret: k.secret, headers: headers})
		if err == nil && r.Status != http.StatusOK {
			err = errors.New(r.asked + ": got " + r.brief())
		}
		if err != nil {
			t.Errorf("without the old pepper: %v", err)
		}
	})
	if err != nil {
		t.Errorf("taking the old peppers away: %v", err)
	}
}

func filters() []Case {
	return []Case{
		{ID: "data.filters", Says: "lists of teams and matches that are narrowed show what was asked for", Run: dataFilters},
	}
}

func dataFilters(t *T) {
	match := t.first("listMatches", nil)
	team := textOf(match, "home", "id")
	if team == "" {
		t.Void("the contract's matches name no team")
	}
	narrowed := func(operation string, input in) []map[string]any {
		r := t.op(t.reader.secret, operation, input)
		t.must(r, http.StatusOK)
		found := t.items(r)
		if len(found) == 0 {
			t.Errorf("%s: nothing was found", r.asked)
		}
		return found
	}
	for _, m := range narrowed("listMatches", in{"team": team}) {
		if textOf(m, "home", "id") != team && textOf(m, "away", "id") != team {
			t.Errorf("listMatches of %s: match %v is between others", team, m["id"])
		}
	}
	if _, ok := t.routes["listLeagues"]; !ok {
		return
	}
	league := t.first("listLeagues", nil)["id"]
	for _, m := range narrowed("listMatches", in{"league": league}) {
		if l, told := m["league"]; told && l != league {
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
