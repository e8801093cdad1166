package deployment_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// private creates a finished match of the key's organisation. It returns the ids of the
// match and its teams.
func private(t *testing.T, w *deploymenttest.Fixture, secret, day, home, away string) (id, homeID, awayID string) {
	t.Helper()
	r := w.Call(t, secret, "POST", "/matches", fmt.Sprintf(
		`{"home":{"name":%q},"away":{"name":%q},"date":%q,"status":"finished","score":{"full_time":{"home":2,"away":1}}}`, home, away, day))
	var made struct {
		Data struct {
			ID         string
			Home, Away struct{ ID string }
		}
	}
	if err := json.Unmarshal(r.Body, &made); err != nil || r.Status != 201 {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return made.Data.ID, made.Data.Home.ID, made.Data.Away.ID
}

// ids returns the ids of a list's items.
func ids(t *testing.T, r deploymenttest.Reply) []string {
	t.Helper()
	var list struct {
		Data  []struct{ ID string }
		Total int
	}
	if err := json.Unmarshal(r.Body, &list); err != nil || r.Status != 200 {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	found := []string{}
	for _, one := range list.Data {
		found = append(found, one.ID)
	}
	if list.Total != len(found) {
		t.Errorf("got a total of %d and %d items", list.Total, len(found))
	}
	return found
}

// hidden is a deployment whose contract hides public data. It has public data and two
// organisations, whose teams have the same names.
type hidden struct {
	*deploymenttest.Fixture
	secret                  string // secret of a key of the first organisation
	own, foreign, published string // matches
	reds, golds, team       string // teams: own, foreign, public
}

// hide fills a deployment with the data that hidden describes.
func hide(t *testing.T, w *deploymenttest.Fixture) hidden {
	t.Helper()
	w.Simulate(t)
	h := hidden{Fixture: w}
	mine, _ := w.Org(t, "Mine", "STANDARD", "mine@example.com")
	theirs, _ := w.Org(t, "Theirs", "STANDARD", "theirs@example.com")
	_, h.secret = w.Key(t, mine, "k")
	_, other := w.Key(t, theirs, "k")
	h.own, h.reds, _ = private(t, w, h.secret, "2026-03-01", "Reds", "Blues")
	private(t, w, h.secret, "2026-03-08", "Blues", "Évian Greens")
	private(t, w, h.secret, "2024-03-08", "Blues", "Reds")
	h.foreign, _, _ = private(t, w, other, "2026-03-01", "Reds", "Blues")
	_, h.golds, _ = private(t, w, other, "2026-03-08", "Golds", "Blues")
	public, err := matches.NewStore(w.Stats, w.Clock.Now).Public().List(t.Context(), matches.Filter{}, matches.PageRequest{Limit: 1})
	if err != nil || len(public.Matches) != 1 {
		t.Fatalf("got %v, %v, want a public match", public, err)
	}
	h.published, h.team = public.Matches[0].ID, public.Matches[0].Home.ID
	return h
}

func TestKeySeesOnlyItsOwnOrganisationsDataWherePublicDataIsHidden(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.Fixture) {
		h := hide(t, w)
		get := func(path string) deploymenttest.Reply { return w.Call(t, h.secret, "GET", path, "") }
		for path, want := range map[string]int{
			"/teams": 3, "/teams?q=evian": 1, "/teams?q=gre": 1, "/teams?q=gol": 0, "/teams?q=%21": 0, "/matches": 3, "/matches?team=" + h.reds: 2,
			"/matches?status=finished": 3, "/matches?status=live": 0, "/matches?from=2026-03-01&to=2026-03-02": 1,
			"/teams/" + h.reds + "/matches": 2, "/matches?ids=" + h.own + "," + h.foreign + "," + h.published: 1,
		} {
			if got := ids(t, get(path)); len(got) != want {
				t.Errorf("%s: got %q, want %d", path, got, want)
			}
		}
		for path, want := range map[string]string{"/teams?offset=7": `{"data":[],"total":3}`, "/matches?offset=3": `{"data":[],"total":3}`} {
			if got := get(path); string(got.Body) != want {
				t.Errorf("%s: got %s, want %s", path, got.Body, want)
			}
		}
		met := ok(t, get("/matches/"+h.own+"/head-to-head"), 200)["data"].(map[string]any)
		if played := met["totals"].(map[string]any)["played"]; played != 2.0 {
			t.Errorf("head-to-head: got %v meetings, want the 2 of the organisation", played)
		}
	})
}

// TestLeaguesAreHiddenWherePublicDataIsHidden adds the routes of leagues to a contract
// that hides public data. Leagues and their seasons are always public.
func TestLeaguesAreHiddenWherePublicDataIsHidden(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../api/preset/presets/fullengage.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "leagues.yaml")
	named := strings.Replace(string(raw), "operations:\n", "operations:\n  listLeagues: {}\n  getLeague: {}\n  listSeasons: {}\n  getStandings: {}\n", 1)
	if err := os.WriteFile(file, []byte(named), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hide(t, deploymenttest.New(t, file))
	if r := h.Call(t, h.secret, "GET", "/football/leagues", ""); r.Status != 200 || string(r.Body) != `{"data":[],"total":0}` {
		t.Errorf("leagues: got %d %s", r.Status, r.Body)
	}
	for _, path := range []string{"", "/seasons", "/standings"} {
		for _, id := range []string{"sim.1", "unknown"} {
			if r := h.Call(t, h.secret, "GET", "/football/leagues/"+id+path, ""); r.Status != 404 || string(r.Body) != `{"error":"Not found"}` {
				t.Errorf("%s%s: got %d %s", id, path, r.Status, r.Body)
			}
		}
	}
}

