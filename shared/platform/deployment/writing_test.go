package deployment_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

const friendly = `{"home":{"name":"Harbour Works"},"away":{"name":"Old Mill"},"kickoff_at":"2026-05-02T16:00:00+02:00","round":"Friendly"}`

// writerOf creates an organisation and a key that reads and writes its matches.
func writerOf(t *testing.T, w *deploymenttest.Fixture, name string) (org, secret string) {
	t.Helper()
	org, _ = w.Org(t, name, "TEAM", strings.ToLower(name)+"@example.com")
	_, secret = w.Key(t, org, name, "read:matches", "read:teams", "read:leagues", "write:matches")
	return org, secret
}

func TestOwnMatchIsCreatedChangedAndDeletedConditionally(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		org, secret := writerOf(t, w, "Writers")
		r := w.Call(t, secret, "POST", "/football/matches", friendly)
		made := ok(t, r, 201)
		if made["owner"] != org || made["date"] != "2026-05-02" || made["kickoff_at"] != "2026-05-02T14:00:00Z" || made["league"] != nil || made["status"] != "scheduled" {
			t.Errorf("got %v", made)
		}
		at := "/football/matches/" + made["id"].(string)
		got := w.Call(t, secret, "GET", at, "")
		ok(t, got, 200)
		tag := got.Header.Get("ETag")
		if tag == "" || tag != r.Header.Get("ETag") || string(got.Body) != string(r.Body) {
			t.Errorf("GET has tag %s and %s, POST had %s and %s", tag, got.Body, r.Header.Get("ETag"), r.Body)
		}
		if again := w.Call(t, secret, "GET", at, "", "If-None-Match", tag); again.Status != 304 {
			t.Errorf("got %d, want 304", again.Status)
		}
		live := w.Call(t, secret, "PATCH", at, `{"status":"live","minute":3,"score":{"full_time":{"home":1,"away":0}}}`, "If-Match", tag)
		changed := ok(t, live, 200)
		if changed["status"] != "live" || changed["version"] != 2.0 || live.Header.Get("ETag") == tag {
			t.Errorf("got %v, tag %s", changed, live.Header.Get("ETag"))
		}
		isError(t, w.Call(t, secret, "PATCH", at, `{"status":"finished"}`, "If-Match", tag), 412, "precondition_failed")
		isError(t, w.Call(t, secret, "DELETE", at, "", "If-Match", tag), 412, "precondition_failed")
		isError(t, w.Call(t, secret, "PATCH", at, `{"status":"scheduled"}`), 409, "illegal_transition")
		end := ok(t, w.Call(t, secret, "PATCH", at, `{"status":"finished","score":{"half_time":{"home":1,"away":0},"full_time":{"home":1,"away":2}}}`, "If-Match", live.Header.Get("ETag")), 200)
		if score := end["score"].(map[string]any); score["winner"] != "away" || end["minute"] != nil {
			t.Errorf("got %v", end)
		}
		last := w.Call(t, secret, "GET", at, "").Header.Get("ETag")
		if gone := ok(t, w.Call(t, secret, "DELETE", at, "", "If-Match", last), 200); gone["success"] != true {
			t.Errorf("got %v", gone)
		}
		isError(t, w.Call(t, secret, "GET", at, ""), 404, "not_found")
		isError(t, w.Call(t, secret, "DELETE", at, ""), 404, "not_found")
		trail := ok(t, w.Call(t, w.Operator, "GET", "/audit?org="+org+"&key="+made["id"].(string), ""), 200)["data"].([]any)
		if len(trail) != 4 {
			t.Errorf("the trail has %d entries of the match, want 4", len(trail))
		}
	})
}

