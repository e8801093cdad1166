package deployment_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// stage is a deployment whose tables fail on demand, and what its requests name.
type stage struct {
	finished string // id of a match that can be replayed
	*testing.T
	*deploymenttest.Fixture
	shadows map[string]*shadow
	faulty  []*tabletest.Faulty
	made    int               // makes names unique
	ids     map[string]string // values of path parameters that every request may use
	user    string            // secret of a key that a user owns; "" if the operator's key does
	game    string            // secret of a key that is bound to a game
}

func newStage(t *testing.T, contract string) *stage {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &stage{T: t, shadows: map[string]*shadow{}, ids: map[string]string{}}
	tables := map[string]table.Table{}
	for _, name := range []string{"keys", "stats"} {
		s.shadows[name] = newShadow(db.Table(name))
		f := tabletest.NewFaulty(s.shadows[name])
		s.faulty, tables[name] = append(s.faulty, f), f
	}
	s.Fixture = deploymenttest.On(t, contract, tables)
	s.Gate.Patience = 20 * time.Second               // these tests are not about a slow machine
	s.Webhooks.TestPatience = 100 * time.Millisecond // nothing is sent
	return s
}

// unique returns a new name.
func (s *stage) unique() string {
	s.made++
	return fmt.Sprintf("n%d", s.made)
}

// post sends a request that must succeed and returns a field of its answer.
func (s *stage) post(secret, path, body, field string) string {
	s.Helper()
	r := s.Call(s.T, secret, "POST", path, body)
	value, there := r.JSON(s.T)[field].(string)
	if r.Status >= 300 || !there {
		s.Fatalf("POST %s: got %d %s", path, r.Status, r.Body)
	}
	return value
}

// request is a request for a route; the zero value is one by the operator without a body.
type request struct {
	secret string
	body   string
	params map[string]string // path parameters beside those of the stage
	// after is the status of a repeat after the first request made the change, if it may
	// differ from that of success.
	after int
	// doubles says that a repeat then makes a second one.
	doubles bool
}

// makeRequest makes what a request needs. It runs for each attempt.
type makeRequest func(s *stage) request

// with returns a makeRequest with a body, and a status of a repeat.
func with(body string, after int) makeRequest {
	return func(s *stage) request {
		return request{body: strings.ReplaceAll(body, "NEW", s.unique()), after: after}
	}
}

// on returns a makeRequest for a new value of a path parameter.
func on(param, body string, after int, create func(s *stage) string) makeRequest {
	return func(s *stage) request {
		return request{body: strings.ReplaceAll(body, "NEW", s.unique()), params: map[string]string{param: create(s)}, after: after}
	}
}

func newKey(s *stage) string {
	id, _ := s.Key(s.T, newOrg(s), s.unique(), "read:teams")
	return id
}

func newOrg(s *stage) string {
	org, _ := s.Org(s.T, s.unique(), "", s.unique()+"@example.com")
	return org
}

func newMember(s *stage) string {
	return s.post(s.Operator, "/orgs/"+s.ids["org"]+"/members", fmt.Sprintf(`{"email":"%s@example.com","role":"member"}`, s.unique()), "user")
}

func newMatch(s *stage) string {
	return s.post(s.Operator, "/football/matches", fmt.Sprintf(`{"home":{"name":"Elm %s"},"away":{"name":"Fir"},"date":"2026-05-02"}`, s.unique()), "id")
}

// newWebhook returns one of a new organisation, as an organisation may have few.
func newWebhook(s *stage) request {
	org := newOrg(s)
	_, secret := s.Key(s.T, org, s.unique(), "write:webhooks", "read:matches")
	return request{secret: secret, params: map[string]string{"webhook": s.post(secret, "/webhooks", webhook, "id")}}
}

// newContestHook returns a webhook of a new organisation that is approved as a developer.
func newContestHook(s *stage) request {
	org := newOrg(s)
	_, admin := s.Key(s.T, org, s.unique(), "keys:write", "orgs:write")
	application := s.post(admin, "/applications", `{"kind":"general"}`, "id")
	ok(s.T, s.Call(s.T, s.Operator, "PATCH", "/applications/"+application, `{"state":"approved"}`), 200)
	_, secret := s.Key(s.T, org, s.unique(), "webhooks.manage:enabled")
	return request{secret: secret, params: map[string]string{"webhook": s.post(secret, "/webhooks", `{"url":"http://127.0.0.1:9/","events":["match.created"]}`, "id")}}
}

