package deployment_test

import (
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

// TestViewsAndNamesMatchTheContractsDocument uses a contract that renames parameters,
// pages differently and has a view of matches. Every response is checked against the
// contract's own OpenAPI document.
func TestViewsAndNamesMatchTheContractsDocument(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "scorelytics")
	w.Simulate(t)
	org, _ := w.Org(t, "Views", "GROWTH", "v@example.com")
	_, secret := w.Key(t, org, "k", "read:matches", "read:leagues")
	r := w.Call(t, secret, "GET", "/football/matches?league_id=sim.1&limit=500", "")
	body := ok(t, r, 200)
	data := body["data"].([]any)
	first := data[0].(map[string]any)
	if len(data) != 200 || body["limit"] != 200.0 || body["total"] != 364.0 || body["next_cursor"] == nil {
		t.Errorf("got %d matches, limit %v, total %v", len(data), body["limit"], body["total"])
	}
	if len(first) != 13 || first["league_id"] != "sim.1" || first["status_code"] != 3.0 || first["kickoff_ts"].(float64) < 1e9 {
		t.Errorf("got %v", first)
	}
	next := ok(t, w.Call(t, secret, "GET", "/football/matches?league_id=sim.1&limit=500&after="+body["next_cursor"].(string), ""), 200)
	if len(next["data"].([]any)) != 164 {
		t.Errorf("the next page has %d matches, want 164", len(next["data"].([]any)))
	}
	ok(t, w.Call(t, secret, "GET", "/football/matches/"+first["id"].(string), ""), 200)
	h2h := ok(t, w.Call(t, secret, "GET", "/football/matches/"+first["id"].(string)+"/h2h", ""), 200)
	if met := h2h["matches"].([]any); len(met) == 0 || met[0].(map[string]any)["league_id"] != "sim.1" {
		t.Errorf("head-to-head does not show matches by the view: %v", h2h)
	}
	refused := w.Call(t, secret, "GET", "/football/matches?league=sim.1", "")
	if body := refused.JSON(t); refused.Status != 400 || body["code"] != "invalid_request" || !strings.HasPrefix(body["request_id"].(string), "req_") {
		t.Errorf("a parameter by our name: got %d %s, want 400", refused.Status, refused.Body)
	}
}
