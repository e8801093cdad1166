package suite

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// endpoint is a data route without parameters, and the narrowest scopes that open it.
type endpoint struct {
	route  api.Route
	scopes []string
}

// call sends a request to the endpoint.
func (t *T) call(secret string, d endpoint, headers ...string) Reply {
	return t.send(request{method: d.route.Method, path: d.route.Path, secret: secret, headers: headers})
}

// endpoints lists the GET routes that cost quota and have no parameters. It leaves out the change
// feed, because each match that another case writes changes its answer.
func (fx *fixture) endpoints() []endpoint {
	var found []endpoint
	for _, r := range fx.deployed {
		if r.Cost == 0 || r.Method != http.MethodGet || len(r.Params()) > 0 || r.Operation == "listChanges" {
			continue
		}
		if scopes, ok := fx.narrowestScope(r); ok {
			found = append(found, endpoint{r, scopes})
		}
	}
	return found
}

// narrowestScope returns the data scope that opens a route and the fewest others. It returns no
// scopes where the contract's keys have none.
func (fx *fixture) narrowestScope(r api.Route) ([]string, bool) {
	s := fx.contract.Scopes
	if s.Style == "role" {
		return []string{}, true
	}
	best, fewest := "", len(fx.deployed)+1
	for _, name := range fx.dataScopes() {
		patterns, err := s.Permissions([]string{name})
		if err != nil || !r.Allowed(patterns) {
			continue
		}
		if n := fx.reach(patterns); n < fewest {
			best, fewest = name, n
		}
	}
	return []string{best}, best != ""
}

// needsApproval reports whether only scopes that need an approval open a route.
func (fx *fixture) needsApproval(r api.Route) bool {
	return len(r.Permissions) > 0 && !slices.ContainsFunc(r.Permissions, func(p string) bool { return fx.contract.Scopes.NeedFor(p) == "" })
}

func (fx *fixture) reach(patterns []string) int {
	n := 0
	for _, r := range fx.deployed {
		if r.Allowed(patterns) {
			n++
		}
	}
	return n
}

// endpoint returns the route that most cases call.
func (t *T) endpoint() endpoint {
	found := t.endpoints()
	if len(found) == 0 {
		t.NotApplicable("the contract has no list that a single scope opens")
	}
	return found[0]
}

// twoEndpoints returns two routes whose scopes do not open each other.
func (t *T) twoEndpoints() (endpoint, endpoint) {
	found := t.endpoints()
	for _, a := range found {
		for _, b := range found {
			if !t.opens(a.scopes, b.route) && !t.opens(b.scopes, a.route) {
				return a, b
			}
		}
	}
	t.NotApplicable("the contract has no two scopes that open different lists")
	return endpoint{}, endpoint{}
}

func (fx *fixture) opens(scopes []string, r api.Route) bool {
	patterns, err := fx.contract.Scopes.Permissions(scopes)
	return err == nil && (fx.contract.Scopes.Style == "role" && !r.Management || r.Allowed(patterns))
}

// dataScopes lists the scopes for data, without those that need an approval.
func (fx *fixture) dataScopes() []string {
	return slices.DeleteFunc(fx.contract.Scopes.Names(), func(name string) bool {
		return fx.contract.Scopes.IsManagementScope(name) || fx.contract.Scopes.Needs(name) != ""
	})
}

// readScopes lists the data scopes that only read.
func (fx *fixture) readScopes() []string {
	return slices.DeleteFunc(fx.dataScopes(), func(name string) bool {
		patterns, err := fx.contract.Scopes.Permissions([]string{name})
		return err != nil || slices.ContainsFunc(patterns, writes)
	})
}

func writes(pattern string) bool {
	_, verb, _ := strings.Cut(pattern, ":")
	return verb == "write" || verb == "*"
}

// manageScopes lists every scope of key management.
func (fx *fixture) manageScopes() []string {
	return slices.DeleteFunc(fx.contract.Scopes.Names(), func(name string) bool { return !fx.contract.Scopes.IsManagementScope(name) })
}

// manageScopeFor returns a management scope that opens an operation.
func (t *T) manageScopeFor(operation string) []string {
	for _, name := range t.manageScopes() {
		if t.opens([]string{name}, t.routes[operation]) {
			return []string{name}
		}
	}
	t.Fatalf("no management scope reaches %s", operation)
	return nil
}

// writeScope returns a data scope that writes, "" for none.
func (fx *fixture) writeScope() string {
	for _, name := range fx.dataScopes() {
		patterns, err := fx.contract.Scopes.Permissions([]string{name})
		if err == nil && slices.ContainsFunc(patterns, writes) {
			return name
		}
	}
	return ""
}

// limit returns how many requests a plan allows in a window.
func limit(p contract.Plan) int64 { return p.Budgets[contract.Requests].Limit }

// largest returns the plan with the most keys, and among those the one with the largest quota.
func (fx *fixture) largest() contract.Plan {
	return slices.MaxFunc(fx.contract.Plans, func(a, b contract.Plan) int {
		return cmp.Or(cmp.Compare(a.Keys, b.Keys), cmp.Compare(limit(a), limit(b)))
	})
}

// room returns how many keys a plan leaves beside the owner's management key, which reaches data
// and so counts where the owner's role decides.
func (fx *fixture) room(p contract.Plan) int {
	if fx.contract.Scopes.Style == "role" {
		return p.Keys - 1
	}
	return p.Keys
}

// scarcest returns the plan with the smallest quota, even if it has few or no keys. Keys are
// created on a larger plan, and kept when the organisation changes to this one.
func (fx *fixture) scarcest() contract.Plan {
	return slices.MinFunc(fx.contract.Plans, func(a, b contract.Plan) int { return int(limit(a) - limit(b)) })
}

// fewestKeys returns the plan with the fewest keys, preferring plans with more than one.
func (t *T) fewestKeys() contract.Plan {
	least := contract.Plan{}
	for _, p := range t.contract.Plans {
		if p.Keys > 0 && (least.Keys == 0 || p.Keys < least.Keys && p.Keys > 1 || least.Keys == 1 && p.Keys > 1) {
			least = p
		}
	}
	if least.Keys == 0 {
		t.NotApplicable("no plan of the contract has keys")
	}
	return least
}

// keyedRoutes lists the routes that need a key.
func (fx *fixture) keyedRoutes() []api.Route {
	return slices.DeleteFunc(slices.Clone(fx.deployed), func(r api.Route) bool { return r.Open })
}

// unknownIDs are well-formed ids that were never assigned.
var unknownIDs = map[string]string{
	"key": "key_01k5z3m9v8e2q4w6r8t0y2u4i6", "org": "org_01k5z3m9v8e2q4w6r8t0y2u4i6", "user": "usr_01k5z3m9v8e2q4w6r8t0y2u4i6",
}

// pathOf replaces the parameters of a route's path by ids: the given ones, else unknown ones.
func pathOf(r api.Route, ids map[string]string) string {
	path := r.Path
	for _, name := range r.Params() {
		id, ok := ids[name]
		if !ok {
			if id, ok = unknownIDs[name]; !ok {
				id = "unknown"
			}
		}
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}