func TestOfManyWritesWithOneETagExactlyOneSucceeds(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		_, secret := writerOf(t, w, "Racers")
		made := w.Call(t, secret, "POST", "/football/matches", friendly)
		at := "/football/matches/" + ok(t, made, 201)["id"].(string)
		tag := made.Header.Get("ETag")
		for version := 2; version < 6; version++ {
			var won, lost atomic.Int64
			var next atomic.Pointer[string]
			var all sync.WaitGroup
			for i := range 32 {
				all.Go(func() {
					r, err := w.Try(secret, "PATCH", w.Base+at, fmt.Sprintf(`{"status":"live","minute":%d}`, 32*(version-2)+i), "If-Match", tag) // every value is new
					switch {
					case err != nil:
						t.Error(err)
					case r.Status == 200:
						won.Add(1)
						fresh := r.Header.Get("ETag")
						next.Store(&fresh)
					case r.Status == 412:
						lost.Add(1)
					default:
						t.Errorf("got %d %s", r.Status, r.Body)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 || lost.Load() != 31 {
				t.Fatalf("version %d: %d succeeded and %d were refused, want 1 and 31", version, won.Load(), lost.Load())
			}
			tag = *next.Load()
		}
		if got := ok(t, w.Call(t, secret, "GET", at, ""), 200)["version"]; got != 5.0 {
			t.Errorf("got version %v, want 5", got)
		}
	})
}

func TestRepeatedCreationReturnsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		_, secret := writerOf(t, w, "Repeaters")
		first := w.Call(t, secret, "POST", "/football/matches", friendly, "Idempotency-Key", "once")
		ok(t, first, 201)
		spaced := strings.ReplaceAll(friendly, `,"`, `, "`)
		again := w.Call(t, secret, "POST", "/football/matches", spaced, "Idempotency-Key", "once")
		if ok(t, again, 201); string(again.Body) != string(first.Body) || again.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("got %s, want %s", again.Body, first.Body)
		}
		isError(t, w.Call(t, secret, "POST", "/football/matches", strings.Replace(friendly, "Friendly", "Replay", 1), "Idempotency-Key", "once"), 409, "idempotency_key_used")
		isError(t, w.Call(t, secret, "POST", "/football/matches", friendly), 409, "conflict")
		isError(t, w.Call(t, secret, "POST", "/football/matches", friendly, "Idempotency-Key", "not visible"), 400, "invalid_parameter")
		_, other := writerOf(t, w, "Others")
		if theirs := ok(t, w.Call(t, other, "POST", "/football/matches", friendly, "Idempotency-Key", "once"), 201); theirs["id"] == first.JSON(t)["id"] {
			t.Error("another organisation got the first one's match")
		}
	})
}

func TestOwnMatchesAreInvisibleToOthers(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		w.Simulate(t)
		_, secret := writerOf(t, w, "Mine")
		_, other := writerOf(t, w, "Theirs")
		public := ok(t, w.Call(t, secret, "GET", "/football/matches?league=sim.1&limit=1", ""), 200)["data"].([]any)[0].(map[string]any)
		home, away := public["home"].(map[string]any)["id"], public["away"].(map[string]any)["id"]
		standings := "/football/leagues/sim.1/standings?season=" + public["season"].(string)
		lists := []string{"/football/matches?limit=1", "/football/matches?league=sim.1&limit=1", "/football/matches?league=sim.1&season=" + public["season"].(string) + "&limit=1",
			"/football/matches?status=finished&limit=1", fmt.Sprintf("/football/matches?team=%s&limit=1", home), fmt.Sprintf("/football/teams/%s/matches?limit=1", away)}
		totals := func(secret string) (all []any) {
			for _, list := range lists {
				all = append(all, ok(t, w.Call(t, secret, "GET", list, ""), 200)["total"])
			}
			return all
		}
		met := func(secret string) any {
			return ok(t, w.Call(t, secret, "GET", "/football/matches/"+public["id"].(string)+"/head-to-head", ""), 200)["totals"].(map[string]any)["played"]
		}
		table, before, meetings := string(w.Call(t, other, "GET", standings, "").Body), totals(other), met(other)

		own := ok(t, w.Call(t, secret, "POST", "/football/matches", fmt.Sprintf(`{"league":"sim.1","season":%q,"home":{"id":%q},"away":{"id":%q},"date":"2020-02-02","round":"Friendly","status":"finished","score":{"full_time":{"home":9,"away":0}}}`, public["season"], home, away)), 201)
		for i, n := range totals(secret) {
			if n != before[i].(float64)+1 {
				t.Errorf("%s of its organisation: got %v, want %v", lists[i], n, before[i].(float64)+1)
			}
		}
		if got := met(secret); got != meetings.(float64)+1 {
			t.Errorf("head-to-head of its organisation: got %v, want %v", got, meetings.(float64)+1)
		}
		if got := totals(other); !slices.Equal(got, before) || met(other) != meetings || string(w.Call(t, other, "GET", standings, "").Body) != table {
			t.Errorf("others: totals were %v and are %v, or head-to-head or standings have changed", before, got)
		}
		if got := string(w.Call(t, secret, "GET", standings, "").Body); got != table {
			t.Error("the public standings have changed for the organisation itself")
		}
		checkInvisible(t, w, other, own["id"].(string), public["id"].(string))
	})
}

