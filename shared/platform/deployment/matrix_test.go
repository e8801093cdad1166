package deployment_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/authorizer"
	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// TestPolicyAndGateAgreeOnEveryPermissionAndRoute checks for each contract whether policy
// and gate allow each route to a key with one permission or one scope. Both must match
// one expectation, and both must refuse with the contract's error.
func TestPolicyAndGateAgreeOnEveryPermissionAndRoute(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := preset.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			m := newMatrix(t, c)
			for row, held := range holdings(t, c) {
				m.row(t, row, held)
			}
			if m.allowed == 0 || m.refused == 0 {
				t.Errorf("got %d allowed and %d refused, want some of each", m.allowed, m.refused)
			}
			t.Logf("%d allowed, %d refused alike by policy and gate", m.allowed, m.refused)
		})
	}
}

// holdings returns sets of permissions by name: none, each permission that a route
// needs, and what each scope grants.
func holdings(t *testing.T, c *contract.Contract) map[string][]string {
	t.Helper()
	all := map[string][]string{"nothing": {}}
	for _, r := range api.For(c) {
		for _, p := range r.Permissions {
			all["permission "+p] = []string{p}
		}
	}
	for _, name := range c.Scopes.Names() {
		grants, err := c.Scopes.Permissions([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		all["scope "+name] = grants
	}
	return all
}

// expected reports whether policy and gate must allow a route. It matches no patterns,
// as holdings lists each permission in full.
func expected(held []string, r api.Route) bool {
	return len(r.Permissions) == 0 || slices.ContainsFunc(r.Permissions, func(p string) bool { return slices.Contains(held, p) })
}

type matrix struct {
	contract         *contract.Contract
	gate             *gate.Gate
	denied           api.GatewayResponse // API Gateway's answer when the policy refuses
	allowed, refused int
}

func newMatrix(t *testing.T, c *contract.Contract) *matrix {
	t.Helper()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	m := &matrix{contract: c, gate: gate.New(db.Table(table.Keys.Name), time.Now)}
	m.gate.Scopes, m.gate.Patience = c.Scopes, 20*time.Second
	for _, r := range api.GatewayResponses(c) {
		if r.Type == "ACCESS_DENIED" {
			m.denied = r
		}
	}
	return m
}

// arn is the ARN of the stage in the policies.
const arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/live"

func (m *matrix) row(t *testing.T, name string, held []string) {
	t.Helper()
	var keyed []api.Route
	for _, r := range api.For(m.contract) {
		if !r.Open {
			keyed = append(keyed, r)
		}
	}
	caller := &api.Caller{Key: "key_" + strings.ReplaceAll(name, " ", "_"), Secret: "s", Org: "org_1", User: "usr_1", Role: api.RoleOwner,
		Standing: api.StandingActive, Contract: m.contract.Name, Permissions: held, Limits: map[string]contract.Budget{}, Version: 1}
	if err := m.gate.Create(context.Background(), caller.Key); err != nil {
		t.Fatal(err)
	}
	policy := authorizer.Policy(keyed, held, arn)
	for _, r := range keyed {
		want := expected(held, r)
		path := strings.NewReplacer("{", "", "}", "").Replace(r.Path) // the parameter's name serves as its value
		if got := authorizer.Evaluate(policy, arn+"/"+r.Method+path); got != want {
			t.Errorf("%s, %s: the policy says %t, want %t", name, r.ID(), got, want)
		}
		_, err := m.gate.Admit(context.Background(), caller, r, contract.Requests)
		if (err == nil) != want {
			t.Errorf("%s, %s: the gate says %v, want admission %t", name, r.ID(), err, want)
		}
		if want {
			m.allowed++
			continue
		}
		m.refused++
		refusal := api.Encoder{Contract: m.contract}.Error("r", api.ErrorOf(err))
		if cond := m.contract.Condition(api.Permission); !m.matches(cond, refusal.Status, string(refusal.Body)) || !m.matches(cond, m.denied.Status, m.denied.Template) {
			t.Errorf("%s, %s: refused with %d %s by the gate, %d %s by the policy, want %d %s of both",
				name, r.ID(), refusal.Status, refusal.Body, m.denied.Status, m.denied.Template, cond.Status, cond.Code)
		}
	}
}

// matches reports whether an answer has the condition's status and, if the contract's
// errors have a code, its code.
func (m *matrix) matches(cond contract.Condition, status int, body string) bool {
	coded := slices.ContainsFunc(m.contract.Shapes.Error.Fields, func(f contract.Field) bool { return f.Node.Slot == "code" })
	return status == cond.Status && (!coded || strings.Contains(body, `"`+cond.Code+`"`))
}
