package deployment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

func TestAWebhookFilterOfAnUnknownLeagueOrTeamIsRefusedByFieldAndIndex(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		w.Simulate(t)
		key := func(name string) string {
			org, _ := w.Org(t, name, "TEAM", strings.ToLower(name)+"@example.com")
			_, secret := w.Key(t, org, name, "read:matches", "write:matches", "read:webhooks", "write:webhooks")
			return secret
		}
		mine, theirs := key("Mine"), key("Theirs")
		own := func(secret string) string {
			m := ok(t, w.Call(t, secret, "POST", "/football/matches", friendly), 201)
			return m["home"].(map[string]any)["id"].(string)
		}
		ownTeam, theirTeam := own(mine), own(theirs)
		public := ok(t, w.Call(t, mine, "GET", "/football/matches?league=sim.1&limit=1", ""), 200)["data"].([]any)[0].(map[string]any)["home"].(map[string]any)["id"].(string)
		hook := ok(t, w.Call(t, mine, "POST", "/webhooks", `{"url":"https://example.com/a"}`), 201)["id"].(string)
		for filters, want := range map[string][]string{
			`"leagues":["sim.1"],"teams":["` + ownTeam + `","` + public + `"]`: nil,
			`"leagues":[],"teams":[]`:             nil,
			`"leagues":["sim.1","sim.1","en.99"]`: {"leagues[2]"},
			`"leagues":["zz.1"],"teams":["` + public + `","unknown-fc","` + theirTeam + `"]`: {"leagues[0]", "teams[1]", "teams[2]"},
		} {
			for request, r := range map[string]deploymenttest.Reply{
				"create": w.Call(t, mine, "POST", "/webhooks", `{"url":"https://example.com/b",`+filters+`}`),
				"update": w.Call(t, mine, "PATCH", "/webhooks/"+hook, `{`+filters+`}`),
			} {
				if want == nil {
					if r.Status != 200 && r.Status != 201 {
						t.Errorf("%s %s: got %d %s", request, filters, r.Status, r.Body)
					}
					continue
				}
				isError(t, r, 422, "validation_failed")
				fields, _ := r.JSON(t)["details"].(map[string]any)["fieldErrors"].(map[string]any)
				var named []string
				for field := range fields {
					named = append(named, field)
				}
				slices.Sort(named)
				if fmt.Sprint(named) != fmt.Sprint(want) {
					t.Errorf("%s %s: got errors of %v, want %v", request, filters, named, want)
				}
			}
		}
		if state := ok(t, w.Call(t, mine, "GET", "/webhooks/"+hook, ""), 200)["leagues"]; fmt.Sprint(state) == "[zz.1]" {
			t.Error("a refused update was made")
		}
		isError(t, w.Call(t, mine, "PATCH", "/webhooks/whk_01k5z3m9v8e2q4w6r8t0y2u4i6", `{"leagues":["zz.1"]}`), 404, "not_found")
	})
}

// A server that is stopped while it reads what an earlier process left has not failed.
func TestBackgroundWorkThatIsStoppedAtItsStartHasNotFailed(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Run(stopped); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}
