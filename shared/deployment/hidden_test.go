package deployment_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/deployment/deploymenttest"
	"statgate/shared/matches"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// private stores a finished match of an organisation's own, and returns its id.
func private(t *testing.T, w *deploymenttest.World, org, season, day, home, away string) string {
	t.Helper()
	m := matches.Match{League: "cup", Season: season, Owner: org, Date: day, Status: matches.Finished,
		Home: matches.Side{ID: home, Name: strings.ToUpper(home)}, Away: matches.Side{ID: away, Name: strings.ToUpper(away)},
		Score: matches.Score{FullTime: &matches.Goals{Home: 2, Away: 1}}}
	matchday := 1
	m.Matchday, m.Score.Winner = &matchday, matches.Winner(m.Status, m.Score)
	m.ID = matches.IdentityOf(&m).ID(org, 0)
	r := &matches.Record{Match: m, HomeAs: m.Home.Name, AwayAs: m.Away.Name}
	if err := matches.NewStore(w.Stats, w.Clock.Now).Apply(t.Context(), []matches.Change{{After: r}}); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

// ids are the ids of a list.
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
		t.Errorf("the total is %d, of %d", list.Total, len(found))
	}
	return found
}

// hidden is a deployment that hides public data, with public data in it, and two
// organisations with matches in a league of the same name.
type hidden struct {
	*deploymenttest.World
	secret                  string // of a key of the first organisation
	own, foreign, published string // matches
	team                    string // a public team
}

func hide(t *testing.T, w *deploymenttest.World) hidden {
	t.Helper()
	w.Simulate(t)
	h := hidden{World: w}
	mine, _ := w.Org(t, "Mine", "STANDARD", "mine@example.com")
	theirs, _ := w.Org(t, "Theirs", "STANDARD", "theirs@example.com")
	_, h.secret = w.Key(t, mine, "k")
	h.own = private(t, w, mine, "2026", "2026-03-01", "reds", "blues")
	private(t, w, mine, "2026", "2026-03-08", "blues", "greens")
	private(t, w, mine, "2024", "2024-03-08", "blues", "reds")
	h.foreign = private(t, w, theirs, "2025", "2025-03-01", "reds", "blues")
	private(t, w, theirs, "2025", "2025-03-08", "golds", "blues")
	public, err := matches.NewStore(w.Stats, w.Clock.Now).List(t.Context(), matches.Filter{}, []string{matches.Public}, matches.PageRequest{Limit: 1})
	if err != nil || len(public.Matches) != 1 {
		t.Fatalf("got %v, %v, want a public match", public, err)
	}
	h.published, h.team = public.Matches[0].ID, public.Matches[0].Home.ID
	return h
}

func TestKeyOfAContractThatHidesPublicDataSeesItsOwnOrganisationsAlone(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.World) {
		h := hide(t, w)
		get := func(path string) deploymenttest.Reply { return w.Call(t, h.secret, "GET", path, "") }
		for path, want := range map[string][]string{
			"/leagues": {"cup"}, "/leagues?country=ENG": {}, "/leagues/cup/seasons": {"2026", "2024"},
			"/teams": {"blues", "greens", "reds"}, "/teams?league=cup": {"blues", "greens", "reds"}, "/teams?league=cup&season=2024": {"blues", "reds"},
			"/teams?q=gre": {"greens"}, "/teams?q=gol": {}, "/teams?limit=100&offset=7": nil,
			"/matches?ids=" + h.own + "," + h.foreign + "," + h.published: {h.own},
		} {
			if got := get(path); want == nil && !strings.Contains(string(got.Body), `{"data":[],"total":3}`) || want != nil && !reflect.DeepEqual(ids(t, got), want) {
				t.Errorf("%s: got %s, want %q", path, got.Body, want)
			}
		}
		for path, want := range map[string]int{"/matches": 3, "/matches?league=cup": 3, "/matches?league=cup&season=2026": 2, "/matches?team=reds": 2,
			"/matches?status=finished": 3, "/matches?from=2026-03-01&to=2026-03-02": 1, "/teams/blues/matches": 3, "/matches?league=cup&season=2026&status=finished": 2} {
			if got := ids(t, get(path)); len(got) != want {
				t.Errorf("%s: got %q, want %d", path, got, want)
			}
		}
		table := ok(t, get("/leagues/cup/standings"), 200)["data"].(map[string]any)
		if rows := table["data"].([]any); len(rows) != 3 || table["season"] != "2026" || rows[0].(map[string]any)["played"] == 0.0 {
			t.Errorf("standings: got %v, want the three teams of 2026", table)
		}
		met := ok(t, get("/matches/"+h.own+"/head-to-head"), 200)["data"].(map[string]any)
		if played := met["totals"].(map[string]any)["played"]; played != 2.0 {
			t.Errorf("head-to-head: got %v meetings, want the 2 of the organisation", played)
		}
	})
}

