package suite

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// door is a data route that is easily called, and the fewest scopes that open it.
type door struct {
	route  api.Route
	scopes []string
}

// knock calls the door's route.
func (t *T) knock(secret string, d door, headers ...string) Reply {
	return t.send(request{method: d.route.Method, path: d.route.Path, secret: secret, headers: headers})
}

// doors lists the routes that spend a call and take no parameters.
func (w *world) doors() []door {
	var found []door
	for _, r := range w.deployed {
		if r.Cost == 0 || r.Method != http.MethodGet || len(r.Params()) > 0 {
			continue
		}
		if scopes, ok := w.opening(r); ok {
			found = append(found, door{r, scopes})
		}
	}
	return found
}

// opening finds the one data scope that reaches a route and the fewest others;
// none where the contract's keys have no scopes.
func (w *world) opening(r api.Route) ([]string, bool) {
	s := w.contract.Scopes
	if s.Style == "role" {
		return []string{}, true
	}
	best, fewest := "", len(w.deployed)+1
	for _, name := range w.dataScopes() {
		patterns, err := s.Permissions([]string{name})
		if err != nil || !r.Allowed(patterns) {
			continue
		}
		if n := w.reach(patterns); n < fewest {
			best, fewest = name, n
		}
	}
	return []string{best}, best != ""
}

func (w *world) reach(patterns []string) int {
	n := 0
	for _, r := range w.deployed {
		if r.Allowed(patterns) {
			n++
		}
	}
	return n
}

// door is the route that most cases call.
func (t *T) door() door {
	found := t.doors()
	if len(found) == 0 {
		t.Void("the contract has no list that a single scope opens")
	}
	return found[0]
}

// twoDoors are routes of which each one's scopes do not open the other.
func (t *T) twoDoors() (door, door) {
	found := t.doors()
	for _, a := range found {
		for _, b := range found {
			if !t.opens(a.scopes, b.route) && !t.opens(b.scopes, a.route) {
				return a, b
			}
		}
	}
	t.Void("the contract has no two scopes that open different lists")
	return door{}, door{}
}

func (w *world) opens(scopes []string, r api.Route) bool {
	patterns, err := w.contract.Scopes.Permissions(scopes)
	return err == nil && (w.contract.Scopes.Style == "role" && !r.Management || r.Allowed(patterns))
}

// dataScopes lists the scopes that reach data, but for those that an organisation
// needs an approval for.
func (w *world) dataScopes() []string {
	return slices.DeleteFunc(w.contract.Scopes.Names(), func(name string) bool {
		return w.contract.Scopes.IsManagementScope(name) || w.contract.Scopes.Needs(name) != ""
	})
}

// reading lists the data scopes that write nothing.
func (w *world) reading() []string {
	return slices.DeleteFunc(w.dataScopes(), func(name string) bool {
		patterns, err := w.contract.Scopes.Permissions([]string{name})
		return err != nil || slices.ContainsFunc(patterns, writes)
	})
}

func writes(pattern string) bool {
	_, verb, _ := strings.Cut(pattern, ":")
	return verb == "write" || verb == "*"
}

// managing lists every scope of key management.
func (w *world) managing() []string {
	return slices.DeleteFunc(w.contract.Scopes.Names(), func(name string) bool { return !w.contract.Scopes.IsManagementScope(name) })
}

// managingTo is the management scope that reaches an operation.
func (t *T) managingTo(operation string) []string {
	for _, name := range t.managing() {
		if t.opens([]string{name}, t.routes[operation]) {
			return []string{name}
		}
	}
	t.Fatalf("no management scope reaches %s", operation)
	return nil
}

// writing is a data scope that writes, "" without one.
func (w *world) writing() string {
	for _, name := range w.dataScopes() {
		patterns, err := w.contract.Scopes.Permissions([]string{name})
		if err == nil && slices.ContainsFunc(patterns, writes) {
			return name
		}
	}
	return ""
}

// limit is how many calls a plan allows in a window.
func limit(p contract.Plan) int64 { return p.Budgets[contract.Requests].Limit }

// largest is the plan with the most keys, and of those the one with the most calls.
func (w *world) largest() contract.Plan {
	return slices.MaxFunc(w.contract.Plans, func(a, b contract.Plan) int {
		return cmp.Or(cmp.Compare(a.Keys, b.Keys), cmp.Compare(limit(a), limit(b)))
	})
}

// scarcest is the plan with the fewest calls, however few keys it may have:
// keys are made on a larger plan and kept when it is changed for this one.
func (w *world) scarcest() contract.Plan {
	return slices.MinFunc(w.contract.Plans, func(a, b contract.Plan) int { return int(limit(a) - limit(b)) })
}

// capped is the plan with the fewest keys, but more than one where there is such.
func (t *T) capped() contract.Plan {
	least := contract.Plan{}
	for _, p := range t.contract.Plans {
		if p.Keys > 0 && (least.Keys == 0 || p.Keys < least.Keys && p.Keys > 1 || least.Keys == 1 && p.Keys > 1) {
			least = p
		}
	}
	if least.Keys == 0 {
		t.Void("no plan of the contract has keys")
	}
	return least
}

// keyed lists the routes that need a key.
func (w *world) keyed() []api.Route {
	return slices.DeleteFunc(slices.Clone(w.deployed), func(r api.Route) bool { return r.Open })
}

// unknown are ids that were never given out, well-formed all the same.
var unknown = map[string]string{
	"key": "key_01k5z3m9v8e2q4w6r8t0y2u4i6", "org": "org_01k5z3m9v8e2q4w6r8t0y2u4i6", "user": "usr_01k5z3m9v8e2q4w6r8t0y2u4i6",
}

// filled puts ids into a route's path: those given, else unknown ones.
func filled(r api.Route, ids map[string]string) string {
	path := r.Path
	for _, name := range r.Params() {
		id, ok := ids[name]
		if !ok {
			if id, ok = unknown[name]; !ok {
				id = "unknown"
			}
		}
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}
