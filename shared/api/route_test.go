package api_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// TestNoTwoMeteredOperationsShareACode holds for tools, too: the gate counts them beside the
// operations of routes, by their codes.
func TestNoTwoMeteredOperationsShareACode(t *testing.T) {
	t.Parallel()
	codes := map[string]string{}
	check := func(code, name string) {
		if other, ok := codes[code]; ok || !regexp.MustCompile(`^[a-z]{2}$`).MatchString(code) {
			t.Errorf("%s: code %q must be two letters and unique, but %q has it too", name, code, other)
		}
		codes[code] = name
	}
	for _, r := range api.Routes {
		check(r.Code, r.Operation)
	}
	for _, tool := range api.Tools {
		check(tool.Code, "tool "+tool.Name)
	}
}

func TestRoutesAreComplete(t *testing.T) {
	t.Parallel()
	operations := map[string]bool{}
	for _, r := range api.Routes {
		if operations[r.Operation] {
			t.Errorf("two routes have the operation %s", r.Operation)
		}
		operations[r.Operation] = true
		if r.Function == "" || r.Summary == "" || !strings.HasPrefix(r.Path, "/") {
			t.Errorf("%s lacks a function, a summary or a path", r.Operation)
		}
		for _, tool := range api.Tools {
			if tool.Code == r.Code {
				t.Errorf("%s: the tool %s has the code %q, too, and their usage would be added up", r.Operation, tool.Name, r.Code)
			}
		}
		for _, p := range r.Permissions {
			if contract.IsManagement(p) != r.Management {
				t.Errorf("%s: permission %s does not fit management %v", r.Operation, p, r.Management)
			}
		}
		if r.Cost == 1 && r.Management || r.Cost == 0 && !r.Management && !r.Open && r.Function != "mcp" {
			t.Errorf("%s: cost %d does not fit a route of this kind", r.Operation, r.Cost)
		}
	}
}

// TestEveryRouteThatMakesOrEndsSomethingLastingSaysSo derives the routes from their other
// columns: what manages keys and organisations, what mints a secret, and what changes the
// organisation's data in the keys table. A delivery is sent once and lasts for no one. Open
// rows have no caller whose token could be refused: those of sessions take a key, a link, a
// sign-in or a cookie, and refuse a token themselves.
func TestEveryRouteThatMakesOrEndsSomethingLastingSaysSo(t *testing.T) {
	t.Parallel()
	lasting := 0
	for _, r := range api.Routes {
		want := !r.Open && (r.Management && r.Method != "GET" || r.Secrets || r.Writes && !r.Sends)
		if r.Lasts != want {
			t.Errorf("%s: Lasts is %v, want %v", r.Operation, r.Lasts, want)
		}
		if r.Lasts {
			lasting++
		}
	}
	if lasting < 20 {
		t.Errorf("got %d routes that last, want at least 20", lasting)
	}
}

func TestCallerSurvivesTheAuthorizerContext(t *testing.T) {
	t.Parallel()
	want := &api.Caller{
		Key: "key_1", Secret: "abc", Org: "org_1", User: "usr_1", Role: api.RoleAdmin, Standing: api.StandingActive, Plan: "PRO",
		Environment: "live", Contract: "statgate", Game: "rocket-rally", Scopes: []string{"read:teams"}, Permissions: []string{"teams:read"},
		Limits:  map[string]contract.Budget{"requests": {Limit: 1000, Window: 3600}, "sockets": {Limit: 5}},
		Version: 7, NotAfter: time.Unix(1_800_000_000, 0).UTC(), Token: true, CreatedBy: "usr_2", Unclaimed: true,
	}
	raw, err := json.Marshal(want.Context())
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	for name, v := range decoded {
		if _, ok := v.(string); !ok {
			t.Errorf("%s is a %T, want a string: API Gateway passes only strings", name, v)
		}
	}
	got, err := api.CallerFromContext(decoded)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestInvalidAuthorizerContextIsRefused(t *testing.T) {
	t.Parallel()
	good := (&api.Caller{Key: "k", Secret: "s", Org: "o", Role: "owner", Version: 1}).Context()
	for name, value := range map[string]any{"key": "", "secret": nil, "org": 1, "role": "", "version": "one", "not_after": "soon", "limits": "requests=many"} {
		changed := map[string]any{}
		for k, v := range good {
			changed[k] = v
		}
		changed[name] = value
		if c, err := api.CallerFromContext(changed); err == nil {
			t.Errorf("%s=%v: got %+v, want an error", name, value, c)
		}
	}
	if _, err := api.CallerFromContext(nil); err == nil {
		t.Error("a nil context is accepted, want an error")
	}
}

func TestGatewayTemplatesAreErrorsInTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		check := func(where, template string) {
			var body map[string]any
			if err := json.Unmarshal([]byte(template), &body); err != nil || body["error"] == nil {
				t.Errorf("%s: %s: want JSON with an error, got %q: %v", name, where, template, err)
			}
		}
		for _, g := range api.GatewayResponses(c) {
			check(g.Type, g.Template)
		}
		for _, m := range api.Mocks(c, "") {
			if m.Method == "ANY" {
				check(m.Path, m.Template)
			}
		}
	}
}

func TestDeploymentWithoutAConsoleHasNoRouteOfIt(t *testing.T) {
	t.Parallel()
	eachPreset(t, func(t *testing.T, c *contract.Contract) {
		count := func() (console, others int) {
			for _, r := range api.For(c) {
				if r.Function == api.Console {
					console++
				} else {
					others++
				}
			}
			return console, others
		}
		with, others := count()
		c.NoConsole = true
		without, same := count()
		if with < 2 || without != 0 || same != others {
			t.Errorf("got %d routes of the console and %d others, then %d and %d", with, others, without, same)
		}
		for _, m := range api.Mocks(c, "") {
			if strings.HasPrefix(m.Path, "/console") {
				t.Errorf("%s %s is left", m.Method, m.Path)
			}
		}
	})
}

// TestPagesAreInNoDocumentAndNeedNoKey concerns what browsers alone call. The operations on
// sessions that need a key are for programs, too, and are documented.
func TestPagesAreInNoDocumentAndNeedNoKey(t *testing.T) {
	t.Parallel()
	eachPreset(t, func(t *testing.T, c *contract.Contract) {
		listed := map[string]bool{}
		for _, r := range api.Documented(c) {
			listed[r.Operation] = true
		}
		for _, r := range api.For(c) {
			if r.Function == api.Console && listed[r.Operation] == r.Open {
				t.Errorf("%s: in the documents %v, open %v", r.Operation, listed[r.Operation], r.Open)
			}
		}
	})
	for _, r := range api.Routes {
		if r.Unlisted && !r.Open {
			t.Errorf("%s is in no document, but needs a key", r.Operation)
		}
	}
}