// strangers are requests in threes: for what is another organisation's, for what
// is public, and for what nobody has.
func (h hidden) strangers() [][3]string {
	var all [][3]string
	for _, c := range []struct{ path, foreign, public string }{
		{"/matches/%s", h.foreign, h.published}, {"/matches/%s/head-to-head", h.foreign, h.published},
		{"/teams/%s", "golds", h.team}, {"/teams/%s/matches", "golds", h.team}, {"/matches?team=%s", "golds", h.team},
		{"/leagues/cup/standings?season=%s", "2025", "2025"}, {"/matches?league=cup&season=%s", "2025", "2025"},
		{"/leagues/%s", "sim.1", "sim.1"}, {"/leagues/%s/standings", "sim.1", "sim.1"}, {"/leagues/%s/seasons", "sim.1", "sim.1"},
		{"/matches?league=%s", "sim.1", "sim.1"}, {"/teams?league=%s", "sim.1", "sim.1"},
	} {
		missing := strings.Repeat("z", len(c.foreign))
		all = append(all, [3]string{fmt.Sprintf(c.path, c.foreign), fmt.Sprintf(c.path, c.public), fmt.Sprintf(c.path, missing)})
	}
	return all
}

func TestForeignAndHiddenRecordsAnswerByteForByteLikeMissingOnes(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.World) {
		h := hide(t, w)
		for _, paths := range h.strangers() {
			for _, path := range paths {
				if r := w.Call(t, h.secret, "GET", path, ""); r.Status != 404 || string(r.Body) != `{"error":"Not found"}` {
					t.Errorf("%s: got %d %s", path, r.Status, r.Body)
				}
			}
		}
	})
}

// TestForeignRecordsCostTheSameReadsAsMissingOnes counts what each request asks of
// the tables: whoever measures time can learn from it no more than from this.
func TestForeignRecordsCostTheSameReadsAsMissingOnes(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, stats := tabletest.NewFaulty(db.Table("keys")), tabletest.NewFaulty(db.Table("stats"))
	h := hide(t, deploymenttest.On(t, "fullengage", map[string]table.Table{"keys": keys, "stats": stats}))
	h.Call(t, h.secret, "GET", "/matches", "") // the authorizer's reads are behind us
	for _, paths := range h.strangers() {
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
	deploymenttest.Engines(t, "fullengage", func(t *testing.T, w *deploymenttest.World) {
		h := hide(t, w)
		paths := []string{"/matches/" + h.foreign, "/matches/" + strings.Repeat("z", len(h.foreign))}
		// Taken in turn, so that what slows the machine down slows both; the two that
		// are compared with each other are as alike as two halves of the same are.
		var took [2][2][]time.Duration
		for i := range 800 {
			which, half := i%2, i/2%2
			begun := time.Now()
			r, err := w.Try(h.secret, "GET", w.Base+paths[which], "")
			if took[which][half] = append(took[which][half], time.Since(begun)); err != nil || r.Status != 404 {
				t.Fatalf("got %d %s, %v", r.Status, r.Body, err)
			}
		}
		foreign, missing := median(slices.Concat(took[0][0], took[0][1])), median(slices.Concat(took[1][0], took[1][1]))
		noise := max((median(took[0][0]) - median(took[0][1])).Abs(), (median(took[1][0]) - median(took[1][1])).Abs())
		t.Logf("foreign %s, missing %s, halves of the same differ by %s", foreign, missing, noise)
		if apart := (foreign - missing).Abs(); apart > 3*noise+missing/10 {
			t.Errorf("medians of 400: foreign %s, missing %s; halves of the same differ by %s", foreign, missing, noise)
		}
	})
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
