package deployment_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
)

// isError fails the test unless the reply has the default contract's error shape, the
// status and the code.
func isError(t *testing.T, r deploymenttest.Reply, status int, code string) {
	t.Helper()
	if r.Status != status {
		t.Errorf("got %d %s, want %d", r.Status, r.Body, status)
		return
	}
	body := r.JSON(t)
	for _, name := range []string{"error", "message", "details", "request_id"} {
		if _, ok := body[name]; !ok {
			t.Errorf("%s lacks %q", r.Body, name)
		}
	}
	if len(body) != 4 || body["error"] != code || body["message"] == "" {
		t.Errorf("got %s, want error %q", r.Body, code)
	}
	if body["request_id"] != r.Header.Get("X-Request-Id") || body["request_id"] == "" {
		t.Errorf("request id %q in the body, %q in the header", body["request_id"], r.Header.Get("X-Request-Id"))
	}
	if r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Access-Control-Expose-Headers") == "" {
		t.Errorf("%d has no CORS headers: %v", r.Status, r.Header)
	}
}

func TestUnknownRouteIsAnsweredInTheErrorShape(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	for _, path := range []string{"/v1", "/v1/", "/nowhere", "/v1/nowhere", "/v1/keys/k1/nowhere", "/v1/football", "/v1/keys/", "//v1/keys"} {
		for _, secret := range []string{"", w.Operator} {
			r, err := w.Try(secret, "GET", w.URL+path, "")
			if err != nil {
				t.Fatal(err)
			}
			isError(t, r, 404, "not_found")
		}
	}
	r := w.Call(t, "", "DELETE", "/keys", "")
	isError(t, r, 405, "method_not_allowed")
	if got := r.Header.Get("Allow"); got != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("Allow: got %q", got)
	}
	if r := w.Call(t, w.Operator, "HEAD", "/keys/self/revoke", ""); r.Status != 405 || len(r.Body) != 0 {
		t.Errorf("HEAD of a path without GET: got %d with %d bytes", r.Status, len(r.Body))
	}
}

func TestPreflightNeedsNoKey(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	for _, r := range api.For(w.Contract) {
		reply, err := w.Try("", "OPTIONS", w.URL+strings.NewReplacer("{", "", "}", "").Replace(r.Path), "",
			"Origin", "https://example.com", "Access-Control-Request-Method", r.Method, "Access-Control-Request-Headers", "authorization,content-type")
		if err != nil {
			t.Fatal(err)
		}
		if reply.Status != 204 || len(reply.Body) != 0 || strings.Contains(reply.Header.Get("Access-Control-Allow-Methods"), r.Method) == r.SameOrigin {
			t.Errorf("OPTIONS %s: %d %v", r.Path, reply.Status, reply.Header)
		}
	}
}

func TestEveryProtectedRouteRefusesEveryInvalidKey(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	last := w.Operator[len(w.Operator)-1]
	forged := w.Operator[:len(w.Operator)-1] + string(map[bool]byte{true: 'a', false: 'b'}[last != 'a'])
	for _, r := range api.For(w.Contract) {
		if r.Open {
			continue
		}
		url := w.URL + strings.NewReplacer("{", "", "}", "").Replace(r.Path)
		for _, secret := range []string{"", "x", forged, strings.Replace(w.Operator, "sg_live_", "sg_test_", 1), "sg_live_" + strings.Repeat("0", 43), "sg_live_" + strings.Repeat("z", 43)} {
			reply, err := w.Try(secret, r.Method, url, "")
			if err != nil {
				t.Fatal(err)
			}
			isError(t, reply, 401, "unauthorized")
		}
	}
}

