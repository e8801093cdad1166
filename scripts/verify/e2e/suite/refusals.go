package suite

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"statgate/shared/api"
)

func refusals() []Case {
	return []Case{
		{ID: "refuse.no-key", Guarantee: "every route that needs a key refuses a request without one", Run: refuseNoKey},
		{ID: "refuse.bad-key", Guarantee: "a malformed, forged or unknown key, or one of another environment, is refused", Run: refuseBadKey},
		{ID: "refuse.unknown-path", Guarantee: "an unknown path is a 404, with or without a key", Run: refuseUnknownPath},
		{ID: "refuse.unknown-id", Guarantee: "an id that does not exist is a 404", Run: refuseUnknownID},
		{ID: "refuse.method", Guarantee: "a method that a path does not support is a 405 that lists the supported ones", Run: refuseMethod},
		{ID: "refuse.media", Guarantee: "a body of another media type is a 415; a Content-Type without a body is accepted", Run: refuseMedia},
		{ID: "refuse.size", Guarantee: "a body of more than 256 KB is a 413", Run: refuseSize},
		{ID: "refuse.json", Guarantee: "a body that is not JSON is a 400", Run: refuseJSON},
		{ID: "refuse.fields", Guarantee: "a body with missing, unknown, repeated or invalid fields is a 422 that names them", Run: refuseFields},
		{ID: "refuse.text", Guarantee: "invisible or broken text is refused in every name; other text is stored in its normalised form", Run: refuseText},
		{ID: "refuse.utf8", Guarantee: "a body that is not UTF-8 is refused, and the error names the field", Run: func(t *T) { refuseNames(t, "a\xffb") }},
		{ID: "refuse.parameters", Guarantee: "an unknown, repeated or invalid query parameter is a 400", Run: refuseParameters},
		{ID: "refuse.input", Guarantee: "invalid parameters of data get the contract's errors", Run: refuseInput},
	}
}

func refuseNoKey(t *T) {
	routes := t.keyedRoutes()
	t.each(len(routes), func(i int) {
		t.wantError(t.send(request{method: routes[i].Method, path: pathOf(routes[i], nil)}), api.SecretMissing)
	})
}

func refuseBadKey(t *T) {
	bad := t.badSecrets()
	routes := []api.Route{t.endpoint().route, t.routes["createKey"], t.routes["getSelf"]}
	for what, secret := range bad {
		for _, route := range routes {
			r := t.send(request{method: route.Method, path: pathOf(route, nil), secret: secret})
			if err := t.mismatch(r, api.SecretMalformed, api.SecretUnknown, api.SecretEnvironment, api.SecretMissing); err != nil {
				t.Errorf("%s: %s: got %s: %v", what, r.asked, r.brief(), err)
			}
		}
	}
}

func refuseUnknownPath(t *T) {
	base := t.contract.Base
	for _, path := range []string{"/nowhere", base, base + "/nowhere", base + "/nowhere/at/all", base + "/keys/" + unknownIDs["key"] + "/nowhere", "/health/nowhere"} {
		for _, secret := range []string{"", t.home.admin} {
			r := t.send(request{method: http.MethodGet, path: path, secret: secret})
			if secret == "" && strings.HasPrefix(path, base+"/") && t.missingKeyDiffers() {
				t.wantError(r, api.SecretMissing) // the edge answers first: it has no route table
				continue
			}
			t.wantError(r, api.NotFoundRoute)
		}
	}
	t.wantError(t.send(request{method: http.MethodPost, path: base + "/nowhere", secret: t.home.admin, body: []byte("{}")}), api.NotFoundRoute)
}

func refuseUnknownID(t *T) {
	all := sync.OnceValue(func() string { return t.allDataKey(t.home) })
	for _, r := range t.deployed {
		if len(r.Params()) == 0 {
			continue
		}
		secret := t.home.admin
		if !r.Management {
			if !t.opens(t.readScopes(), r) {
				continue // it needs a scope that the run's reader lacks
			}
			secret = t.reader.secret
			if r.Method != http.MethodGet {
				secret = all()
			}
		}
		t.wantError(t.send(request{method: r.Method, path: pathOf(r, nil), secret: secret, body: sampleBody(r)}),
			api.NotFound, api.NotFoundMatch, api.NotFoundTeam, api.NotFoundOrg)
	}
}

