package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// eachPreset runs a test on each preset.
func eachPreset(t *testing.T, test func(t *testing.T, c *contract.Contract)) {
	t.Helper()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := preset.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, c)
		})
	}
}

func TestEvery401HasAChallengeAndNoOtherStatusHasOne(t *testing.T) {
	t.Parallel()
	eachPreset(t, func(t *testing.T, c *contract.Contract) {
		refused := 0
		check := func(what string, status int, headers map[string]string) {
			want := map[bool]string{true: "Bearer"}[status == http.StatusUnauthorized]
			if got := headers["WWW-Authenticate"]; got != want {
				t.Errorf("%s: %d has WWW-Authenticate %q, want %q", what, status, got, want)
			}
			if status == http.StatusUnauthorized {
				refused++
			}
		}
		for _, r := range api.GatewayResponses(c) {
			check(r.Type, r.Status, r.Headers)
		}
		for _, condition := range api.Conditions {
			a := api.Encoder{Contract: c}.Error("r", api.Fail(condition, "refused"))
			check(condition, a.Status, a.Header)
		}
		for _, m := range api.Mocks(c, "") {
			check(m.Method+" "+m.Path, m.Status, m.Headers)
		}
		if refused < 8 {
			t.Errorf("only %d answers were a 401", refused)
		}
	})
}

func TestAllowAndPreflightListEveryMethodOfThePath(t *testing.T) {
	t.Parallel()
	eachPreset(t, func(t *testing.T, c *contract.Contract) {
		methods, all, sameOrigin := map[string][]string{}, []string{"OPTIONS"}, map[string]bool{}
		for _, r := range api.For(c) {
			sameOrigin[r.Path] = r.SameOrigin
			of := []string{r.Method, "OPTIONS"}
			if r.Method == "GET" {
				of = append(of, "HEAD")
			}
			methods[r.Path] = append(methods[r.Path], of...)
			all = append(all, of...)
		}
		for _, m := range api.Mocks(c, "") {
			want, listed := methods[m.Path], m.Headers["Access-Control-Allow-Methods"]
			switch {
			case want == nil && m.Method == "OPTIONS": // an unknown path
				want = all
			case want == nil:
				continue
			case m.Method == "ANY":
				listed = m.Headers["Allow"]
			case sameOrigin[m.Path]:
				want = nil
			}
			want = slices.Clone(want)
			slices.Sort(want)
			if got := strings.Join(slices.Compact(want), ", "); got != listed {
				t.Errorf("%s %s: lists %q, want %q", m.Method, m.Path, listed, got)
			}
			for name := range m.Headers {
				if sameOrigin[m.Path] && strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: has the header %s, want none for other origins", m.Method, m.Path, name)
				}
			}
		}
	})
}

func TestRefusalByThePolicyNamesEveryCause(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("teambattles")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range api.GatewayResponses(c) {
		if g.Type != "ACCESS_DENIED" {
			continue
		}
		for _, cause := range []string{"scope", "role", "approval", "maker of its secret", "$context.authorizer.scopes", "getSelf"} {
			if !strings.Contains(g.Template, cause) {
				t.Errorf("got %s, want it to name %q", g.Template, cause)
			}
		}
		return
	}
	t.Error("ACCESS_DENIED has no response")
}
