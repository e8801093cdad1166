package deployment_test

import (
	"fmt"
	"testing"
	"time"

	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// TestSessionsSurviveAStoreThatFailsAtAnyCall lets each call of a sign-in, a renewal and a
// sign-out fail or lose its answer in turn, for all its repetitions.
func TestSessionsSurviveAStoreThatFailsAtAnyCall(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	faulty := tabletest.NewFaulty(db.Table("keys"))
	w := deploymenttest.On(t, "statgate", map[string]table.Table{"keys": faulty, "stats": db.Table("stats")})
	w.Gate.Patience = 20 * time.Second
	// failing runs a call with faults from the n-th call of the store on, and reports whether
	// there was one.
	failing := func(n int, fault tabletest.Fault, call func()) bool {
		seen := 0
		faulty.Follow(func(tabletest.Call) (tabletest.Fault, time.Duration) {
			if seen++; seen >= n {
				return fault, 0
			}
			return tabletest.None, 0
		})
		call()
		faulty.Heal()
		return seen >= n
	}
	for _, fault := range []tabletest.Fault{tabletest.Unavailable, tabletest.Throttled, tabletest.Lost} {
		for n, reached := 1, true; reached; n++ {
			reached = signInWith(t, w, fmt.Sprintf("fault %d at call %d", fault, n), func(call func()) bool { return failing(n, fault, call) })
		}
	}
}

func signInWith(t *testing.T, w *deploymenttest.Fixture, when string, failing func(call func()) bool) bool {
	t.Helper()
	org, user := w.Org(t, "Faults", "TEAM", "o@example.com")
	_, secret := w.Key(t, org, "signs in", "keys:read", "keys:write")
	body := map[string]string{"start": fmt.Sprintf(`{"link":%q}`, link(t, w, w.Operator, org, user)), "renew": "{}", "end": "{}"}
	b, reached := &browser{w: w}, false
	for _, verb := range []string{"start", "renew", "end"} {
		var r deploymenttest.Reply
		reached = failing(func() { r = b.post(t, verb, body[verb]) }) || reached
		if r.Status >= 300 && (r.Status != 503 || r.Header.Get("Set-Cookie") != "" || r.Header.Get("Retry-After") == "") {
			t.Fatalf("%s: %s: got %d %s, cookie %q", when, verb, r.Status, r.Body, r.Header.Get("Set-Cookie"))
		}
		if r.Status >= 300 {
			r = b.post(t, verb, body[verb])
		}
		switch {
		case verb == "start" && r.Status == 401: // the link was used up, and its session's answer was lost
			b.take(t, b.post(t, "start", fmt.Sprintf(`{"key":%q}`, secret)))
		case verb == "end" && r.Status != 204, verb != "end" && r.Status != 200:
			t.Fatalf("%s: %s again: got %d %s", when, verb, r.Status, r.Body)
		case verb != "end":
			b.take(t, r)
		}
	}
	isError(t, w.Call(t, b.access, "GET", "/keys/self", ""), 401, "unauthorized")
	listed := ok(t, w.Call(t, secret, "GET", "/sessions", ""), 200)["data"].([]any)
	if len(listed) > 1 {
		t.Errorf("%s: %d sessions are left, want at most the one whose answer was lost", when, len(listed))
	}
	return reached
}