// sampleBody returns a body that the operation would accept, nil for none.
func sampleBody(r api.Route) []byte {
	switch r.Operation {
	case api.CallMCP:
		return message("tools/list", nil)
	case "updateKey", "updateOrg":
		return []byte(`{"name":"renamed"}`)
	case "addMember":
		return []byte(`{"email":"somebody@e2e.example","role":"member"}`)
	case "updateMember":
		return []byte(`{"role":"admin"}`)
	case "agreeContest":
		return []byte(`{"status":"CANCELLED"}`)
	case "putContestant":
		return []byte(`{"slug":"unknown","name":"Unrelated","members":[]}`)
	case "putConnections":
		return []byte(`{"connections":[]}`)
	case "decideApplication":
		return []byte(`{"state":"approved"}`)
	}
	return nil
}

// missingKeyDiffers reports whether a missing key gets another answer than a bad one. API
// Gateway has one answer for both, so such a deployment has an edge, which answers first.
func (fx *fixture) missingKeyDiffers() bool {
	return fx.contract.Condition(api.SecretMissing) != fx.contract.Condition(api.SecretUnknown)
}

func refuseMethod(t *T) {
	allowed := map[string][]string{}
	for _, r := range t.deployed {
		allowed[pathOf(r, nil)] = append(allowed[pathOf(r, nil)], r.Method)
	}
	for path, methods := range allowed {
		method := http.MethodPut
		if slices.Contains(methods, method) {
			method = http.MethodPatch
		}
		secret := ""
		if t.missingKeyDiffers() {
			secret = t.home.admin // without a key the edge answers first
		}
		r := t.send(request{method: method, path: path, secret: secret})
		t.wantError(r, api.Method)
		for _, m := range append(methods, http.MethodOptions) {
			if !strings.Contains(r.Header.Get("Allow"), m) {
				t.Errorf("%s: Allow is %q, want %s in it", r.asked, r.Header.Get("Allow"), m)
			}
		}
	}
}

func refuseMedia(t *T) {
	r := request{method: http.MethodPost, path: t.routes["createKey"].Path, secret: t.home.admin, body: []byte("name=a"),
		headers: []string{"Content-Type", "application/x-www-form-urlencoded"}}
	t.wantError(t.send(r), api.InputMedia)
	t.wantStatus(t.op(t.home.admin, "listKeys", nil, "Content-Type", "text/plain"), http.StatusOK)
}

// maxBodyBytes is the largest body that the API reads.
const maxBodyBytes = 256 << 10

func refuseSize(t *T) {
	large := `{"name":"` + strings.Repeat("x", maxBodyBytes) + `"}`
	t.wantError(t.send(request{method: http.MethodPost, path: t.routes["createKey"].Path, secret: t.home.admin, body: []byte(large)}), api.InputSize)
}

func refuseJSON(t *T) {
	for _, body := range []string{`{"name":`, `{"name":"a"} {}`, `{name:"a"}`, `nothing`} {
		t.wantError(t.send(request{method: http.MethodPost, path: t.routes["createKey"].Path, secret: t.home.admin, body: []byte(body)}), api.InputJSON)
	}
}

func refuseFields(t *T) {
	for body, field := range map[string]string{
		`{}`:                                   "name",
		`{"name":1}`:                           "name",
		`{"name":""}`:                          "name",
		`{"name":"a","nmae":"b"}`:              "nmae",
		`{"Name":"a"}`:                         "Name",
		`{"name":"a","name":"b"}`:              "name",
		`{"name":"a","scopes":["no-such"]}`:    "no-such",
		`{"name":"a","expires_in":"soon"}`:     "expires_in",
		`{"name":"a","environment":"unknown"}`: "environment",
		`{"name":"a","metadata":null}`:         "metadata",
		`{"name":"a","scopes":null}`:           "scopes",
		`{"name":"a","expires_at":"2999-01-01T00:00:00,5Z"}`:    "expires_at",
		`{"name":"a","expires_at":"2999-01-01T00:00:00+24:00"}`: "expires_at",
		`{"name":"a","expires_at":"2020-01-01T00:00:00Z"}`:      "expires_at",
		`{"name":"` + strings.Repeat("x", 81) + `"}`:            "name",
	} {
		r := t.send(request{method: http.MethodPost, path: t.routes["createKey"].Path, secret: t.home.admin, body: []byte(body)})
		t.wantError(r, api.InputField)
		if !strings.Contains(string(r.Body), field) {
			t.Errorf("%s with %.60s: %s does not name %q", r.asked, body, r.brief(), field)
		}
	}
}

