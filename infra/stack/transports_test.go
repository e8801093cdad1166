package stack_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/authorizer"
	"statgate/infra/stack"
	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/platform/edge/edgetest"
	"statgate/shared/platform/serve"
)

// deployed runs requests through the edge function, the identity source, the authorizer
// and a function, each with the settings of a synthesised template.
type deployed struct {
	contract *contract.Contract
	edge     string // code of the edge function; "" without an edge
	identity string // header of the identity source; "" without one
	function *serve.Function
	check    *authorizer.Authorizer
}

// secretOf returns a well-formed secret of the contract.
func secretOf(c *contract.Contract) string {
	return c.Secret.Prefixes["live"] + strings.Repeat("7", c.Secret.Accept[0])
}

type openGate struct{}

func (openGate) Admit(_ context.Context, c *api.Caller, _ api.Route, _ string) (gate.Admission, error) {
	return gate.Admission{Caller: c}, nil
}

func (openGate) StillCurrent(context.Context, gate.Admission) error { return nil }

// behind returns the EDGE variable of a function, which must be the same in all.
func behind(t *testing.T, tmpl template) bool {
	t.Helper()
	seen := map[any]bool{}
	for _, f := range tmpl.of("AWS::Lambda::Function") {
		seen[dig(f.Properties, "Environment", "Variables", "EDGE")] = true
	}
	if len(seen) != 1 {
		t.Fatalf("got EDGE %v, want the same in every function", seen)
	}
	return seen["true"]
}

