package deployment_test

import (
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

// TestChangeThatChangesNothingChangesNoVersion sends each PATCH and PUT without a field, and
// with the stored values. The object, its ETag and the audit trail stay as they are.
func TestChangeThatChangesNothingChangesNoVersion(t *testing.T) {
	t.Parallel()
	t.Run("statgate", func(t *testing.T) {
		t.Parallel()
		w := deploymenttest.New(t, "statgate")
		org, user := w.Org(t, "Writers", "TEAM", "writers@example.com")
		key, secret := w.Key(t, org, "writer", "read:matches", "read:teams", "read:leagues", "write:matches", "write:webhooks")
		match := ok(t, w.Call(t, secret, "POST", "/football/matches", friendly), 201)["id"].(string)
		hook := ok(t, w.Call(t, secret, "POST", "/webhooks", `{"url":"https://club.example/hook","types":["match.updated"]}`), 201)["id"].(string)
		ok(t, w.Call(t, w.Operator, "PATCH", "/keys/"+key, `{"metadata":{"b":1,"a":[2]}}`), 200)
		for _, c := range []struct {
			secret, path, target string
			bodies               []string
		}{
			{secret, "/football/matches/" + match, match, []string{`{}`, `{"status":"scheduled"}`, `{"kickoff_at":"2026-05-02T14:00:00Z"}`}},
			{secret, "/webhooks/" + hook, hook, []string{`{}`, `{"state":"enabled"}`, `{"url":"https://club.example/hook","types":["match.updated"],"leagues":[],"teams":[]}`}},
			{w.Operator, "/keys/" + key, key, []string{`{}`, `{"name":"writer"}`, `{"metadata":{"a":[2],"b":1}}`, `{"expires_at":null}`}},
			{w.Operator, "/orgs/" + org, org, []string{`{}`, `{"name":"Writers"}`, `{"name":"Writers","plan":"TEAM"}`}},
			{w.Operator, "/orgs/" + org + "/members/" + user, user, []string{`{}`, `{"email":"writers@example.com"}`, `{"role":"owner","state":"active"}`}},
		} {
			unchangedBy(t, w, c.secret, "PATCH", c.path, "/audit?org="+org+"&key="+c.target, c.bodies...)
		}
	})
	t.Run("teambattles", func(t *testing.T) {
		t.Parallel()
		w := deploymenttest.New(t, "teambattles")
		org, user := w.Org(t, "League", w.Contract.DefaultPlan, "league@example.com")
		for path, body := range map[string]string{
			"/contestants/team/lights":                           `{"slug":"lights","name":"Lights","members":[{"user":"` + user + `","state":"active"}]}`,
			"/contestants/team/alone":                            `{"slug":"alone","name":"Alone","members":[]}`,
			"/orgs/" + org + "/members/" + user + "/connections": `{"connections":[{"platform":"github","id":"1","name":"nelly"}]}`,
		} {
			ok(t, w.Call(t, w.Operator, "PUT", path, body), 200)
			unchangedBy(t, w, w.Operator, "PUT", path, "/audit?limit=100", body)
		}
	})
}

// unchangedBy makes changes and fails the test if the object or its trail differs.
func unchangedBy(t *testing.T, w *deploymenttest.Fixture, secret, method, path, trail string, bodies ...string) {
	t.Helper()
	entries := len(ok(t, w.Call(t, w.Operator, "GET", trail, ""), 200)["data"].([]any))
	before := w.Call(t, secret, "GET", path, "")
	for _, body := range bodies {
		if r := w.Call(t, secret, method, path, body); r.Status != 200 {
			t.Errorf("%s %s %s: got %d %s, want 200", method, path, body, r.Status, r.Body)
		}
		if after := w.Call(t, secret, "GET", path, ""); string(after.Body) != string(before.Body) && before.Status == 200 || after.Header.Get("ETag") != before.Header.Get("ETag") {
			t.Errorf("%s %s %s: got %s, before it was %s", method, path, body, after.Body, before.Body)
		}
		if got := len(ok(t, w.Call(t, w.Operator, "GET", trail, ""), 200)["data"].([]any)); got != entries {
			t.Errorf("%s %s %s: the trail has %d entries, want %d", method, path, body, got, entries)
		}
	}
}
