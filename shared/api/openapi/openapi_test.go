package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/openapi"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func load(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, c *contract.Contract, handlers []api.Handler) []byte {
	t.Helper()
	doc, err := openapi.Document(c, handlers, "")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func all(c *contract.Contract) []api.Handler { return functions.All(functions.Deps{Contract: c}) }

// at returns the value at a path of names in a document. It fails the test if a
// name is missing.
func at(t *testing.T, doc []byte, names ...string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		object, ok := v.(map[string]any)
		if !ok || object[name] == nil {
			t.Fatalf("the document has no %s", strings.Join(names[:i+1], " → "))
		}
		v = object[name]
	}
	return v
}

func compact(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestDocumentOfEveryPresetPassesRedocly(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("the document is checked by a tool from npm: install node (20.19 or later) and npm")
	}
	dir := t.TempDir()
	args := []string{filepath.Join("..", "..", "..", "scripts", "lint", "redocly.sh")}
	for _, name := range preset.Names() {
		c := load(t, name)
		file := filepath.Join(dir, name+".json")
		if err := os.WriteFile(file, write(t, c, all(c)), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command("bash", args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSameContractGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		first := write(t, c, all(c))
		for range 5 {
			if !bytes.Equal(write(t, c, all(c)), first) {
				t.Fatalf("%s: two documents of the same contract differ", name)
			}
		}
	}
}

func TestDocumentHasExactlyTheDeployedRoutes(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		paths, _ := at(t, write(t, c, all(c)), "paths").(map[string]any)
		count := 0
		for _, methods := range paths {
			count += len(methods.(map[string]any))
		}
		routes := api.Documented(c)
		if got, want := count, len(routes); got != want {
			t.Errorf("%s: the document has %d operations, want %d", name, got, want)
		}
		for _, r := range routes {
			methods, _ := paths[r.Path].(map[string]any)
			op, _ := methods[strings.ToLower(r.Method)].(map[string]any)
			if got, want := op["operationId"], r.Operation; got != want {
				t.Errorf("%s: %s is %v, want %s", name, r.ID(), got, want)
			}
		}
	}
}

func TestRouteWithoutHandlerIsNotDocumented(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	doc := write(t, c, []api.Handler{echo("getLeague")})
	if got, want := compact(t, at(t, doc, "tags")), `[{"description":"Leagues, their seasons and their standings.","name":"Leagues"}]`; got != want {
		t.Errorf("tags are %s, want %s", got, want)
	}
	if got, want := len(at(t, doc, "paths").(map[string]any)), 1; got != want {
		t.Errorf("the document has %d paths, want %d", got, want)
	}
}

type inner struct {
	Count int `json:"count"`
}

type output struct {
	Object   *inner         `json:"object"`
	List     []inner        `json:"list"`
	Text     *string        `json:"text"`
	Choice   *string        `json:"choice" enum:"a,b" nullable:"true"`
	Anything map[string]any `json:"anything" nullable:"true"`
}

type leagueInput struct {
	League string `json:"league"`
}

func echo(operation string) api.Handler {
	return api.Handle(operation, func(context.Context, *api.Request, *leagueInput) (*output, error) { return nil, nil })
}

func TestOptionalValuesMayBeNullAndListsMayNot(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	check, err := openapi.Check(write(t, c, []api.Handler{echo("getLeague")}))
	if err != nil {
		t.Fatal(err)
	}
	good := []string{
		`{"object":null,"list":[],"text":null,"choice":null,"anything":null}`,
		`{"object":{"count":1},"list":[{"count":2}],"text":"x","choice":"a","anything":{"x":1}}`,
	}
	bad := []string{
		`{"object":null,"list":null,"text":null,"choice":null,"anything":null}`,
		`{"object":[],"list":[],"text":null,"choice":null,"anything":null}`,
		`{"object":{},"list":[],"text":null,"choice":null,"anything":null}`,
		`{"object":{"count":null},"list":[],"text":null,"choice":null,"anything":null}`,
		`{"object":null,"list":[],"text":null,"choice":"c","anything":null}`,
		`{"object":null,"list":[],"text":null,"choice":null}`,
		`{"object":null,"list":[],"text":null,"choice":null,"anything":null,"more":1}`,
		`{"object":null,`, ``,
	}
	for _, body := range good {
		if err := check.Answer("getLeague", 200, []byte(body)); err != nil {
			t.Errorf("%s is refused: %v", body, err)
		}
	}
	for _, body := range bad {
		if check.Answer("getLeague", 200, []byte(body)) == nil {
			t.Errorf("%s is accepted, want it refused", body)
		}
	}
}

func TestEveryFieldOfAResponseIsRequired(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		for component, v := range at(t, write(t, c, all(c)), "components", "schemas").(map[string]any) {
			s := v.(map[string]any)
			props, _ := s["properties"].(map[string]any)
			required, _ := s["required"].([]any)
			if strings.HasSuffix(component, "Input") || component == "Error" || component == "Details" {
				continue // a contract can omit null details, and details have any names
			}
			if got, want := len(required), len(props); got != want {
				t.Errorf("%s: %s requires %d of its %d properties", name, component, got, want)
			}
			if s["additionalProperties"] != false {
				t.Errorf("%s: %s allows additional properties", name, component)
			}
		}
	}
}

