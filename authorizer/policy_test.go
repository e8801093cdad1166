package authorizer_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"statgate/authorizer"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

const stage = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/live"

func load(t testing.TB, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// protected returns the routes that need a key.
func protected(c *contract.Contract) []api.Route {
	var list []api.Route
	for _, r := range api.For(c) {
		if !r.Open {
			list = append(list, r)
		}
	}
	return list
}

// concrete returns the method ARN of a request for the route, with value for each
// parameter.
func concrete(r api.Route, value string) string {
	return stage + "/" + strings.ReplaceAll(authorizer.Pattern(r), "*", value)
}

// everyPermission lists the permissions that the contract's routes need.
func everyPermission(c *contract.Contract) []string {
	seen := map[string]bool{}
	var all []string
	for _, r := range protected(c) {
		for _, p := range r.Permissions {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
	}
	return all
}

func checkPolicy(t *testing.T, c *contract.Contract, held []string, value string) {
	t.Helper()
	policy := authorizer.Policy(protected(c), held, stage)
	for _, r := range protected(c) {
		got, want := authorizer.Evaluate(policy, concrete(r, value)), r.Allowed(held)
		if want && !got {
			t.Errorf("%s: holding %v, %s is refused", c.Name, held, r.ID())
		}
		if got && !want {
			t.Errorf("%s: holding %v, %s is allowed", c.Name, held, r.ID())
		}
	}
}

func TestPolicyAllowsExactlyTheRoutesOfThePermissions(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		all := everyPermission(c)
		checkPolicy(t, c, nil, "x1")
		checkPolicy(t, c, all, "x1")
		checkPolicy(t, c, []string{"*:*"}, "x1")
		for _, p := range all {
			checkPolicy(t, c, []string{p}, "x1")
		}
	}
}

func TestWildcardAllowsNoRouteBelowItWithoutPermission(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	policy := authorizer.Policy(protected(c), []string{"teams:read"}, stage)
	if !authorizer.Evaluate(policy, stage+"/GET/v1/football/teams/arsenal-fc") {
		t.Error("teams:read does not reach the team")
	}
	if authorizer.Evaluate(policy, stage+"/GET/v1/football/teams/arsenal-fc/matches") {
		t.Error("teams:read reaches the team's matches, which need matches:read")
	}
}

func TestPolicyOfAnyPermissionAllowsHEADByOnePattern(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		for _, held := range [][]string{everyPermission(c), everyPermission(c)[:1], {"*:*"}} {
			policy := authorizer.Policy(protected(c), held, stage)
			heads := 0
			for _, s := range policy.Statement {
				for _, resource := range s.Resource {
					if strings.Contains(resource, "/HEAD/") {
						heads++
					}
				}
			}
			for _, r := range protected(c) {
				if r.Method != "GET" {
					continue
				}
				if head := stage + "/HEAD" + r.Path; !authorizer.Evaluate(policy, head) {
					t.Errorf("%s: holding %v, %s is refused; the gate is to check it", name, held, head)
				}
			}
			if heads != 1 {
				t.Errorf("%s: got %d patterns of HEAD, want 1", name, heads)
			}
		}
	}
	if policy := authorizer.Policy([]api.Route{{Method: "GET", Path: "/a", Permissions: []string{"a:read"}}}, nil, stage); authorizer.Evaluate(policy, stage+"/HEAD/a") {
		t.Error("a key that may call nothing may call HEAD")
	}
}

func TestWidestPolicyStaysUnder8KB(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		widest := 0
		for seed := range uint64(300) {
			raw, err := json.Marshal(authorizer.Policy(protected(c), subset(everyPermission(c), seed), stage))
			if err != nil {
				t.Fatal(err)
			}
			widest = max(widest, len(raw))
		}
		raw, err := json.Marshal(authorizer.Policy(protected(c), []string{"*:*"}, stage))
		if err != nil {
			t.Fatal(err)
		}
		if widest = max(widest, len(raw)); widest >= 8<<10 {
			t.Errorf("%s: the widest policy has %d bytes", name, widest)
		}
	}
}

func subset(all []string, seed uint64) []string {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var some []string
	for _, p := range all {
		if rnd.IntN(2) == 0 {
			some = append(some, p)
		}
	}
	return some
}

func FuzzPolicyNeverGrantsARouteWhosePermissionIsNotHeld(f *testing.F) {
	f.Add(uint64(1), "k1")
	f.Add(uint64(7), "self")
	f.Add(uint64(9), "a/usage")
	f.Add(uint64(11), "*")
	c := load(f, "statgate")
	all := everyPermission(c)
	f.Fuzz(func(t *testing.T, seed uint64, value string) {
		if strings.Contains(value, "/") || value == "" {
			return // a path parameter has no slash
		}
		held := subset(all, seed)
		policy := authorizer.Policy(protected(c), held, stage)
		for _, r := range protected(c) {
			if authorizer.Evaluate(policy, concrete(r, value)) && !r.Allowed(held) && !otherAllowed(c, r, value, held) {
				t.Errorf("holding %v, %s is allowed for %q", held, r.ID(), value)
			}
		}
	})
}

// otherAllowed reports whether a request with this value belongs to another route that is
// allowed: keys/self is not keys/{key}.
func otherAllowed(c *contract.Contract, r api.Route, value string, held []string) bool {
	for _, other := range protected(c) {
		if other.Operation != r.Operation && concrete(other, value) == concrete(r, value) && other.Allowed(held) {
			return true
		}
	}
	return false
}