// unreachable returns paths in threes: of another organisation's resource, of a public
// one and of one that does not exist.
func (h hidden) unreachable() [][3]string {
	const missing = "00000000-0000-8000-8000-000000000000"
	var all [][3]string
	for _, c := range []struct{ path, foreign, public string }{
		{"/matches/%s", h.foreign, h.published}, {"/matches/%s/head-to-head", h.foreign, h.published},
		{"/teams/%s", h.golds, ""}, {"/teams/%s/matches", h.golds, ""}, {"/matches?team=%s", h.golds, ""},
		{"/teams/%s", "none", h.team}, {"/matches?league=%s", "none", "sim.1"}, {"/teams?league=%s", "none", "sim.1"},
	} {
		three := [3]string{}
		for i, id := range []string{c.foreign, cmp.Or(c.public, missing), missing} {
			if c.foreign == "none" && i == 2 {
				id = "unknown" // does not exist, but has the form of a public id
			}
			three[i] = fmt.Sprintf(c.path, id)
		}
		all = append(all, three)
	}
	return all
}

func TestForeignAndHiddenRecordsAreAnsweredExactlyLikeMissingOnes(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.Fixture) {
		h := hide(t, w)
		for _, paths := range h.unreachable() {
			for _, path := range paths {
				if r := w.Call(t, h.secret, "GET", path, ""); r.Status != 404 || string(r.Body) != `{"error":"Not found"}` {
					t.Errorf("%s: got %d %s", path, r.Status, r.Body)
				}
			}
		}
	})
}

// TestForeignRecordsCostTheSameReadsAsMissingOnes counts the table calls of each request,
// so that response times reveal nothing either.
func TestForeignRecordsCostTheSameReadsAsMissingOnes(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, stats := tabletest.NewFaulty(db.Table("keys")), tabletest.NewFaulty(db.Table("stats"))
	h := hide(t, deploymenttest.On(t, "fullengage", map[string]table.Table{"keys": keys, "stats": stats}))
	h.Call(t, h.secret, "GET", "/matches", "") // so that the policy is cached
	for _, paths := range h.unreachable() {
		var costs [3]string
		for i, path := range paths {
			before := [2]int{len(keys.Calls()), len(stats.Calls())}
			h.Call(t, h.secret, "GET", path, "")
			for _, c := range append(slices.Clone(keys.Calls()[before[0]:]), stats.Calls()[before[1]:]...) {
				costs[i] += fmt.Sprintf("%s of %d; ", c.Method, len(c.Keys))
			}
		}
		if costs[0] != costs[2] || costs[1] != costs[2] || costs[2] == "" {
			t.Errorf("%s: foreign %s, public %s, missing %s", paths[0], costs[0], costs[1], costs[2])
		}
	}
}

func TestForeignMatchTakesTheTimeOfAMissingOne(t *testing.T) {
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.Fixture) {
		h := hide(t, w)
		paths := []string{"/matches/" + h.foreign, "/matches/" + "00000000-0000-8000-8000-000000000000"}
		// A difference that the program makes shows in every round. One that another
		// process makes does not.
		for round := 1; ; round++ {
			foreign, missing, noise := compareTimes(t, w, h.secret, paths)
			if (foreign - missing).Abs() <= 3*noise+missing/10 {
				return
			}
			if round == 6 {
				t.Fatalf("medians of 200: foreign %s, missing %s; halves of the same differ by %s", foreign, missing, noise)
			}
		}
	})
}

// compareTimes returns the median times of two requests, and the difference between two
// halves of the same one. The requests alternate, so that load on the machine slows both.
func compareTimes(t *testing.T, w *deploymenttest.Fixture, secret string, paths []string) (first, second, noise time.Duration) {
	t.Helper()
	var took [2][2][]time.Duration
	for i := range 400 {
		which, half := i%2, i/2%2
		start := time.Now()
		r, err := w.Try(secret, "GET", w.Base+paths[which], "")
		if took[which][half] = append(took[which][half], time.Since(start)); err != nil || r.Status != 404 {
			t.Fatalf("got %d %s, %v", r.Status, r.Body, err)
		}
	}
	first, second = median(slices.Concat(took[0][0], took[0][1])), median(slices.Concat(took[1][0], took[1][1]))
	noise = max((median(took[0][0]) - median(took[0][1])).Abs(), (median(took[1][0]) - median(took[1][1])).Abs())
	return first, second, noise
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

func TestRefusalOfAKeyWithoutScopesNamesItsRoleAndNoScopes(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "fullengage")
	org, _ := w.Org(t, "Team", "STANDARD", "o@example.com")
	_, admin := w.Key(t, org, "admin", "keys:write", "orgs:write")
	member := ok(t, w.Call(t, admin, "POST", "/orgs/"+org+"/members", `{"email":"m@example.com","role":"member"}`), 201)["data"].(map[string]any)["user"].(string)
	key := ok(t, w.Call(t, admin, "POST", "/keys", `{"name":"k","expires_in":"30d","user":"`+member+`"}`), 201)["data"].(map[string]any)["secret"].(string)
	r := w.Call(t, key, "DELETE", "/matches/x", "")
	if r.Status != 403 || !strings.Contains(string(r.Body), "role") || strings.Contains(string(r.Body), "held") {
		t.Errorf("got %d %s, want the role and no scopes", r.Status, r.Body)
	}
}