func TestErrorsOfBodiesNameTheField(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
		code, says string
	}{
		{"unreadable", `{"name":`, nil, 400, "malformed_json", ""},
		{"two values", `{"name":"a"} {}`, nil, 400, "malformed_json", ""},
		{"a list", `[]`, nil, 422, "validation_failed", "object"},
		{"unknown field", `{"name":"a","scopes":["read:teams"],"nmae":"b"}`, nil, 422, "validation_failed", `"nmae"`},
		{"wrong case", `{"Name":"a","scopes":["read:teams"]}`, nil, 422, "validation_failed", `"Name"`},
		{"key twice", `{"name":"a","name":"b","scopes":["read:teams"]}`, nil, 422, "validation_failed", `"name"`},
		{"nested key twice", `{"name":"a","scopes":["read:teams"],"metadata":{"x":1,"x":2}}`, nil, 422, "validation_failed", `"metadata.x"`},
		{"missing field", `{"scopes":["read:teams"]}`, nil, 422, "validation_failed", `"name"`},
		{"wrong type", `{"name":1,"scopes":["read:teams"]}`, nil, 422, "validation_failed", `"name"`},
		{"too long", `{"name":"` + strings.Repeat("x", 81) + `","scopes":["read:teams"]}`, nil, 422, "validation_failed", `"name"`},
		{"unknown scope", `{"name":"a","scopes":["read:everything"]}`, nil, 422, "validation_failed", `read:everything`},
		{"environment", `{"name":"a","scopes":["read:teams"],"environment":"test"}`, nil, 422, "validation_failed", `"environment"`},
		{"past", `{"name":"a","scopes":["read:teams"],"expires_at":"2020-01-01T00:00:00Z"}`, nil, 422, "validation_failed", `"expires_at"`},
		{"no duration", `{"name":"a","scopes":["read:teams"],"expires_in":"soon"}`, nil, 422, "validation_failed", `"expires_in"`},
		{"metadata", `{"name":"a","scopes":["read:teams"],"metadata":{"x":"` + strings.Repeat("y", 1100) + `"}}`, nil, 422, "validation_failed", `"metadata"`},
		{"media type", `name=a`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", ""},
		{"size", `{"name":"` + strings.Repeat("x", 256<<10) + `"}`, nil, 413, "body_too_large", ""},
	} {
		r := w.Call(t, w.Operator, "POST", "/keys", c.body, c.headers...)
		isError(t, r, c.status, c.code)
		if !strings.Contains(string(r.Body), c.says) {
			t.Errorf("%s: %s does not say %s", c.name, r.Body, c.says)
		}
		if c.status == 422 {
			details, _ := r.JSON(t)["details"].(map[string]any)
			if details["fieldErrors"] == nil || details["formErrors"] == nil {
				t.Errorf("%s: %s has no fieldErrors and formErrors", c.name, r.Body)
			}
		}
	}
}

func TestRequestWithAContentTypeButNoBodyIsAccepted(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	if r := w.Call(t, w.Operator, "GET", "/keys", "", "Content-Type", "text/plain"); r.Status != 200 {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
}

func TestBothHTTPTransportsWorkAlikeAndTwoKeysAreRefused(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Other", "PRO", "o@example.com")
	_, other := w.Key(t, org, "other", "read:teams")
	bearer := w.Call(t, w.Operator, "GET", "/orgs", "")
	header := w.Call(t, "", "GET", "/orgs", "", "X-API-Key", w.Operator)
	if bearer.Status != 200 || string(bearer.Body) != string(header.Body) {
		t.Errorf("bearer %d %s, header %d %s", bearer.Status, bearer.Body, header.Status, header.Body)
	}
	isError(t, w.Call(t, w.Operator, "GET", "/orgs", "", "X-API-Key", other), 401, "unauthorized")
	isError(t, w.Call(t, "", "GET", "/orgs?api_key="+w.Operator, ""), 401, "unauthorized")
}

func TestEachScopeAllowsExactlyItsRoutes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"statgate", "balla"} {
		w := deploymenttest.New(t, name)
		w.Simulate(t)
		org, _ := w.Org(t, "Scopes", "ENTERPRISE", "s@example.com")
		for _, scope := range w.Contract.Scopes.Names() {
			id, secret := w.Key(t, org, scope, scope)
			patterns, err := w.Contract.Scopes.Permissions([]string{scope})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range api.For(w.Contract) {
				if r.Operation == "revokeSelf" || r.Open {
					continue
				}
				reply, err := w.Try(secret, r.Method, w.URL+strings.NewReplacer("{", "", "}", "").Replace(r.Path), "")
				if err != nil {
					t.Fatal(err)
				}
				if got, want := reply.Status != http.StatusForbidden, r.Allowed(patterns); got != want && !roleOnly(r) {
					t.Errorf("%s: %s (%s): %s answers %d %s", name, scope, id, r.ID(), reply.Status, reply.Body)
				}
			}
		}
	}
}

