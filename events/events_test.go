// Package events_test checks the sample events. events/<operation>/<case>.json is what API
// Gateway sends to the function of an operation of the default contract; events/authorizer is
// what it sends to the authorizer. Tests and local invocations of single functions read the
// samples.
package events_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"statgate/functions"
	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

const authorizer = "authorizer"

// samples returns the sample files by path, like "listMatches/range.json".
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.ToSlash(file)] = raw
	}
	return found
}

// decode decodes an event and refuses fields that the event type does not have.
func decode(t *testing.T, file string, raw []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func statgate(t *testing.T) *contract.Contract {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func deployed(c *contract.Contract) map[string]api.Route {
	routes := map[string]api.Route{}
	for _, r := range api.For(c) {
		routes[r.Operation] = r
	}
	return routes
}

func TestEveryOperationHasASampleEventAndEverySampleAnOperation(t *testing.T) {
	routes := deployed(statgate(t))
	sampled := map[string]bool{}
	for file := range samples(t) {
		operation := filepath.Dir(file)
		sampled[operation] = true
		if _, ok := routes[operation]; !ok && operation != authorizer {
			t.Errorf("%s: unknown operation %s", file, operation)
		}
	}
	for operation := range routes {
		if !sampled[operation] {
			t.Errorf("events/%s/ has no sample event", operation)
		}
	}
	if !sampled[authorizer] {
		t.Error("events/authorizer/ has no sample")
	}
}

func TestSamplesMatchTheirRoutes(t *testing.T) {
	routes := deployed(statgate(t))
	for file, raw := range samples(t) {
		if filepath.Dir(file) == authorizer {
			continue
		}
		var ev events.APIGatewayProxyRequest
		decode(t, file, raw, &ev)
		route := routes[filepath.Dir(file)]
		if got, want := ev.HTTPMethod+" "+ev.Resource, route.ID(); got != want {
			t.Errorf("%s: got route %s, want %s", file, got, want)
		}
		path := ev.Resource
		for name, value := range ev.PathParameters {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		if ev.Path != path || ev.RequestContext.Path != "/"+ev.RequestContext.Stage+path {
			t.Errorf("%s: got path %s and %s, want %s with and without the stage", file, ev.Path, ev.RequestContext.Path, path)
		}
		if ev.RequestContext.ResourcePath != ev.Resource || ev.RequestContext.HTTPMethod != ev.HTTPMethod || ev.RequestContext.OperationName != route.Operation {
			t.Errorf("%s: got request context of %s %s (%s), want that of the route", file, ev.RequestContext.HTTPMethod, ev.RequestContext.ResourcePath, ev.RequestContext.OperationName)
		}
		for name, values := range ev.MultiValueHeaders {
			if ev.Headers[name] != values[len(values)-1] || len(ev.Headers) != len(ev.MultiValueHeaders) {
				t.Errorf("%s: header %s differs between headers and multiValueHeaders", file, name)
			}
		}
		if ev.RequestContext.RequestID == "" {
			t.Errorf("%s: no request id", file)
		}
	}
}

func TestSamplesHaveACallerWithThePermissions(t *testing.T) {
	c := statgate(t)
	routes := deployed(c)
	for file, raw := range samples(t) {
		route, ok := routes[filepath.Dir(file)]
		if !ok {
			continue
		}
		var ev events.APIGatewayProxyRequest
		decode(t, file, raw, &ev)
		if route.Open {
			if ev.RequestContext.Authorizer != nil {
				t.Errorf("%s: got an authorizer context, want none on an open route", file)
			}
			continue
		}
		caller, err := api.CallerFromContext(ev.RequestContext.Authorizer)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !route.Allowed(caller.Permissions) || caller.Contract != c.Name || !c.HasEnvironment(caller.Environment) {
			t.Errorf("%s: %+v may not call %s", file, caller, route.Operation)
		}
		if secret := strings.TrimPrefix(ev.Headers["Authorization"], "Bearer "); caller.Secret != apikey.ID(secret) {
			t.Errorf("%s: got secret %s in the context, want %s, the id of the secret in the request", file, caller.Secret, apikey.ID(secret))
		}
		// The context equals what the authorizer writes, plus the two values that API Gateway
		// adds.
		want := caller.Context()
		want["principalId"], want["integrationLatency"] = caller.Key, 12.0
		if got := ev.RequestContext.Authorizer; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got context %v\nwant %v", file, got, want)
		}
	}
}

func TestSamplesAreValidInput(t *testing.T) {
	c := statgate(t)
	routes := deployed(c)
	binders := map[string]*bind.Binder{}
	for _, h := range functions.All(functions.Deps{Contract: c}) {
		b, err := bind.New(c, routes[h.Operation], h)
		if err != nil {
			t.Fatal(err)
		}
		binders[h.Operation] = b
	}
	for file, raw := range samples(t) {
		if filepath.Dir(file) == authorizer {
			continue
		}
		var ev events.APIGatewayProxyRequest
		decode(t, file, raw, &ev)
		in := bind.Request{Path: ev.PathParameters, Query: ev.MultiValueQueryStringParameters, Body: []byte(ev.Body)}
		if _, err := binders[filepath.Dir(file)].Bind(in); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestAuthorizerSamplesAreRequestsForARoute(t *testing.T) {
	routes := map[string]bool{}
	for _, r := range api.For(statgate(t)) {
		routes[r.ID()] = true
	}
	for file, raw := range samples(t) {
		if filepath.Dir(file) != authorizer {
			continue
		}
		var ev events.APIGatewayCustomAuthorizerRequestTypeRequest // the type has only some of the fields
		if err := json.Unmarshal(raw, &ev); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if ev.Type != "REQUEST" || !routes[ev.HTTPMethod+" "+ev.Resource] || ev.Headers["Authorization"] == "" {
			t.Errorf("%s: got type %q for %s %s", file, ev.Type, ev.HTTPMethod, ev.Resource)
		}
		if want := "/" + ev.RequestContext.Stage + "/" + ev.HTTPMethod + ev.Path; !strings.HasSuffix(ev.MethodArn, want) {
			t.Errorf("%s: got method ARN %s, want one that ends in %s", file, ev.MethodArn, want)
		}
	}
}

var secretLike = regexp.MustCompile(`sg_(live|test)_[0-9A-Za-z]{20,}`)

func TestSamplesHoldNoSecret(t *testing.T) {
	for file, raw := range samples(t) {
		if found := secretLike.Find(raw); found != nil {
			t.Errorf("%s contains a string with the form of a secret", file)
		}
	}
}
