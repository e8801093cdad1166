package openapi_test

import (
	"context"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/openapi"
	"statgate/shared/contract"
)

type filter struct {
	api.Page
	Country string `json:"country,omitempty" minLength:"2"`
}

func listing() api.Handler {
	return api.Handle("listLeagues", func(context.Context, *api.Request, *filter) (api.List[inner], error) {
		return api.List[inner]{}, nil
	})
}

func slot(name string) *contract.Node { return &contract.Node{Slot: name} }

// other returns the statgate contract with other transports, envelopes, names and limits.
func other(t *testing.T) *contract.Contract {
	t.Helper()
	c := load(t, "statgate")
	c.Transports = map[string][]string{"http": {contract.Query, contract.XAPIKey}}
	c.Shapes.Item = &contract.Node{Fields: []contract.Field{{Name: "data", Node: slot("item")}}}
	c.Shapes.List = &contract.Node{Fields: []contract.Field{
		{Name: "leagues", Node: slot("items")},
		{Name: "paging", Node: &contract.Node{Fields: []contract.Field{{Name: "cursor", Node: slot("next")}, {Name: "more", Node: slot("more")}}}},
		{Name: "count", Node: slot("count")},
		{Name: "total", Node: &contract.Node{Slot: "total", OmitNull: true}},
		{Name: "at", Node: slot("now")},
	}}
	c.Shapes.Error = &contract.Node{Fields: []contract.Field{
		{Name: "error", Node: slot("message")}, {Name: "code", Node: slot("code")},
		{Name: "request_id", Node: &contract.Node{Slot: "request_id", Prefix: "req_"}},
	}}
	c.Operations["listLeagues"] = contract.Operation{Path: "/competitions", Names: map[string]string{"country": "nation"},
		Limit: &contract.Limit{Default: 25, Min: 1, Max: 200, Over: "clamp"}}
	return c
}

func TestResponsesHaveTheEnvelopesOfTheContract(t *testing.T) {
	t.Parallel()
	c := other(t)
	check, err := openapi.Check(write(t, c, []api.Handler{listing(), echo("getLeague")}))
	if err != nil {
		t.Fatal(err)
	}
	const when = `"2026-03-01T12:00:00Z"`
	cases := []struct {
		operation string
		status    int
		body      string
		good      bool
	}{
		{"listLeagues", 200, `{"leagues":[{"count":1}],"paging":{"cursor":null,"more":false},"count":1,"at":` + when + `}`, true},
		{"listLeagues", 200, `{"leagues":[],"paging":{"cursor":"x","more":true},"count":0,"total":7,"at":` + when + `}`, true},
		{"listLeagues", 200, `{"leagues":[],"paging":{"cursor":"x","more":true},"count":0,"total":null,"at":` + when + `}`, false},
		{"listLeagues", 200, `{"leagues":[],"paging":{"cursor":"x"},"count":0,"at":` + when + `}`, false},
		{"listLeagues", 200, `{"leagues":[],"paging":{"cursor":"x","more":true},"count":0,"at":"today"}`, false},
		{"listLeagues", 200, `{"data":[],"next_cursor":null,"total":null}`, false},
		{"getLeague", 200, `{"data":{"object":null,"list":[],"text":null,"choice":null,"anything":null}}`, true},
		{"getLeague", 200, `{"object":null,"list":[],"text":null,"choice":null,"anything":null}`, false},
		{"getLeague", 404, `{"error":"no such league","code":"not_found","request_id":"req_1"}`, true},
		{"getLeague", 404, `{"error":"not_found","message":"no such league","details":null,"request_id":"1"}`, false},
		{"getLeague", 404, `{"error":"no such league","code":"gone","request_id":"req_1"}`, false},
		{"getLeague", 418, `{}`, false},
		{"getLeague", 304, ``, true},
		{"getLeague", 304, `{}`, false},
		{"getNothing", 200, `{}`, false},
	}
	for _, tc := range cases {
		if err := check.Answer(tc.operation, tc.status, []byte(tc.body)); (err == nil) != tc.good {
			t.Errorf("%s %d %s: got %v, want accepted: %t", tc.operation, tc.status, tc.body, err, tc.good)
		}
	}
}

func TestParametersHaveTheNamesAndLimitsOfTheContract(t *testing.T) {
	t.Parallel()
	doc := write(t, other(t), []api.Handler{listing()})
	params := compact(t, at(t, doc, "paths", "/v1/competitions", "get", "parameters"))
	for _, want := range []string{
		`"in":"query","name":"nation","schema":{"minLength":2,"type":"string"}`,
		`"description":"Items per page; values above 200 are treated as 200","in":"query","name":"limit","schema":{"default":25,"format":"int64","minimum":1,"type":"integer"}`,
		`"name":"cursor"`,
	} {
		if !strings.Contains(params, want) {
			t.Errorf("parameters lack %s: %s", want, params)
		}
	}
	if strings.Contains(params, "country") {
		t.Errorf("parameters have country, want the contract's name nation: %s", params)
	}
}

func TestSecuritySchemesAreTheTransportsOfTheContract(t *testing.T) {
	t.Parallel()
	doc := write(t, other(t), []api.Handler{listing()})
	if got, want := compact(t, at(t, doc, "paths", "/v1/competitions", "get", "security")), `[{"apiKeyQuery":[]},{"apiKeyHeader":[]}]`; got != want {
		t.Errorf("security is %s, want %s", got, want)
	}
	if got, want := len(at(t, doc, "components", "securitySchemes").(map[string]any)), 2; got != want {
		t.Errorf("there are %d security schemes, want %d", got, want)
	}
}

func TestPageNumbersReplaceCursors(t *testing.T) {
	t.Parallel()
	c := load(t, "balla")
	params := compact(t, at(t, write(t, c, []api.Handler{listing()}), "paths", "/api/leagues", "get", "parameters"))
	if !strings.Contains(params, `"name":"page","schema":{"default":1,"minimum":1,"type":"integer"}`) || strings.Contains(params, `"name":"cursor"`) {
		t.Errorf("want page and no cursor, got %s", params)
	}
}

func TestErrorsWithoutAnOperationAreCheckedAgainstTheErrorShape(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	check, err := openapi.Check(write(t, c, []api.Handler{listing()}))
	if err != nil {
		t.Fatal(err)
	}
	lost := api.Encoder{Contract: c}.Error("id", api.Fail(api.NotFoundRoute, "no such path"))
	if err := check.Error(lost.Body); err != nil {
		t.Errorf("the API's own 404 is refused: %v", err)
	}
	if check.Error([]byte(`{"message":"Missing Authentication Token"}`)) == nil {
		t.Error("an API Gateway error of another shape is accepted, want it refused")
	}
}

func TestLiteralPathsTakePrecedenceOverParameters(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	check, err := openapi.Check(write(t, c, all(c)))
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"GET /v1/keys/self": "getSelf", "GET /v1/keys/key_1": "getKey", "POST /v1/keys/self/revoke": "revokeSelf",
		"POST /v1/keys/key_1/revoke": "revokeKey", "PUT /v1/keys": "", "GET /v1/nothing": "", "GET /health": "getHealth",
	} {
		method, path, _ := strings.Cut(request, " ")
		got, ok := check.Operation(method, path)
		if got != want || ok != (want != "") {
			t.Errorf("%s is %q (%t), want %q", request, got, ok, want)
		}
	}
}