const webhook = `{"url":"http://127.0.0.1:9/","types":["match.updated"]}`

func onWebhook(body string, after int) makeRequest {
	return func(s *stage) request {
		r := newWebhook(s)
		r.body, r.after = body, after
		return r
	}
}

// newReplay returns one of a new organisation, as a plan has few.
func newReplay(s *stage) request {
	_, secret := s.Key(s.T, newOrg(s), s.unique(), "write:replays", "read:matches")
	return request{secret: secret, params: map[string]string{"replay": s.post(secret, "/football/replays", `{"match":"`+s.finished+`","speed":1}`, "id")}}
}

// newSession returns a session of an organisation's owner, and a key of that owner.
func newSession(s *stage) request {
	org, user := s.Org(s.T, s.unique(), "TEAM", s.unique()+"@example.com")
	_, secret := s.Key(s.T, org, s.unique(), "keys:read", "keys:write")
	return request{secret: secret, params: map[string]string{"session": viaLink(s.T, s.Fixture, org, user).id}}
}

func byUser(body string) makeRequest {
	return func(s *stage) request {
		ok(s.T, s.Call(s.T, s.user, "GET", "/matches", ""), 200) // begins the window of the quota
		return request{secret: s.user, body: body}
	}
}

func byGame(body string) makeRequest {
	return func(s *stage) request {
		match := s.post(s.game, "/game/matches", `{"homeTeamId":"north","awayTeamId":"south"}`, "id")
		return request{secret: s.game, body: body, params: map[string]string{"match": match}}
	}
}

// gameIn is byGame for a match that was moved through the states. The same move again is a
// conflict.
func gameIn(body string, states ...string) makeRequest {
	return func(s *stage) request {
		r := byGame(body)(s)
		r.after = 409
		for _, state := range states {
			ok(s.T, s.Call(s.T, s.game, "PATCH", "/game/matches/"+r.params["match"]+"/status", `{"status":"`+state+`"}`), 200)
		}
		return r
	}
}