// roleOnly are the operator's routes. Owners are refused regardless of their scopes.
func roleOnly(r api.Route) bool { return r.Operation == "createOrg" }

func TestSuccessCarriesRateHeadersETagAndCORS(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	w.Simulate(t)
	org, _ := w.Org(t, "Headers", "FREE", "h@example.com")
	_, secret := w.Key(t, org, "k", "read:matches")
	r := w.Call(t, secret, "GET", "/football/matches?limit=2", "")
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy", "ETag", "X-Request-Id", "Access-Control-Allow-Origin"} {
		if r.Header.Get(name) == "" {
			t.Errorf("no %s in %v", name, r.Header)
		}
	}
	if r.Header.Get("X-RateLimit-Limit") != "100" || r.Header.Get("X-RateLimit-Remaining") != "99" {
		t.Errorf("got %s of %s left, want 99 of 100", r.Header.Get("X-RateLimit-Remaining"), r.Header.Get("X-RateLimit-Limit"))
	}
	again := w.Call(t, secret, "GET", "/football/matches?limit=2", "", "If-None-Match", r.Header.Get("ETag"))
	if again.Status != 304 || len(again.Body) != 0 || again.Header.Get("X-RateLimit-Remaining") != "98" {
		t.Errorf("got %d, %d bytes, %s left", again.Status, len(again.Body), again.Header.Get("X-RateLimit-Remaining"))
	}
}

func TestListsPageWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	w.Simulate(t)
	seen := map[string]bool{}
	last, next := "", ""
	for {
		r := w.Call(t, w.Operator, "GET", "/football/matches?limit=37&cursor="+next, "")
		if next == "" {
			r = w.Call(t, w.Operator, "GET", "/football/matches?limit=37", "")
		}
		var page struct {
			Data []struct {
				ID        string
				KickoffAt string `json:"kickoff_at"`
			}
			Next  *string `json:"next_cursor"`
			Total *int
		}
		if err := json.Unmarshal(r.Body, &page); err != nil || r.Status != 200 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		if page.Total == nil || *page.Total != 364 {
			t.Fatalf("total: got %v, want 364", page.Total)
		}
		for _, m := range page.Data {
			if at := m.KickoffAt + m.ID; seen[m.ID] || at <= last {
				t.Fatalf("%s is repeated or out of order", m.ID)
			} else {
				last, seen[m.ID] = at, true
			}
		}
		if page.Next == nil {
			break
		}
		next = *page.Next
	}
	if len(seen) != 364 {
		t.Errorf("got %d matches, want 364", len(seen))
	}
	foreign := w.Call(t, w.Operator, "GET", "/football/teams?limit=1", "").JSON(t)["next_cursor"].(string)
	isError(t, w.Call(t, w.Operator, "GET", "/football/matches?cursor="+foreign, ""), 400, "invalid_cursor")
	own := w.Call(t, w.Operator, "GET", "/football/matches?limit=1", "").JSON(t)["next_cursor"].(string)
	isError(t, w.Call(t, w.Operator, "GET", "/football/matches?status=live&cursor="+own, ""), 400, "invalid_cursor")
	if r := w.Call(t, w.Operator, "GET", "/football/matches?limit=2&cursor="+own, ""); r.Status != 200 {
		t.Errorf("another limit: %d %s", r.Status, r.Body)
	}
}

