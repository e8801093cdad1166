package stack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"statgate/infra/stack"
	"statgate/shared/api"
	"statgate/shared/contract"
)

// contracts are the presets whose templates every test checks.
var contracts = []string{"statgate", "balla", "scorelytics", "teambattles", "fullengage"}

func eachContract(t *testing.T, test func(t *testing.T, c *contract.Contract, tmpl template)) {
	t.Helper()
	for _, name := range contracts {
		t.Run(name, func(t *testing.T) { test(t, presetOf(t, name), synthesised(t, name)) })
	}
}

// methods returns the template's methods by method and path, "GET /v1/keys/{key}".
func (t template) methods() map[string]resource {
	found := map[string]resource{}
	for _, m := range t.of("AWS::ApiGateway::Method") {
		found[fmt.Sprintf("%s %s", m.Properties["HttpMethod"], t.path(m.Properties["ResourceId"]))] = m
	}
	return found
}

// path returns the path of an API Gateway resource.
func (t template) path(at any) string {
	ref, _ := dig(at, "Ref").(string)
	if ref == "" {
		return "/"
	}
	r := t.Resources[ref]
	parent := t.path(r.Properties["ParentId"])
	return strings.TrimSuffix(parent, "/") + "/" + r.Properties["PathPart"].(string)
}

// dig returns the value at a path of names and list indexes, or nil.
func dig(v any, at ...any) any {
	for _, step := range at {
		switch name := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[name]
		case int:
			list, _ := v.([]any)
			if name >= len(list) {
				return nil
			}
			v = list[name]
		}
	}
	return v
}

func TestEveryRouteIsAMethodBehindTheAuthorizerUnlessItIsOpen(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		methods := tmpl.methods()
		for _, r := range allMethods(c) {
			m, ok := methods[r.ID()]
			if !ok {
				t.Errorf("%s (%s) has no method", r.Operation, r.ID())
				continue
			}
			got, want := m.Properties["AuthorizationType"], "CUSTOM"
			if r.Open {
				want = "NONE"
			}
			if got != want {
				t.Errorf("%s: got authorization %v, want %s", r.Operation, got, want)
			}
			if hasAuthorizer := dig(m.Properties["AuthorizerId"], "Ref") != nil; hasAuthorizer == r.Open {
				t.Errorf("%s: got authorizer %v for a route that is open: %v", r.Operation, hasAuthorizer, r.Open)
			}
			uri, _ := json.Marshal(dig(m.Properties, "Integration", "Uri"))
			if dig(m.Properties, "Integration", "Type") != "AWS_PROXY" || !strings.Contains(string(uri), title(r.Function)+"Function") {
				t.Errorf("%s: got integration %s, want the function %s", r.Operation, uri, r.Function)
			}
		}
	})
}

// allMethods lists a contract's routes, and each GET again as HEAD.
func allMethods(c *contract.Contract) []api.Route {
	var all []api.Route
	for _, r := range api.For(c) {
		all = append(all, r)
		if r.Method == http.MethodGet {
			r.Method = http.MethodHead
			all = append(all, r)
		}
	}
	return all
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func TestEveryMethodIsARouteOrAMock(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		routes := map[string]bool{}
		for _, r := range allMethods(c) {
			routes[r.ID()] = true
		}
		for id, m := range tmpl.methods() {
			mock := dig(m.Properties, "Integration", "Type") == "MOCK"
			if routes[id] == mock {
				t.Errorf("%s: got mock %v for a route: %v", id, mock, routes[id])
			}
			if mock && m.Properties["AuthorizationType"] != "NONE" {
				t.Errorf("%s: a mock requires a key", id)
			}
		}
	})
}

func TestEveryPathAnswersPreflightAndWrongMethodsWithoutAKey(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		methods := tmpl.methods()
		paths := []string{"/"}
		for id := range tmpl.of("AWS::ApiGateway::Resource") {
			paths = append(paths, tmpl.path(map[string]any{"Ref": id}))
		}
		for _, path := range paths {
			for method, want := range map[string][]string{"OPTIONS": {"204"}, "ANY": {"404", "405"}} {
				m := methods[method+" "+path]
				status, _ := dig(m.Properties, "Integration", "IntegrationResponses", 0, "StatusCode").(string)
				if m.Properties["AuthorizationType"] != "NONE" || !strings.Contains(strings.Join(want, " "), status) || status == "" {
					t.Errorf("%s %s: got status %q, authorization %v, want %v without a key", method, path, status, m.Properties["AuthorizationType"], want)
				}
			}
		}
	})
}