func deployedFrom(t *testing.T, c *contract.Contract, tmpl template) deployed {
	t.Helper()
	d := deployed{contract: c}
	for _, f := range tmpl.of("AWS::CloudFront::Function") {
		d.edge, _ = f.Properties["FunctionCode"].(string)
	}
	source, _ := tmpl.only(t, "AWS::ApiGateway::Authorizer").Properties["IdentitySource"].(string)
	d.identity = strings.TrimPrefix(source, "method.request.header.")
	edge := behind(t, tmpl)
	quiet := slog.New(slog.DiscardHandler)
	d.check = authorizer.New(c, transport.Behind(c, edge), func(_ context.Context, secret string) (*api.Caller, error) {
		if secret != secretOf(c) {
			return nil, api.Fail(api.SecretUnknown, "a valid API key is required")
		}
		return &api.Caller{Key: "key_1", Secret: apikey.ID(secret), Org: "org_1", Role: api.RoleOwner, Contract: c.Name,
			Standing: api.StandingActive, Permissions: []string{"*:*"}}, nil
	}, time.Now, quiet)
	handler := api.Handle("getSelf", func(context.Context, *api.Request, *struct{}) (string, error) { return "", nil })
	var err error
	d.function, err = serve.New(serve.Options{Contract: c, Edge: edge, Handlers: []api.Handler{handler}, Gate: openGate{}, Clock: time.Now, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// get returns the status of a request for the current key.
func (d deployed) get(t *testing.T, h http.Header, q url.Values) int {
	t.Helper()
	path := d.contract.Base + "/keys/self"
	if d.edge != "" {
		got, err := edgetest.Request(d.edge, http.MethodGet, path, h, q)
		if err != nil {
			t.Fatal(err)
		}
		if status, refused := got["statusCode"].(float64); refused {
			return int(status)
		}
		h, q = http.Header{}, url.Values{}
		if sent, _ := dig(got, "headers", "authorization", "value").(string); sent != "" {
			h.Set("Authorization", sent)
		}
		for name := range got["querystring"].(map[string]any) {
			q.Set(name, "left in")
		}
	}
	if d.identity != "" && h.Get(d.identity) == "" {
		return http.StatusUnauthorized // API Gateway does not call the authorizer
	}
	policy, err := d.check.Handle(t.Context(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn: "arn:aws:execute-api:eu-west-1:1:api/live/GET" + path, MultiValueHeaders: h, MultiValueQueryStringParameters: q})
	if err != nil {
		return http.StatusUnauthorized
	}
	got, err := d.function.Handle(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: http.MethodGet, Resource: path,
		MultiValueHeaders: h, MultiValueQueryStringParameters: q, RequestContext: events.APIGatewayProxyRequestContext{Authorizer: policy.Context}})
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode
}

// requestsOf returns a request for each transport.
func requestsOf(secret string) map[string]sent {
	return map[string]sent{
		contract.Bearer:  {http.Header{"Authorization": {"Bearer " + secret}}, url.Values{}},
		contract.XAPIKey: {http.Header{"X-Api-Key": {secret}}, url.Values{}},
		contract.Query:   {http.Header{}, url.Values{"api_key": {secret}}},
	}
}

// sent is what a client sends.
type sent struct {
	header http.Header
	query  url.Values
}

// listing returns the template of a deployment of a contract with the contract's transports.
func listing(t *testing.T, c *contract.Contract, edge bool) template {
	t.Helper()
	name := fmt.Sprint(c.Name, c.HTTPTransports(), edge)
	return once(t, name, stack.Props{Contract: c, Environment: "live", Arch: "arm64", Edge: stack.Edge{Deployed: edge}})
}

// eachTransport runs a test on deployments of each list of transports, with and without an
// edge.
func eachTransport(t *testing.T, test func(t *testing.T, c *contract.Contract, tmpl template, edge bool)) {
	t.Helper()
	for _, transport := range []string{contract.XAPIKey, contract.Query} {
		for _, edge := range []bool{true, false} {
			c := presetOf(t, "statgate")
			c.Transports["http"] = []string{transport}
			test(t, c, listing(t, c, edge), edge)
		}
	}
	bearer, two, three := presetOf(t, "balla"), presetOf(t, "statgate"), presetOf(t, "scorelytics")
	test(t, bearer, listing(t, bearer, true), true)
	test(t, bearer, synthesised(t, "balla"), false)
	test(t, two, synthesised(t, "statgate"), true)
	test(t, two, synthesised(t, "statgate without an edge"), false)
	test(t, three, synthesised(t, "scorelytics"), true)
	test(t, three, listing(t, three, false), false)
}

func TestExactlyTheListedTransportsWorkAndNoKeyIsTracedWithTheSettingsOfTheTemplate(t *testing.T) {
	eachTransport(t, func(t *testing.T, c *contract.Contract, tmpl template, edge bool) {
		listed := c.HTTPTransports()
		d := deployedFrom(t, c, tmpl)
		if (d.edge != "") != edge {
			t.Errorf("%v: got an edge function: %v, want %v", listed, d.edge != "", edge)
		}
		for via, r := range requestsOf(secretOf(c)) {
			got := d.get(t, r.header.Clone(), r.query)
			want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[slices.Contains(listed, via)]
			if got != want {
				t.Errorf("transports %v, edge %v: a key by %s gets %d, want %d", listed, edge, via, got, want)
			}
		}
		recordsNoQuery(t, c, tmpl)
	})
}

// recordsNoQuery checks that nothing of API Gateway or CloudFront records the query of a
// request if the contract takes keys there. Segments of a traced stage have the whole URL.
func recordsNoQuery(t *testing.T, c *contract.Contract, tmpl template) {
	t.Helper()
	stage := tmpl.only(t, "AWS::ApiGateway::Stage").Properties
	inQuery := slices.Contains(c.HTTPTransports(), contract.Query)
	if got := dig(stage, "TracingEnabled") == true; got == inQuery {
		t.Errorf("%v: got a traced stage: %v, want %v", c.HTTPTransports(), got, !inQuery)
	}
	settings, _ := dig(stage, "MethodSettings").([]any)
	for _, s := range settings {
		if level := dig(s, "LoggingLevel"); level != nil && level != "OFF" || dig(s, "DataTraceEnabled") == true {
			t.Errorf("%v: execution logs contain the query: %v", c.HTTPTransports(), s)
		}
	}
	format, _ := dig(stage, "AccessLogSetting", "Format").(string)
	for _, variable := range []string{"$context.path", "querystring", "$input", "$context.requestOverride"} {
		if strings.Contains(format, variable) {
			t.Errorf("the access log has %s, which contains what the client sent", variable)
		}
	}
	for _, d := range tmpl.of("AWS::CloudFront::Distribution") {
		if dig(d.Properties, "DistributionConfig", "Logging") != nil {
			t.Error("logs of the distribution contain the query")
		}
	}
}

func TestNothingOfAnyDeploymentRecordsAKeyFromTheQuery(t *testing.T) {
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) { recordsNoQuery(t, presetOf(t, variant.preset), synthesised(t, name)) })
	}
}