// changes are the requests of routes that change something. The status of a repeat says
// that there is nothing to do again: a repeated creation is a conflict, because the secret
// is not shown again, and what was deleted is not found.
var changes = map[string]makeRequest{
	"createKey": with(`{"name":"NEW","scopes":["read:teams"]}`, 409),
	"updateKey": on("key", `{"name":"NEW"}`, 0, newKey), "rotateKey": on("key", "", 409, newKey), "revokeKey": on("key", "", 0, newKey),
	"revokeSelf": func(s *stage) request {
		_, secret := s.Key(s.T, newOrg(s), s.unique(), "read:teams")
		return request{secret: secret, after: 401}
	},
	"callMCP":     with(standingsCall, 0),
	"createToken": with(`{"expires_in":"10m"}`, 409),
	"createOrg": func(s *stage) request { // has no Idempotency-Key
		return request{body: fmt.Sprintf(`{"name":%q,"owner":"o@example.com"}`, s.unique()), doubles: true}
	},
	"updateOrg":    on("org", `{"name":"NEW"}`, 0, newOrg),
	"visitOrg":     on("org", "", 0, newOrg),
	"addMember":    with(`{"email":"NEW@example.com","role":"member"}`, 409),
	"updateMember": on("user", `{"role":"admin"}`, 0, newMember), "removeMember": on("user", "", 0, newMember),
	"createMatch": with(`{"home":{"name":"Oak NEW"},"away":{"name":"Fir"},"date":"2026-05-02"}`, 0),
	"updateMatch": on("match", `{"status":"postponed"}`, 0, newMatch), "deleteMatch": on("match", "", 404, newMatch),
	"createWebhook": func(s *stage) request {
		r := newWebhook(s)
		return request{secret: r.secret, body: webhook, after: 409}
	},
	"createReplay": func(s *stage) request {
		r := newReplay(s)
		return request{secret: r.secret, body: `{"match":"` + s.finished + `"}`}
	},
	"getReplay": newReplay,
	"updateReplay": func(s *stage) request {
		r := newReplay(s)
		r.body = `{"paused":true,"position":60}`
		return r
	},
	"deleteReplay": func(s *stage) request {
		r := newReplay(s)
		r.after = 404
		return r
	},
	"endSession": newSession, "endSessions": newSession,
	"createPortalLink": func(s *stage) request { // has no Idempotency-Key
		return request{params: map[string]string{"user": newMember(s)}, doubles: true}
	},
	"updateWebhook": onWebhook(`{"description":"changed"}`, 0), "deleteWebhook": onWebhook("", 404),
	"rotateWebhook": onWebhook("", 409),
	"createDelivery": func(s *stage) request { // has no Idempotency-Key
		r := newWebhook(s)
		r.body, r.doubles = `{}`, true
		return r
	},

	"testWebhook": func(s *stage) request { // has no Idempotency-Key
		r := newContestHook(s)
		r.doubles = true
		return r
	},
	"replayDelivery": func(s *stage) request { // each replay is a new attempt
		r := newContestHook(s)
		ok(s.T, s.Call(s.T, r.secret, "POST", "/webhooks/"+r.params["webhook"]+"/test", ""), 200)
		list := ok(s.T, s.Call(s.T, r.secret, "GET", "/webhooks/"+r.params["webhook"]+"/deliveries", ""), 200)
		r.params["delivery"], _ = list["page"].([]any)[0].(map[string]any)["id"].(string)
		r.doubles = true
		return r
	},

	"listUserContests": byUser(`{}`), "listTeamContests": byUser(`{}`), "listOrgContests": byUser(`{}`), "listContests": byUser(""), "getConnections": byUser(""),
	"createContest": func(s *stage) request {
		return request{secret: s.game, body: `{"homeTeamId":"north","awayTeamId":"south"}`}
	},
	"getContest": byGame(""), "getContestStatus": byGame(""),
	"moveContest":    gameIn(`{"status":"IN_PROGRESS"}`),
	"scoreContest":   gameIn(`{"maps":[{"map":1,"home":1,"away":0}]}`, "IN_PROGRESS"),
	"forfeitContest": gameIn(`{"teamId":"south"}`, "IN_PROGRESS"),
	"agreeContest": func(s *stage) request {
		r := gameIn(`{"status":"DISPUTED"}`, "IN_PROGRESS")(s)
		r.secret = s.Operator
		return r
	},
	"putContestant":  on("contestant", `{"slug":"NEW","name":"NEW","members":[]}`, 0, (*stage).unique),
	"putConnections": on("user", `{"connections":[{"platform":"github","id":"NEW","name":"n"}]}`, 0, newMember),
	"createApplication": func(s *stage) request {
		_, secret := s.Key(s.T, newOrg(s), "admin", "orgs:write")
		return request{secret: secret, body: `{"kind":"general"}`, after: 409}
	},
	"decideApplication": on("application", `{"state":"approved"}`, 0, func(s *stage) string {
		_, secret := s.Key(s.T, newOrg(s), "admin", "orgs:write")
		return s.post(secret, "/applications", `{"kind":"general"}`, "id")
	}),
}

// statgateStage has one of everything that a route of the contract statgate reads.
func statgateStage(t *testing.T) *stage {
	s := newStage(t, "statgate")
	s.Simulate(t)
	s.finished = s.FinishedMatch(t)
	s.ids["org"], s.ids["user"] = s.Org(t, "Faults", "TEAM", "f@example.com")
	s.ids["key"], _ = s.Key(t, s.ids["org"], "k", "read:teams")
	match := ok(t, s.Call(t, s.Operator, "POST", "/football/matches", `{"home":{"name":"Elm"},"away":{"name":"Fir"},"date":"2026-05-02"}`), 201)
	s.ids["match"], s.ids["team"] = match["id"].(string), match["home"].(map[string]any)["id"].(string)
	s.ids["league"], s.ids["player"] = "sim.1", "ash"
	s.ids["webhook"] = s.post(s.Operator, "/webhooks", webhook, "id")
	player := table.Item{table.PartitionAttr: "PLAYERS", table.SortAttr: "ash", "id": "ash", "name": "Ash"}
	if _, err := s.Stats.Write(context.Background(), table.Put(player)); err != nil {
		t.Fatal(err)
	}
	return s
}