func TestMocksAnswerInTheErrorShapeAndRefuseOtherBodies(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		for id, m := range tmpl.methods() {
			if dig(m.Properties, "Integration", "Type") != "MOCK" {
				continue
			}
			if got := dig(m.Properties, "Integration", "PassthroughBehavior"); got != "NEVER" {
				t.Errorf("%s: got passthrough %v, want NEVER", id, got)
			}
			status := dig(m.Properties, "Integration", "IntegrationResponses", 0, "StatusCode")
			request, _ := dig(m.Properties, "Integration", "RequestTemplates", "application/json").(string)
			if want := fmt.Sprintf(`{"statusCode":%s}`, status); request != want {
				t.Errorf("%s: got request template %s, want %s", id, request, want)
			}
			headers, _ := dig(m.Properties, "Integration", "IntegrationResponses", 0, "ResponseParameters").(map[string]any)
			declared, _ := dig(m.Properties, "MethodResponses", 0, "ResponseParameters").(map[string]any)
			if len(headers) == 0 || len(headers) != len(declared) {
				t.Errorf("%s: got %d headers and %d declared ones", id, len(headers), len(declared))
			}
			if status != "204" && status != "302" { // these have no body
				body, _ := dig(m.Properties, "Integration", "IntegrationResponses", 0, "ResponseTemplates", "application/json").(string)
				checkErrorBody(t, c, id, body)
			}
			if allow := headers["method.response.header.Allow"]; (status == "405") != (allow != nil) {
				t.Errorf("%s: got status %v with Allow %v", id, status, allow)
			}
		}
	})
}

// checkErrorBody checks that a template has the contract's error shape.
func checkErrorBody(t *testing.T, c *contract.Contract, what, body string) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Errorf("%s: the template is not JSON: %v\n%s", what, err, body)
		return
	}
	for _, f := range c.Shapes.Error.Fields {
		if _, ok := got[f.Name]; !ok && !f.Node.OmitNull {
			t.Errorf("%s: %s lacks the field %s", what, body, f.Name)
		}
	}
}

func TestGatewayResponsesHaveTheErrorShapeAndCORS(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		deployed := map[string]resource{}
		for _, g := range tmpl.of("AWS::ApiGateway::GatewayResponse") {
			deployed[g.Properties["ResponseType"].(string)] = g
		}
		for _, want := range api.GatewayResponses(c) {
			g, ok := deployed[want.Type]
			if !ok {
				t.Errorf("%s is not deployed", want.Type)
				continue
			}
			body, _ := dig(g.Properties, "ResponseTemplates", "application/json").(string)
			checkErrorBody(t, c, want.Type, body)
			if got := dig(g.Properties, "ResponseParameters", "gatewayresponse.header.Access-Control-Allow-Origin"); got != "'*'" {
				t.Errorf("%s: got Access-Control-Allow-Origin %v, want '*'", want.Type, got)
			}
			status, _ := g.Properties["StatusCode"].(string)
			if isDefault := strings.HasPrefix(want.Type, "DEFAULT_"); isDefault == (status != "") {
				t.Errorf("%s: got status %q, and only the defaults must have none", want.Type, status)
			}
		}
		for _, kind := range types.GatewayResponseType("").Values() {
			g, ok := deployed[string(kind)]
			if !ok {
				t.Errorf("%s keeps API Gateway's own shape", kind)
			}
			want := map[bool]any{true: "'Bearer'"}[g.Properties["StatusCode"] == "401"]
			if got := dig(g.Properties, "ResponseParameters", "gatewayresponse.header.WWW-Authenticate"); got != want {
				t.Errorf("%s: got WWW-Authenticate %v, want %v", kind, got, want)
			}
		}
		if got := deployed["UNAUTHORIZED"].Properties["StatusCode"]; got != fmt.Sprint(http.StatusUnauthorized) {
			t.Errorf("UNAUTHORIZED: got %v, want 401", got)
		}
	})
}

func TestAPICompressesLargeAnswersHasNoBinaryMediaTypesAndOneStage(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		for id, r := range tmpl.of("AWS::ApiGateway::RestApi") {
			if got := r.Properties["MinimumCompressionSize"]; got != 1024.0 {
				t.Errorf("%s: compresses from %v bytes, want 1024", id, got)
			}
			if got := r.Properties["BinaryMediaTypes"]; got != nil {
				t.Errorf("%s: got binary media types %v, want none", id, got)
			}
			if got, want := dig(r.Properties, "EndpointConfiguration", "Types"), any([]any{"REGIONAL"}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", id, got, want)
			}
		}
		stages := tmpl.of("AWS::ApiGateway::Stage")
		if len(stages) != 1 {
			t.Errorf("got %d stages, want 1", len(stages))
		}
		for _, s := range stages {
			if got, want := s.Properties["StageName"], c.Environments[0]; got != want {
				t.Errorf("got stage %v, want %s", got, want)
			}
		}
	})
}

// TestChangedMessageMakesANewDeployment checks the logical id, as CloudFormation only
// deploys the API again if that changes.
func TestChangedMessageMakesANewDeployment(t *testing.T) {
	c := presetOf(t, "statgate")
	c.Conditions["method"] = contract.Condition{Status: 405, Code: "method_not_allowed", Message: `that costs $5 #if you must`}
	changed := synth(t, "Statgate", stack.Props{Contract: c, Environment: "live", Arch: "arm64", Edge: stack.Edge{Deployed: true}})
	for id := range synthesised(t, "statgate").of("AWS::ApiGateway::Deployment") {
		if _, same := changed.Resources[id]; same {
			t.Errorf("the deployment is still %s", id)
		}
	}
	body, _ := dig(changed.methods()["ANY /v1/keys"].Properties, "Integration", "IntegrationResponses", 0, "ResponseTemplates", "application/json").(string)
	if strings.ContainsAny(strings.ReplaceAll(body, "$context.", ""), "$#") {
		t.Errorf("the template language would interpret this text: %s", body)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || got["message"] != `that costs $5 #if you must` {
		t.Errorf("got %v (%v), want the contract's message", got["message"], err)
	}
}
