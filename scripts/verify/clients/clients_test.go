package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/deployment/deploymenttest"
)

// step is one call of a scenario. Its result is checked against the contract and the
// document.
type step struct {
	Name, Operation, Secret, Server string
	Params                          map[string]any
	Body                            any
	want                            int
	check                           func(body []byte) error
}

// site is a running deployment of one contract, with the target of its clients.
type site struct {
	*deploymenttest.Fixture
	target
	check *openapi.Checker
	org   string
	key   string   // id of a key
	data  string   // secret of a key that reads data
	ids   []string // of two matches
}

// TestGeneratedClientsReadEveryContract runs the TypeScript client. make clients runs all
// clients, which takes Java and minutes.
func TestGeneratedClientsReadEveryContract(t *testing.T) {
	t.Parallel()
	everyClient := os.Getenv("STATGATE_CLIENTS") == "all"
	w, sites := prepared(t, everyClient)
	clients := []client{typescript}
	if everyClient {
		if err := w.module(); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, others...)
		t.Run("OpenAPI Generator", func(t *testing.T) {
			t.Parallel()
			timed(t, "generating", func() error { return w.runJar(t.Context()) })
			for _, c := range fromJar {
				t.Run(c.name, func(t *testing.T) { readsEveryContract(t, c, w, sites) })
			}
		})
	}
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			readsEveryContract(t, c, w, sites)
		})
	}
}

func timed(t *testing.T, what string, f func() error) {
	t.Helper()
	begun := time.Now()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %s", what, time.Since(begun).Round(100*time.Millisecond))
}

// prepared starts a deployment of each contract and writes its document.
func prepared(t *testing.T, others bool) (*workshop, []*site) {
	t.Helper()
	w, err := newWorkshop(t.Context(), t.TempDir(), others)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "fetch"), 0o755); err != nil {
		t.Fatal(err)
	}
	var sites []*site
	for _, name := range preset.Names() {
		s := start(t, name)
		s.Document = filepath.Join(w.dir, name+".json")
		if err := os.WriteFile(s.Document, s.OpenAPI, 0o600); err != nil {
			t.Fatal(err)
		}
		w.targets = append(w.targets, s.target)
		sites = append(sites, s)
	}
	return w, sites
}

func start(t *testing.T, name string) *site {
	t.Helper()
	s := &site{Fixture: deploymenttest.New(t, name)}
	s.Simulate(t)
	var err error
	if s.check, err = openapi.Check(s.OpenAPI); err != nil {
		t.Fatal(err)
	}
	c := s.Fixture.Contract
	s.target = target{Contract: name, Base: c.Base, Data: "listMatches", Status: "ids", Page: "cursor"}
	if _, football := c.Operations["listMatches"]; !football {
		s.Data, s.Status = "listContests", "includeStatuses"
	}
	s.described(t)
	s.org, _ = s.Org(t, "Northern Broadcasting", plan(c), "ada@club.example")
	var scopes []string
	for _, r := range api.For(c) {
		if r.Operation == s.Data {
			if scopes = openapi.Scopes(c, r); len(scopes) > 0 {
				scopes = scopes[:1]
			}
		}
	}
	s.key, s.data = s.Key(t, s.org, "Reader", scopes...)
	s.Key(t, s.org, "Second", scopes...)
	reply := s.Call(t, s.data, "GET", strings.TrimPrefix(s.DataPath, c.Base)+"?limit=2", "")
	for _, id := range regexp.MustCompile(`"id":"(m_[^"]+)"`).FindAllStringSubmatch(string(reply.Body), -1) {
		s.ids = append(s.ids, id[1])
	}
	return s
}

// plan returns the plan that allows the most keys.
func plan(c *contract.Contract) string {
	names := c.PlanNames()
	return names[len(names)-1]
}

// described fills in what the driver of a contract takes from its document.
func (s *site) described(t *testing.T) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Tags        []string
			Parameters  []struct{ Name string }
			Responses   map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct{ SecuritySchemes map[string]any }
	}
	if err := json.Unmarshal(s.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for _, op := range methods {
			model := func(status string) string {
				return filepath.Base(op.Responses[status].Content["application/json"].Schema.Ref)
			}
			switch op.OperationID {
			case s.Data:
				s.DataPath, s.DataTag, s.DataModel = path, op.Tags[0], model("200")
			case "getKey":
				s.KeyModel = model("200")
			case "createKey":
				s.CreatedModel = model("201")
			case "listKeys":
				if slices.ContainsFunc(op.Parameters, func(p struct{ Name string }) bool { return p.Name == "offset" }) {
					s.Page = "offset"
				}
			}
		}
	}
	s.DataGo, s.StatusGo = upper(s.Data), upper(s.Status)
	for scheme := range doc.Components.SecuritySchemes {
		if scheme != "bearer" {
			s.OtherSchemes = append(s.OtherSchemes, upper(scheme))
		}
	}
	slices.Sort(s.OtherSchemes)
}