// scorelyticsStage has what the contract has beyond the others: an event stream.
func scorelyticsStage(t *testing.T) *stage { return newStage(t, "scorelytics") }

// teambattlesStage has contests, applications and linked accounts.
func teambattlesStage(t *testing.T) *stage {
	s := newStage(t, "teambattles")
	l := battle(t, s.Fixture)
	s.ids["org"], s.ids["user"], s.ids["team"], s.ids["kind"] = l.org, l.owner, "north", "team"
	ok(t, s.Call(t, s.Operator, "PUT", "/contestants/org/"+l.org, fmt.Sprintf(`{"slug":"league","name":"L","members":[{"user":%q,"state":"active"}]}`, l.owner)), 200)
	_, s.user = s.Key(t, l.org, "reads", "matches.user_matches:read", "matches.team_matches:read", "matches.org_matches:read", "connections.github:enabled")
	s.game = l.game
	return s
}

func TestFaultAfterAdmissionIsA503ThatChangesAllOrNothingOnEveryRoute(t *testing.T) {
	t.Parallel()
	stages := map[string]func(*testing.T) *stage{"statgate": statgateStage, "teambattles": teambattlesStage, "scorelytics": scorelyticsStage}
	covered := map[string]bool{}
	for _, contract := range []string{"statgate", "teambattles", "scorelytics"} { // the last has only what the others lack
		c, err := preset.Load(contract)
		if err != nil {
			t.Fatal(err)
		}
		groups := make([][]api.Route, 2) // much of the time is pauses between attempts
		for _, r := range api.For(c) {
			if !r.Open && !covered[r.Operation] {
				covered[r.Operation] = true
				groups[len(covered)%2] = append(groups[len(covered)%2], r)
			}
		}
		for i, routes := range groups {
			t.Run(fmt.Sprint(contract, i), func(t *testing.T) {
				t.Parallel()
				stages[contract](t).routes(routes)
			})
		}
	}
	for _, r := range api.Routes {
		if !r.Open && !covered[r.Operation] {
			t.Errorf("%s is in the contract of no stage", r.Operation)
		}
	}
}

// routes tests each route in a test of its own.
func (s *stage) routes(routes []api.Route) {
	for _, r := range routes {
		s.Run(r.Operation, func(t *testing.T) {
			one := *s
			one.T = t
			one.route(r)
			s.made = one.made
		})
	}
}

// outcome is what a request does without a fault.
type outcome struct {
	status         int
	change, silent string // the change of the facts, with and without audit entries
}

// nothing is the change of a request that changes no facts.
const nothing = "map[]"

// route makes each call to a store that follows the gate's write fail in turn.
func (s *stage) route(r api.Route) {
	build, there := changes[r.Operation]
	if !there {
		if r.Method != "GET" {
			s.Fatalf("%s needs a request in changes", r.Operation)
		}
		build = with("", 0)
	}
	s.attempt(r, s.build(build), nil, outcome{}) // the first of its kind also makes counters
	want := s.attempt(r, s.build(build), nil, outcome{})
	if want.status >= 300 || r.Method == "DELETE" && want.change == nothing {
		s.Fatalf("without a fault: got %+v", want)
	}
	reached := 0
	for _, kind := range []struct {
		fault  tabletest.Fault
		onward bool
	}{{tabletest.Throttled, false}, {tabletest.Unavailable, false}, {tabletest.Lost, false}, {tabletest.Unavailable, true}, {tabletest.Lost, true}} {
		for n := 1; ; n++ {
			p := &plan{fault: kind.fault, onward: kind.onward, from: n}
			if s.attempt(r, s.build(build), p, want); p.hits == 0 {
				break
			}
			reached++
		}
	}
	if handlerCalls := len(r.Stats) + len(r.Keys); reached == 0 && (handlerCalls > 0 || want.change != nothing) {
		s.Errorf("no call to a store followed the gate's write")
	}
	s.Logf("%d faults, %s", reached, want.change)
}