func TestBallaPagesByNumberInItsOwnShapes(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "balla")
	w.Simulate(t)
	org, _ := w.Org(t, "Balla", "PRO", "b@example.com")
	_, secret := w.Key(t, org, "k", "read")
	if !strings.HasPrefix(secret, "balla_sk_") || len(secret) != len("balla_sk_")+64 {
		t.Errorf("the secret has %d characters", len(secret))
	}
	r := w.Call(t, secret, "GET", "/matches?page=4&limit=100", "")
	body := r.JSON(t)
	if data, _ := body["data"].([]any); r.Status != 200 || len(data) != 64 || body["page"] != 4.0 || body["limit"] != 100.0 || body["total"] != 364.0 || len(body) != 4 {
		t.Errorf("%d %.200s", r.Status, r.Body)
	}
	beyond := w.Call(t, secret, "GET", "/matches?page=5&limit=100", "").JSON(t)
	if data, _ := beyond["data"].([]any); len(data) != 0 {
		t.Errorf("page 5: got %d matches, want none", len(data))
	}
	for path, status := range map[string]int{"/matches?page=0": 400, "/matches?page=101&limit=100": 400, "/matches?cursor=x": 400, "/teams/unknown": 404} {
		r := w.Call(t, secret, "GET", path, "")
		if body := r.JSON(t); r.Status != status || body["error"] == "" || body["code"] == "" {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	r = w.Call(t, "", "GET", "/matches", "", "X-API-Key", secret)
	if r.Status != 401 {
		t.Errorf("X-API-Key: got %d, want 401", r.Status)
	}
}

func TestInvalidPageIsRefusedByTheContractsParameterName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, field string
		status       int
	}{
		"statgate": {"/football/matches?cursor=x", "cursor", 400}, "scorelytics": {"/football/matches?after=x", "after", 400},
		"balla": {"/matches?page=101&limit=100", "page", 400}, "fullengage": {"/matches?offset=10000", "offset", 422},
	} {
		w := deploymenttest.New(t, name)
		r := w.Call(t, w.Operator, "GET", c.query, "")
		details, _ := r.JSON(t)["details"].(map[string]any)
		if fields, _ := details["fieldErrors"].(map[string]any); r.Status != c.status || len(fields) != 1 || fields[c.field] == nil {
			t.Errorf("%s: got %d %s, want it to name %s", name, r.Status, r.Body, c.field)
		}
	}
}

// TestExamplesOfTheDocumentAreAccepted sends the document's example request of each path
// without parameters, of the rotation of a key and of the state of a contest, as new
// users of an API try these first.
func TestExamplesOfTheDocumentAreAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		w := deploymenttest.New(t, name)
		putExamples(t, w)
		ids := map[string]string{"{key}": "", "{match}": ""}
		org, user := w.Org(t, "Examples", w.Contract.Plans[len(w.Contract.Plans)-1].Name, "examples@example.com")
		_, secret := w.Key(t, org, "writer", writing(w.Contract)...)
		ids["{key}"], _ = w.Key(t, org, "rotated", writing(w.Contract)...)
		game, finished, hooks := "", "", w.Operator
		if _, replays := w.Contract.Operations["createReplay"]; replays {
			finished = w.FinishedMatch(t)
		}
		if name == "teambattles" {
			game, ids["{match}"] = rocketRally(t, w, org, user)
			hooks = developer(t, w, org)
		}
		for path, methods := range document(t, w).Paths {
			for method, op := range methods {
				if op.RequestBody == nil {
					continue
				}
				by, at := w.Operator, path
				switch {
				case strings.Contains(path, "/game/"):
					by = game
				case strings.HasSuffix(path, "/webhooks"):
					by = hooks
				case strings.HasSuffix(path, "/matches"):
					by = secret
				}
				if strings.HasSuffix(path, "/rotate") || strings.HasSuffix(path, "/status") {
					at = strings.NewReplacer("{key}", ids["{key}"], "{match}", ids["{match}"]).Replace(path)
				}
				if strings.Contains(at, "{") {
					continue
				}
				body := string(op.RequestBody.Content["application/json"].Example)
				if strings.HasSuffix(path, "/replays") {
					by, body = secret, strings.ReplaceAll(body, "m_3vtsl7lq2ehtu", finished)
				}
				r := w.Call(t, by, strings.ToUpper(method), strings.TrimPrefix(at, w.Contract.Base), body)
				if r.Status >= 300 {
					t.Errorf("%s: %s %s with its example: got %d %s", name, method, path, r.Status, r.Body)
				}
			}
		}
	}
}