func refuseParameters(t *T) {
	list := t.routes["listKeys"]
	for query, condition := range map[string]string{
		"unknown=1":       api.Unreadable,
		"state=dead":      api.InputParameter,
		"limit=0":         api.InputLimit,
		"limit=101":       api.InputLimit,
		"limit=ten":       api.UnreadableLimit,
		"cursor=nonsense": t.badCursorCondition(list),
	} {
		name, value, _ := strings.Cut(query, "=")
		r := t.send(request{method: list.Method, path: list.Path, secret: t.home.admin, query: map[string][]string{name: {value}}})
		t.wantError(r, condition)
	}
	twice := request{method: list.Method, path: list.Path, secret: t.home.admin, query: map[string][]string{"limit": {"1", "2"}}}
	t.wantError(t.send(twice), api.UnreadableLimit, api.Unreadable)
}

// badCursorCondition returns the error for an invalid cursor on a list.
func (t *T) badCursorCondition(list api.Route) string {
	if list.OwnShape(t.contract) || t.contract.Paging.Style == "cursor" {
		return api.InputCursor
	}
	return api.Unreadable // the list has no such parameter
}

func refuseInput(t *T) {
	if _, ok := t.routes["listMatches"]; !ok {
		t.NotApplicable("the contract has no list of matches")
	}
	secret := t.reader.secret
	over := t.contract.Paging.Limit
	if own := t.contract.Operations["listMatches"].Limit; own != nil {
		over = *own
	}
	t.wantError(t.op(secret, "listMatches", in{"limit": over.Min - 1}), api.InputLimit)
	if over.Over == "refuse" {
		t.wantError(t.op(secret, "listMatches", in{"limit": over.Max + 1}), api.InputLimit)
	}
	t.wantError(t.op(secret, "listMatches", in{"date": "2016-13-01"}), api.InputDate)
	t.wantError(t.op(secret, "listMatches", in{"season": "2015-16"}), api.InputFilter)
	place := map[string]any{"cursor": "nonsense", "page": 0, "offset": -1}[t.contract.Paging.Style]
	t.wantError(t.op(secret, "listMatches", in{t.contract.Paging.Style: place}), api.InputCursor)
}

// refuseNames sends each text as a name and as metadata. Each must be refused by its field.
func refuseNames(t *T, texts ...string) {
	for _, bad := range texts {
		for body, field := range map[string]string{`{"name":"` + bad + `"}`: "name", `{"name":"a","metadata":{"note":"` + bad + `"}}`: "metadata.note"} {
			r := t.send(request{method: http.MethodPost, path: t.routes["createKey"].Path, secret: t.home.admin, body: []byte(body)})
			t.wantError(r, api.InputField)
			if !strings.Contains(string(r.Body), field) {
				t.Errorf("%s with %q: %s does not name %q", r.asked, body, r.brief(), field)
			}
		}
	}
}

func refuseText(t *T) {
	refuseNames(t, `a\u200bb`, `a\u2028b`, `a\u202eb`, `a\u0000b`, `\u001b[31mred`, `a\ud800b`, "a\ufffdb")
	const family = "👨‍👩‍👧‍👦 Café"
	k := t.key(t.home.admin, t.home, in{"name": " 👨‍👩‍👧‍👦\u00a0Cafe\u0301 ", "scopes": t.endpoint().scopes})
	if name := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).text("name"); name != family {
		t.Errorf("getKey: the name is %q, want %q", name, family)
	}
	t.wantStatus(t.op(t.home.admin, "revokeKey", in{"key": k.id}), http.StatusOK)
}