// build makes a request in a minute of its own, so that no key exhausts its quota.
func (s *stage) build(one makeRequest) request {
	s.Clock.Advance(time.Minute)
	return one(s)
}

// plan makes the calls that follow the gate's write fail: the one with the number from,
// or all from it onward.
type plan struct {
	fault    tabletest.Fault
	onward   bool
	from     int
	mu       sync.Mutex
	admitted bool
	calls    int
	hits     int
}

func (p *plan) next(c tabletest.Call) (tabletest.Fault, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.admitted {
		p.admitted = c.Method == "Write" && strings.HasPrefix(c.Keys[0].Partition, "GATE#")
		return tabletest.None, 0
	}
	if p.calls++; p.calls != p.from && (!p.onward || p.calls < p.from) {
		return tabletest.None, 0
	}
	p.hits++
	return p.fault, 0
}

// attempt sends a request once with the faults of the plan, and once more without them if
// it failed. It returns what the first request did.
func (s *stage) attempt(r api.Route, req request, p *plan, want outcome) outcome {
	s.Helper()
	send := s.sender(r, req)
	before, logged := snapshot(s.shadows), len(s.Log.String())
	if p != nil {
		for _, f := range s.faulty {
			f.Follow(p.next)
		}
	}
	reply := send()
	for _, f := range s.faulty {
		f.Heal()
	}
	after := snapshot(s.shadows)
	got := outcome{reply.Status, after.since(before, true), after.since(before, false)}
	if p == nil {
		return got
	}
	s.checkFirst(p, reply, got, want, s.Log.String()[logged:])
	if reply.Status != 503 {
		return got
	}
	made := want.change != nothing && got.change == want.change
	again := send()
	if again.Status != want.status && (!made || again.Status != req.after) {
		s.Errorf("%v: the repeat: got %d %s, want %d, or %d after the change", p, again.Status, again.Body, want.status, req.after)
	}
	if change := snapshot(s.shadows).since(before, false); change != want.silent && !(made && req.doubles) {
		s.Errorf("%v: the repeat: got %d, and changed %s in all, want %s", p, again.Status, change, want.silent)
	}
	return got
}

func (p *plan) String() string {
	return fmt.Sprintf("fault %d at call %d, onward %t", p.fault, p.from, p.onward)
}

// sender returns a function that sends the request, and caches the policy of its key.
func (s *stage) sender(r api.Route, req request) func() deploymenttest.Reply {
	params := maps.Clone(s.ids)
	maps.Copy(params, req.params)
	path := strings.TrimPrefix(r.Path, s.Contract.Base)
	for name, value := range params {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	secret := cmp.Or(req.secret, s.Operator)
	ok(s.T, s.Call(s.T, secret, "GET", "/keys/self", ""), 200)
	var headers []string
	if r.Method == "POST" {
		headers = []string{"Idempotency-Key", "repeat-" + s.unique()}
	}
	return func() deploymenttest.Reply { return s.Call(s.T, secret, r.Method, path, req.body, headers...) }
}

// checkFirst checks the answer to a request with a fault, and what it changed.
func (s *stage) checkFirst(p *plan, reply deploymenttest.Reply, got, want outcome, logged string) {
	s.Helper()
	if strings.Contains(logged, "goroutine ") {
		s.Errorf("%v: logged a stack trace", p)
	}
	switch {
	case reply.Status == want.status:
		if got.change != want.change {
			s.Errorf("%v: answered %d and changed %s, want %s", p, reply.Status, got.change, want.change)
		}
	case reply.Status != 503:
		s.Errorf("%v: got %d %s, want %d or 503", p, reply.Status, reply.Body, want.status)
	case reply.Header.Get("Retry-After") == "":
		s.Errorf("%v: 503 without Retry-After", p)
	case strings.Count(logged, `"cause"`) == 0:
		s.Errorf("%v: 503 without a log line that has the cause", p)
	case !slices.Contains([]string{nothing, want.change}, got.change):
		s.Errorf("%v: 503 that changed %s, want nothing or %s", p, got.change, want.change)
	}
}