// checkInvisible checks that a key can neither read nor write another organisation's
// match, and that writing a public match is refused like writing a missing one.
func checkInvisible(t *testing.T, w *deploymenttest.Fixture, secret, own, public string) {
	t.Helper()
	for _, id := range []string{own, public, "m_none"} {
		for _, call := range [][2]string{{"PATCH", `{"status":"scheduled"}`}, {"DELETE", ""}} {
			r := w.Call(t, secret, call[0], "/football/matches/"+id, call[1])
			isError(t, r, 404, "not_found")
			if message := r.JSON(t)["message"]; message != "no such match" {
				t.Errorf("%s of %s: got %v", call[0], id, message)
			}
		}
	}
	isError(t, w.Call(t, secret, "GET", "/football/matches/"+own, ""), 404, "not_found")
	isError(t, w.Call(t, secret, "GET", "/football/matches/"+own+"/head-to-head", ""), 404, "not_found")
	if data := ok(t, w.Call(t, secret, "GET", "/football/matches?ids="+own, ""), 200)["data"].([]any); len(data) != 0 {
		t.Errorf("another organisation's match is listed by its id: %v", data)
	}
}

func TestOwnTeamHasOneIDInItsOrganisation(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	_, secret := writerOf(t, w, "Clubs")
	_, other := writerOf(t, w, "Strangers")
	made := ok(t, w.Call(t, secret, "POST", "/football/matches", friendly), 201)
	id := made["home"].(map[string]any)["id"].(string)
	again := ok(t, w.Call(t, secret, "POST", "/football/matches", fmt.Sprintf(`{"home":{"name":"OLD MILL"},"away":{"id":%q},"date":"2026-06-01"}`, id)), 201)
	if again["home"].(map[string]any)["id"] != made["away"].(map[string]any)["id"] || again["home"].(map[string]any)["name"] != "Old Mill" || again["away"].(map[string]any)["name"] != "Harbour Works" {
		t.Errorf("got %v after %v", again, made)
	}
	if got := ok(t, w.Call(t, secret, "GET", "/football/teams/"+id, ""), 200)["name"]; got != "Harbour Works" {
		t.Errorf("got team %v", got)
	}
	for _, list := range []string{"/football/teams/" + id + "/matches", "/football/matches?team=" + id} {
		if got := ok(t, w.Call(t, secret, "GET", list, ""), 200); got["total"] != 2.0 || len(got["data"].([]any)) != 2 {
			t.Errorf("%s: got %v", list, got)
		}
		isError(t, w.Call(t, other, "GET", list, ""), 404, "not_found")
	}
	isError(t, w.Call(t, other, "GET", "/football/teams/"+id, ""), 404, "not_found")
	r := w.Call(t, other, "POST", "/football/matches", fmt.Sprintf(`{"home":{"id":%q},"away":{"name":"x"},"date":"2026-06-01"}`, id))
	isError(t, r, 422, "validation_failed")
	unknown := w.Call(t, other, "POST", "/football/matches", `{"home":{"id":"t_none"},"away":{"name":"x"},"date":"2026-06-01"}`)
	if got, want := r.JSON(t)["details"], unknown.JSON(t)["details"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v for another organisation's team, want %v as for an unknown one", got, want)
	}
}