func TestScopesOfAnOperationAreThoseThatAllowIt(t *testing.T) {
	t.Parallel()
	cases := []struct {
		preset, operation string
		want              []string
	}{
		{"statgate", "listMatches", []string{"read:matches"}},
		{"statgate", "getStandings", []string{"read:leagues", "read:stats"}},
		{"statgate", "createKey", []string{"keys:write"}},
		{"statgate", "getSelf", nil},
		{"statgate", "getHealth", nil},
		{"balla", "listMatches", []string{"read", "matches"}},
		{"balla", "listLeagues", []string{"read", "seasons"}},
		{"balla", "listAudit", []string{"audit:read"}},
	}
	for _, tc := range cases {
		r, ok := api.Find(tc.operation)
		if !ok {
			t.Fatalf("no operation %s", tc.operation)
		}
		if got := openapi.Scopes(load(t, tc.preset), r); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %s needs %v, want %v", tc.preset, tc.operation, got, tc.want)
		}
	}
}

func TestEveryResponseExampleMatchesItsSchema(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c := load(t, name)
		doc := write(t, c, all(c))
		check, err := openapi.Check(doc)
		if err != nil {
			t.Fatal(err)
		}
		for path, methods := range at(t, doc, "paths").(map[string]any) {
			for method, v := range methods.(map[string]any) {
				op := v.(map[string]any)
				for _, status := range []int{200, 201} {
					response, _ := op["responses"].(map[string]any)[map[int]string{200: "200", 201: "201"}[status]].(map[string]any)
					content, _ := response["content"].(map[string]any)
					media, _ := content["application/json"].(map[string]any)
					if media["example"] == nil {
						continue
					}
					if err := check.Answer(op["operationId"].(string), status, []byte(compact(t, media["example"]))); err != nil {
						t.Errorf("%s: %s %s: %v", name, method, path, err)
					}
				}
			}
		}
	}
}

func TestCreatedObjectHasALocationIfTheContractReturnsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contract, path string
		want           bool
	}{{"statgate", "/v1/keys", true}, {"statgate", "/v1/tokens", false}, {"balla", "/api/matches", true}, {"teambattles", "/api/v1/game/matches", true}, {"teambattles", "/api/v1/applications", false}} {
		k := load(t, c.contract)
		headers, _ := at(t, write(t, k, all(k)), "paths", c.path, "post", "responses", "201", "headers").(map[string]any)
		if _, got := headers["Location"]; got != c.want {
			t.Errorf("%s %s: got %v, want %v", c.contract, c.path, got, c.want)
		}
	}
	k := load(t, "balla")
	delete(k.Operations, "getMatch")
	headers, _ := at(t, write(t, k, all(k)), "paths", "/api/matches", "post", "responses", "201", "headers").(map[string]any)
	if headers["Location"] != nil {
		t.Error("the response has a Location, although the contract has no getMatch")
	}
}

func TestBaseURLIsTheServerOfTheDocument(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for given, want := range map[string]string{"": "/", "https://api.club.example/": "https://api.club.example", "https://api.club.example": "https://api.club.example"} {
		doc, err := openapi.Document(c, []api.Handler{echo("getLeague")}, given)
		if err != nil {
			t.Fatal(err)
		}
		server := at(t, doc, "servers").([]any)[0].(map[string]any)
		if got := server["url"]; got != want {
			t.Errorf("base URL %q gives server %v, want %q", given, got, want)
		}
	}
}
