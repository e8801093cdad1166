package stack_test

import (
	"reflect"
	"strings"
	"testing"

	"statgate/shared/platform/edge"
)

// only returns the one resource of a type.
func (t template) only(test *testing.T, kind string) resource {
	test.Helper()
	found := t.of(kind)
	if len(found) != 1 {
		test.Fatalf("got %d of %s, want 1", len(found), kind)
	}
	for _, r := range found {
		return r
	}
	return resource{}
}

// The ids of AWS's managed policies.
const (
	cachingDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allViewerButHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

func TestEdgeForwardsEverythingLogsNothingAndCachesNothingElse(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	config := tmpl.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	behaviour := dig(config, "DefaultCacheBehavior")
	for _, want := range []struct {
		at    []any
		value any
	}{
		{[]any{"CachePolicyId"}, cachingDisabled},
		{[]any{"ViewerProtocolPolicy"}, "https-only"},
		{[]any{"AllowedMethods"}, []any{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}},
		{[]any{"FunctionAssociations", 0, "EventType"}, "viewer-request"},
	} {
		if got := dig(behaviour, want.at...); !reflect.DeepEqual(got, want.value) {
			t.Errorf("%v: got %v, want %v", want.at, got, want.value)
		}
	}
	origin := dig(config, "Origins", 0)
	if got := dig(origin, "CustomOriginConfig", "OriginProtocolPolicy"); got != "https-only" {
		t.Errorf("got %v to the API, want https-only", got)
	}
	if got, want := short(dig(origin, "DomainName")), "Api.execute-api.Region.URLSuffix"; got != want {
		t.Errorf("got origin %q, want %q", got, want)
	}
	if got := short(dig(origin, "OriginPath")); !strings.HasPrefix(got, "/ApiDeploymentStage") {
		t.Errorf("got origin path %q, want the stage's", got)
	}
	if got := dig(config, "Logging"); got != nil {
		t.Errorf("got logs %v, want none, as they would contain query strings", got)
	}
}

func TestEdgeCachesAndCompressesTheDocumentsAlone(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	config := tmpl.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	var paths []any
	for _, b := range list(dig(config, "CacheBehaviors")) {
		paths = append(paths, dig(b, "PathPattern"))
		if dig(b, "PathPattern") == "/console/session/*" { // TestEdgeSendsCookiesToTheSessionsOfTheConsoleAlone
			continue
		}
		for _, want := range []struct {
			at    []any
			value any
		}{
			{[]any{"Compress"}, true},
			{[]any{"ViewerProtocolPolicy"}, "https-only"},
			{[]any{"AllowedMethods"}, dig(config, "DefaultCacheBehavior", "AllowedMethods")}, // a wrong one gets the API's 405
			{[]any{"OriginRequestPolicyId"}, nil},                                            // Authorization and the query stay at the edge
			{[]any{"FunctionAssociations"}, dig(config, "DefaultCacheBehavior", "FunctionAssociations")},
			{[]any{"ResponseHeadersPolicyId"}, dig(config, "DefaultCacheBehavior", "ResponseHeadersPolicyId")},
		} {
			if got := dig(b, want.at...); !reflect.DeepEqual(got, want.value) {
				t.Errorf("%v: got %v %v, want %v", dig(b, "PathPattern"), want.at, got, want.value)
			}
		}
	}
	if want := []any{"/console/session/*", "/api-docs", "/api-docs/*", "/console", "/console/*", "/openapi.json"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("got cached paths %v, want %v", paths, want)
	}
	_, all := behaviours(t, tmpl)
	policy := policyOf(tmpl, dig(all["/api-docs"], "CachePolicyId"), "CachePolicyConfig")
	for _, path := range []string{"/console", "/openapi.json"} {
		if got, want := dig(all[path], "CachePolicyId"), dig(all["/api-docs"], "CachePolicyId"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got the cache policy %v, want that of /api-docs", path, got)
		}
	}
	if dig(policy, "MinTTL") != 0.0 || dig(policy, "DefaultTTL") != 0.0 || dig(policy, "MaxTTL") != 300.0 {
		t.Errorf("got %v, want what Cache-Control says, at most 300 s", policy)
	}
	if got := dig(policy, "ParametersInCacheKeyAndForwardedToOrigin"); !reflect.DeepEqual(got, encodingAlone) {
		t.Errorf("got %v in the cache key, want the encoding alone", got)
	}
}

// encodingAlone is the part of a cache policy by which answers are cached, and which the API
// gets.
var encodingAlone = any(map[string]any{
	"EnableAcceptEncodingBrotli": true, "EnableAcceptEncodingGzip": true,
	"CookiesConfig":      map[string]any{"CookieBehavior": "none"},
	"HeadersConfig":      map[string]any{"HeaderBehavior": "none"},
	"QueryStringsConfig": map[string]any{"QueryStringBehavior": "none"},
})

func TestEdgeRestoresTheChallengeThatAPIGatewayRenames(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	policy := dig(tmpl.only(t, "AWS::CloudFront::ResponseHeadersPolicy").Properties, "ResponseHeadersPolicyConfig")
	custom := dig(policy, "CustomHeadersConfig", "Items", 0)
	if dig(custom, "Header") != "WWW-Authenticate" || dig(custom, "Value") != "Bearer" {
		t.Errorf("got %v, want WWW-Authenticate: Bearer", custom)
	}
	if got, _ := dig(policy, "RemoveHeadersConfig", "Items", 0, "Header").(string); !strings.EqualFold(got, "x-amzn-Remapped-WWW-Authenticate") {
		t.Errorf("got %q removed, want the renamed header", got)
	}
	// CloudFront calls no viewer-response function for a status of 400 or above.
	config := tmpl.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	if dig(config, "DefaultCacheBehavior", "ResponseHeadersPolicyId") == nil {
		t.Error("the behaviour of all paths has no policy")
	}
}

func TestFunctionsKnowThePathOfTheStageIfThePublicAddressHasIt(t *testing.T) {
	for name, want := range map[string]any{
		"statgate": nil, "statgate with everything": nil, "balla on a domain": nil,
		"balla": "/live", "statgate without an edge": "/live", "fullengage": "/live",
	} {
		tmpl := synthesised(t, name)
		for id, f := range tmpl.of("AWS::Lambda::Function") {
			if got := dig(f.Properties, "Environment", "Variables", "STAGE_PATH"); got != want {
				t.Errorf("%s: %s has STAGE_PATH %v, want %v", name, id, got, want)
			}
		}
		path, _ := want.(string)
		if got := short(tmpl.Outputs["ApiUrl"].Value); !strings.HasSuffix(got, path+"/v1") && !strings.HasSuffix(got, path+"/api") && !strings.HasSuffix(got, path+"/api/v1") {
			t.Errorf("%s: got ApiUrl %s, want the stage's path %q before the base", name, got, path)
		}
	}
	for _, f := range synthesised(t, "statgate on an emulator").of("AWS::Lambda::Function") {
		if got := short(dig(f.Properties, "Environment", "Variables", "STAGE_PATH")); got != "/restapis/Api/live/_user_request_" {
			t.Errorf("on an emulator: got %q, want the emulator's path", got)
		}
	}
}

// cacheableErrors are the statuses that CloudFront caches for 10 s unless the distribution says
// otherwise (CloudFront Developer Guide, "How CloudFront processes HTTP 4xx and 5xx status codes
// from your origin").
var cacheableErrors = []float64{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

func TestEdgeCachesNoError(t *testing.T) {
	config := synthesised(t, "statgate").only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	responses, _ := dig(config, "CustomErrorResponses").([]any)
	var got []float64
	for _, r := range responses {
		status, _ := dig(r, "ErrorCode").(float64)
		got = append(got, status)
		if ttl := dig(r, "ErrorCachingMinTTL"); ttl != 0.0 {
			t.Errorf("%v is cached for %v s, want 0", status, ttl)
		}
		if page, code := dig(r, "ResponsePagePath"), dig(r, "ResponseCode"); page != nil || code != nil {
			t.Errorf("%v is replaced by %v %v, want the API's own answer", status, code, page)
		}
	}
	if !reflect.DeepEqual(got, cacheableErrors) {
		t.Errorf("got error responses for %v, want %v", got, cacheableErrors)
	}
}

func TestEdgeFunctionIsThatOfThePackageEdge(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	f := tmpl.only(t, "AWS::CloudFront::Function")
	code, err := edge.Function(presetOf(t, "statgate"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Properties["FunctionCode"] != code {
		t.Error("the function's code is not shared/platform/edge's")
	}
	if got := dig(f.Properties, "FunctionConfig", "Runtime"); got != "cloudfront-js-2.0" {
		t.Errorf("got runtime %v, want cloudfront-js-2.0", got)
	}
	if got, want := short(f.Properties["Name"]), "Statgate-edge-Region"; got != want {
		t.Errorf("got name %q, want %q, as all regions of an account share functions", got, want)
	}
}

func TestAuthorizerHasTheIdentitySourceAndTTLOfTheDeployment(t *testing.T) {
	for name, want := range map[string]struct {
		source any
		ttl    float64
	}{
		// At API Gateway's own address, X-API-Key and api_key are no identity sources: 401.
		"statgate":                 {"method.request.header.Authorization", 300},
		"statgate with everything": {"method.request.header.Authorization", 300},
		"balla":                    {"method.request.header.Authorization", 300},
		"balla on a domain":        {"method.request.header.Authorization", 300},
		// The authorizer reads all transports itself, and no policy is cached.
		"statgate without an edge": {nil, 0},
	} {
		tmpl := synthesised(t, name)
		a := tmpl.only(t, "AWS::ApiGateway::Authorizer").Properties
		if got := a["IdentitySource"]; got != want.source && got != "" || want.source != nil && got != want.source {
			t.Errorf("%s: got identity source %v, want %v", name, got, want.source)
		}
		if got := a["AuthorizerResultTtlInSeconds"]; got != want.ttl || a["Type"] != "REQUEST" {
			t.Errorf("%s: got %v for %v seconds, want REQUEST for %v", name, a["Type"], got, want.ttl)
		}
		for id, f := range tmpl.of("AWS::Lambda::Function") {
			ttl := dig(f.Properties, "Environment", "Variables", "AUTHORIZER_TTL")
			if ttl != nil && ttl != map[float64]string{0: "0", 300: "300"}[want.ttl] {
				t.Errorf("%s: %s has an AUTHORIZER_TTL of %v seconds, want %v", name, id, ttl, want.ttl)
			}
		}
	}
}

func TestWithoutAnEdgeThereIsNoCloudFrontResource(t *testing.T) {
	for _, name := range []string{"statgate without an edge", "balla", "balla on a domain"} {
		for id, r := range synthesised(t, name).Resources {
			if strings.HasPrefix(r.Type, "AWS::CloudFront::") || strings.HasPrefix(r.Type, "AWS::WAFv2::") {
				t.Errorf("%s: got %s, a %s", name, id, r.Type)
			}
		}
	}
}

func TestDomainBelongsToTheEdgeOrElseToTheAPI(t *testing.T) {
	full, balla := synthesised(t, "statgate with everything"), synthesised(t, "balla on a domain")
	config := full.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	if got := dig(config, "Aliases", 0); got != "api.example.com" {
		t.Errorf("the edge: got %v", got)
	}
	if got := dig(config, "ViewerCertificate", "MinimumProtocolVersion"); got != "TLSv1.2_2021" {
		t.Errorf("the edge: got %v, want TLS 1.2", got)
	}
	name := balla.only(t, "AWS::ApiGateway::DomainName").Properties
	if name["DomainName"] != "api.example.com" || name["SecurityPolicy"] != "TLS_1_2" {
		t.Errorf("the API: got %v", name)
	}
	for _, tmpl := range []template{full, balla} {
		for _, output := range []string{"ApiUrl", "DocsUrl"} {
			if got := short(tmpl.Outputs[output].Value); !strings.HasPrefix(got, "https://api.example.com/") {
				t.Errorf("got %s %q, want it on the domain", output, got)
			}
		}
	}
}

func TestWebRulesAllowLargeBodiesLimitAddressesAndStoreNoSamples(t *testing.T) {
	tmpl := synthesised(t, "statgate with everything")
	rules := tmpl.only(t, "AWS::WAFv2::WebACL")
	if got := rules.Properties["Scope"]; got != "CLOUDFRONT" {
		t.Errorf("got scope %v", got)
	}
	if got := dig(tmpl.only(t, "AWS::CloudFront::Distribution").Properties, "DistributionConfig", "WebACLId"); got == nil {
		t.Error("the distribution has no web rules")
	}
	list, _ := rules.Properties["Rules"].([]any)
	if len(list) != 3 {
		t.Fatalf("got %d rules, want 3", len(list))
	}
	for _, r := range append(list, rules.Properties) {
		if got := dig(r, "VisibilityConfig", "SampledRequestsEnabled"); got != false {
			t.Errorf("%v: sampled requests would contain keys", dig(r, "Name"))
		}
	}
	core := dig(list[0], "Statement", "ManagedRuleGroupStatement")
	if got := dig(core, "Name"); got != "AWSManagedRulesCommonRuleSet" {
		t.Errorf("got %v", got)
	}
	if got := dig(core, "RuleActionOverrides", 0, "Name"); got != "SizeRestrictions_BODY" || dig(core, "RuleActionOverrides", 0, "ActionToUse", "Count") == nil {
		t.Errorf("got %v: bodies over 8 KB would be refused", got)
	}
	rate := dig(list[2], "Statement", "RateBasedStatement")
	if dig(rate, "AggregateKeyType") != "IP" || dig(rate, "Limit") != 30000.0 {
		t.Errorf("got %v", rate)
	}
	body, _ := dig(rules.Properties, "CustomResponseBodies", "tooMany", "Content").(string)
	checkErrorBody(t, presetOf(t, "statgate"), "the rate per address", body)
}

func TestEdgeCanBeDeployedForAContractThatNeedsNone(t *testing.T) {
	tmpl := listing(t, presetOf(t, "balla"), true)
	tmpl.only(t, "AWS::CloudFront::Distribution")
}