func upper(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// readsEveryContract generates a client for each contract and runs the scenario with it.
func readsEveryContract(t *testing.T, c client, w *workshop, sites []*site) {
	t.Helper()
	timed(t, "generating and compiling", func() error { return c.generate(t.Context(), w) })
	for _, s := range sites {
		t.Run(s.target.Contract, func(t *testing.T) {
			t.Helper()
			begun := time.Now()
			s.run(t, c.name, c.command(w, s.target))
			t.Logf("calling: %s", time.Since(begun).Round(100*time.Millisecond))
		})
	}
}

// run passes the steps to a client one by one, as later steps need the answers of earlier
// ones.
func (s *site) run(t *testing.T, name string, cmd *exec.Cmd) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	next := any(nil)
	for _, one := range s.steps(name) {
		one.Server = s.URL
		if one.Name == "page" {
			one.Params[s.Page] = next
		}
		raw, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(in, "%s\n", raw); err != nil {
			t.Fatalf("%s: %v\n%s", one.Name, err, problems.String())
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%s: %v\n%s", one.Name, err, problems.String())
		}
		body := s.judged(t, one, line)
		if one.Name == "list" {
			if next = found(body, "next_cursor"); s.Page == "offset" {
				next = 1
			}
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, problems.String())
	}
}

// judged checks a step's result: the status, and the body as the client decoded it.
func (s *site) judged(t *testing.T, one step, line []byte) json.RawMessage {
	t.Helper()
	var got struct {
		Status int
		Body   json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%s: %s: %v", one.Name, line, err)
	}
	switch {
	case got.Error != "" || got.Status != one.want:
		t.Errorf("%s: got %.600s, want status %d", one.Name, line, one.want)
	case one.check != nil:
		if err := one.check(got.Body); err != nil {
			t.Errorf("%s: %v in %.600s", one.Name, err, got.Body)
		}
	}
	return got.Body
}

// steps returns the scenario: list, page, get, a list parameter with two values, create,
// and the errors.
func (s *site) steps(client string) []step {
	c := s.Fixture.Contract
	status := func(condition string) int { return c.Condition(condition).Status }
	spec := func(scopes ...string) map[string]any {
		body := map[string]any{"name": "Created by " + client, "org": s.org}
		if c.Scopes.Style != "role" || len(scopes) > 0 {
			body["scopes"] = scopes
		}
		if c.Keys.ExpiryRequired {
			body["expires_in"] = "30d"
		}
		return body
	}
	management := c.Scopes.Names()
	management = slices.DeleteFunc(slices.Clone(management), func(name string) bool { return !c.Scopes.IsManagementScope(name) })
	if len(management) > 0 {
		management = management[:1]
	}
	client = strings.ReplaceAll(client, " ", "-")
	once := map[string]any{"Idempotency-Key": client}
	values := s.ids
	switch {
	case s.Data == "listContests":
		values = []string{"READY", "COMPLETED"}
	case len(values) == 0: // a contract without public matches
		values = []string{"m_1", "m_2"}
	}
	create := step{Name: "create", Operation: "createKey", Secret: s.Operator, Params: once, Body: spec(management...), want: 201, check: has("secret")}
	again := create
	again.Name, again.want, again.check = "409", status(api.ConflictRepeat), s.failure
	return []step{
		{Name: "list", Operation: "listKeys", Secret: s.Operator, Params: map[string]any{"limit": 1, "org": s.org}, want: 200, check: has("prefix")},
		{Name: "page", Operation: "listKeys", Secret: s.Operator, Params: map[string]any{"limit": 1, "org": s.org}, want: 200, check: has("prefix")},
		{Name: "get", Operation: "getKey", Secret: s.Operator, Params: map[string]any{"key": s.key}, want: 200, check: has("prefix")},
		{Name: "data", Operation: s.Data, Secret: s.data, Params: map[string]any{"limit": 2, s.Status: values}, want: 200, check: s.both},
		create, again,
		{Name: "401", Operation: "listKeys", Secret: s.data + "x", Params: map[string]any{"org": s.org}, want: status(api.SecretMalformed), check: s.failure},
		{Name: "403", Operation: "createOrg", Secret: s.data, Body: map[string]any{"name": "Mine", "owner": "eve@club.example"}, want: status(api.Permission), check: s.failure},
		{Name: "404", Operation: "getKey", Secret: s.Operator, Params: map[string]any{"key": "key_00000000000000000000000000"}, want: status(api.NotFound), check: s.failure},
		{Name: "422", Operation: "createKey", Secret: s.Operator, Params: map[string]any{"Idempotency-Key": client + "-422"}, Body: spec("nothing"), want: status(api.InputField), check: s.failure},
	}
}

// both checks that a list has the matches of both ids.
func (s *site) both(body []byte) error {
	for _, id := range s.ids {
		if !bytes.Contains(body, []byte(id)) {
			return fmt.Errorf("no match %s", id)
		}
	}
	return nil
}

// failure checks that a client decoded an error into the contract's shape.
func (s *site) failure(body []byte) error { return s.check.Error(body) }

// has returns a check that a body has a field with a text, at any depth.
func has(field string) func(body []byte) error {
	return func(body []byte) error {
		if text, ok := found(body, field).(string); !ok || text == "" {
			return fmt.Errorf("no %s", field)
		}
		return nil
	}
}

// found returns the first value of a field at any depth, or nil.
func found(body []byte, field string) any {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var visit func(v any) any
	visit = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			if at, ok := v[field]; ok {
				return at
			}
			for _, part := range v {
				if at := visit(part); at != nil {
					return at
				}
			}
		case []any:
			for _, part := range v {
				if at := visit(part); at != nil {
					return at
				}
			}
		}
		return nil
	}
	return visit(v)
}