// putExamples stores the league and the team that the examples of webhooks select.
func putExamples(t *testing.T, w *deploymenttest.Fixture) {
	t.Helper()
	for _, it := range []table.Item{
		{table.PartitionAttr: "LEAGUES", table.SortAttr: "en.1", "id": "en.1"},
		{table.PartitionAttr: "TEAMS", table.SortAttr: "leicester-city-fc", "id": "leicester-city-fc"},
	} {
		if _, err := w.Stats.Write(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
}

type documented struct {
	Paths map[string]map[string]struct {
		RequestBody *struct {
			Content map[string]struct{ Example json.RawMessage }
		}
	}
}

func document(t *testing.T, w *deploymenttest.Fixture) documented {
	t.Helper()
	r, err := w.Try("", "GET", w.URL+"/openapi.json", "")
	if err != nil {
		t.Fatal(err)
	}
	var d documented
	if err := json.Unmarshal(r.Body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// writing are the scopes of a key that may write everything the contract allows.
func writing(c *contract.Contract) []string {
	var all []string
	for _, scope := range c.Scopes.Names() {
		if !c.Scopes.IsManagementScope(scope) && c.Scopes.Needs(scope) == "" && !strings.HasSuffix(scope, ":none") {
			all = append(all, scope)
		}
	}
	return all
}

// developer approves an organisation as a developer and returns a key that manages webhooks.
func developer(t *testing.T, w *deploymenttest.Fixture, org string) (secret string) {
	t.Helper()
	_, admin := w.Key(t, org, "developer", "orgs:write")
	app := ok(t, w.Call(t, admin, "POST", "/applications", `{"kind":"general"}`), 201)["id"].(string)
	ok(t, w.Call(t, w.Operator, "PATCH", "/applications/"+app, `{"state":"approved"}`), 200)
	_, secret = w.Key(t, org, "hooks", "webhooks.manage:enabled")
	return secret
}

// rocketRally creates the teams in the examples of contests, a key of their game, and a
// contest that can begin.
func rocketRally(t *testing.T, w *deploymenttest.Fixture, org, user string) (secret, match string) {
	t.Helper()
	for _, slug := range []string{"northern-lights", "southern-cross"} {
		ok(t, w.Call(t, w.Operator, "PUT", "/contestants/team/team_"+slug, `{"slug":"`+slug+`","name":"T","members":[{"user":"`+user+`","state":"active"}]}`), 200)
	}
	_, admin := w.Key(t, org, "admin", "keys:write", "orgs:write")
	app := ok(t, w.Call(t, admin, "POST", "/applications", `{"kind":"game","game":"rocket-rally"}`), 201)["id"].(string)
	ok(t, w.Call(t, w.Operator, "PATCH", "/applications/"+app, `{"state":"approved"}`), 200)
	secret = ok(t, w.Call(t, admin, "POST", "/keys", `{"name":"g","game":"rocket-rally","scopes":["game.lifecycle:read-write","game.scores:write"]}`), 201)["secret"].(string)
	match = ok(t, w.Call(t, secret, "POST", "/game/matches", `{"homeTeamId":"northern-lights","awayTeamId":"southern-cross"}`), 201)["id"].(string)
	return secret, match
}