func TestErrorsOfAMatchNameTheField(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	w.Simulate(t)
	_, secret := writerOf(t, w, "Wrong")
	with := func(change string) string {
		var m, c map[string]any
		_ = json.Unmarshal([]byte(friendly), &m)
		if err := json.Unmarshal([]byte(change), &c); err != nil {
			t.Fatal(err)
		}
		for name, v := range c {
			if m[name] = v; v == nil {
				delete(m, name)
			}
		}
		raw, _ := json.Marshal(m)
		return string(raw)
	}
	for change, field := range map[string]string{
		`{"home":null}`: "home", `{"home":{}}`: "home", `{"home":{"id":"x","name":"y"}}`: "home", `{"home":{"id":"unknown"}}`: "home.id",
		`{"home":{"name":""}}`: "home.name", `{"home":{"name":" "}}`: "home.name", `{"away":{"name":"A\u0000"}}`: "away.name", `{"round":"\n"}`: "round", `{"stage":"1\t2"}`: "stage",
		`{"away":{"name":"HARBOUR WORKS"}}`: "away", `{"kickoff_at":null}`: "date", `{"date":"2026-05-02"}`: "date",
		`{"kickoff_at":"0001-01-01T00:00:00Z"}`: "kickoff_at", `{"league":"nowhere"}`: "league", `{"season":"2020"}`: "season", `{"league":"sim.1","season":"1900"}`: "season",
		`{"status":"played"}`: "status", `{"status":"finished"}`: "score.full_time", `{"score":{"full_time":{"home":1,"away":0}}}`: "score",
		`{"status":"live","score":{"full_time":{"home":-1,"away":0}}}`: "score.full_time.home", `{"minute":5}`: "minute", `{"owner":"public"}`: "owner", `{"winner":"home"}`: "winner",
	} {
		r := w.Call(t, secret, "POST", "/football/matches", with(change))
		details, _ := r.JSON(t)["details"].(map[string]any)
		fields, _ := details["fieldErrors"].(map[string]any)
		if r.Status != 422 || fields[field] == nil {
			t.Errorf("%s: got %d %s, want 422 naming %s", change, r.Status, r.Body, field)
		}
	}
	isError(t, w.Call(t, secret, "POST", "/football/matches", with(`{"kickoff_at":"tomorrow"}`)), 400, "invalid_date")
}

func TestMembersCannotWriteMatches(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Staffed", "TEAM", "s@example.com")
	keyOf := func(role, scopes string) (deploymenttest.Reply, string) {
		user := ok(t, w.Call(t, w.Operator, "POST", "/orgs/"+org+"/members", fmt.Sprintf(`{"email":"%s%d@example.com","role":%q}`, role, len(scopes), role)), 201)["user"].(string)
		return w.Call(t, w.Operator, "POST", "/keys", fmt.Sprintf(`{"name":"k","org":%q,"user":%q,"scopes":[%s]}`, org, user, scopes)), user
	}
	refused, _ := keyOf("member", `"read:matches","write:matches"`)
	isError(t, refused, 403, "forbidden")
	r, user := keyOf("admin", `"write:matches"`)
	secret := ok(t, r, 201)["secret"].(string)
	ok(t, w.Call(t, secret, "POST", "/football/matches", friendly), 201)
	ok(t, w.Call(t, w.Operator, "PATCH", "/orgs/"+org+"/members/"+user, `{"role":"member"}`), 200)
	isError(t, w.Call(t, secret, "POST", "/football/matches", friendly), 403, "forbidden")
}
