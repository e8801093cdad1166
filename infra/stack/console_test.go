package stack_test

import (
	"reflect"
	"strings"
	"testing"
)

// behaviour is a behaviour of the edge, by the path pattern; "*" for the default.
func behaviours(t *testing.T, tmpl template) (patterns []string, byPattern map[string]any) {
	t.Helper()
	config := tmpl.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"]
	byPattern = map[string]any{}
	for _, b := range list(dig(config, "CacheBehaviors")) {
		pattern, _ := dig(b, "PathPattern").(string)
		patterns = append(patterns, pattern)
		byPattern[pattern] = b
	}
	byPattern["*"] = dig(config, "DefaultCacheBehavior")
	return append(patterns, "*"), byPattern
}

// policyOf returns the configuration of the policy of the stack that a property refers to.
func policyOf(tmpl template, reference any, config string) any {
	id, _ := dig(reference, "Ref").(string)
	return dig(tmpl.Resources[id].Properties, config)
}

func TestEdgeCachesTheFilesOfTheConsoleForAYear(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	_, all := behaviours(t, tmpl)
	assets := all["/console/*"]
	policy := policyOf(tmpl, dig(assets, "CachePolicyId"), "CachePolicyConfig")
	if dig(policy, "MinTTL") != 0.0 || dig(policy, "DefaultTTL") != 0.0 || dig(policy, "MaxTTL") != 31536000.0 {
		t.Errorf("got %v, want what Cache-Control says, at most a year", policy)
	}
	if got := dig(policy, "ParametersInCacheKeyAndForwardedToOrigin"); !reflect.DeepEqual(got, encodingAlone) {
		t.Errorf("got %v in the cache key, want the encoding alone", got)
	}
	if dig(assets, "Compress") != true || dig(assets, "OriginRequestPolicyId") != nil {
		t.Errorf("got %v, want compression and nothing of the request", assets)
	}
}

func TestEdgeSendsCookiesToTheSessionsOfTheConsoleAlone(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	patterns, all := behaviours(t, tmpl)
	if patterns[0] != "/console/session/*" {
		t.Errorf("got the patterns %v, want the sessions before /console/*", patterns)
	}
	for pattern, b := range all {
		policy := policyOf(tmpl, dig(b, "OriginRequestPolicyId"), "OriginRequestPolicyConfig")
		switch {
		case pattern == "/console/session/*":
			if dig(b, "CachePolicyId") != cachingDisabled || dig(b, "OriginRequestPolicyId") != allViewerButHost {
				t.Errorf("%s: got %v, want no cache and everything but Host", pattern, b)
			}
		case dig(b, "OriginRequestPolicyId") == nil: // the cache policies send no cookies either
		case dig(policy, "CookiesConfig", "CookieBehavior") != "none":
			t.Errorf("%s: got %v, want no cookies", pattern, policy)
		}
	}
	other := policyOf(tmpl, dig(all["*"], "OriginRequestPolicyId"), "OriginRequestPolicyConfig")
	want := map[string]any{
		"CookiesConfig":      map[string]any{"CookieBehavior": "none"},
		"HeadersConfig":      map[string]any{"HeaderBehavior": "allExcept", "Headers": []any{"Host"}},
		"QueryStringsConfig": map[string]any{"QueryStringBehavior": "all"},
	}
	for name, value := range want {
		if got := dig(other, name); !reflect.DeepEqual(got, value) {
			t.Errorf("all paths: got %s %v, want %v", name, got, value)
		}
	}
}

func TestEveryAnswerOfTheEdgeForbidsBrowsersToGuessItsType(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	patterns, all := behaviours(t, tmpl)
	for _, pattern := range patterns {
		policy := policyOf(tmpl, dig(all[pattern], "ResponseHeadersPolicyId"), "ResponseHeadersPolicyConfig")
		if got := dig(policy, "SecurityHeadersConfig", "ContentTypeOptions", "Override"); got != true {
			t.Errorf("%s: got %v, want X-Content-Type-Options: nosniff in every answer", pattern, policy)
		}
	}
}

// People paste keys into the console. A first call by HTTP is refused, but only a browser that
// makes none cannot be given a false page.
func TestEveryAnswerOfTheEdgeKeepsBrowsersToHTTPS(t *testing.T) {
	tmpl := synthesised(t, "statgate")
	patterns, all := behaviours(t, tmpl)
	want := map[string]any{"AccessControlMaxAgeSec": float64(31_536_000), "Override": true}
	for _, pattern := range patterns {
		policy := policyOf(tmpl, dig(all[pattern], "ResponseHeadersPolicyId"), "ResponseHeadersPolicyConfig")
		if got := dig(policy, "SecurityHeadersConfig", "StrictTransportSecurity"); !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%s: got %v, want %v, without other hosts of the domain", pattern, got, want)
		}
	}
}

func TestRootLeadsToTheDocumentation(t *testing.T) {
	for name, want := range map[string]string{
		"statgate": "'/api-docs'", "balla": "'/live/api-docs'", "balla on a domain": "'/api-docs'",
		"statgate on an emulator": "'/restapis/Api/live/_user_request_/api-docs'",
	} {
		methods := synthesised(t, name).methods()
		for _, method := range []string{"GET", "HEAD"} {
			integration := methods[method+" /"].Properties["Integration"]
			response := dig(integration, "IntegrationResponses", 0)
			location := short(dig(response, "ResponseParameters", "method.response.header.Location"))
			if dig(integration, "Type") != "MOCK" || dig(response, "StatusCode") != "302" || location != want {
				t.Errorf("%s: %s / answers %v to %s, want 302 to %s", name, method, dig(response, "StatusCode"), location, want)
			}
		}
	}
}

func TestStackWithoutAConsoleHasNothingOfIt(t *testing.T) {
	tmpl := synthesised(t, "statgate without a console or replays")
	for id, r := range tmpl.Resources {
		part, _ := r.Properties["PathPart"].(string)
		if strings.HasPrefix(id, "Console") || part == "console" {
			t.Errorf("got %s, a %s", id, r.Type)
		}
	}
	if patterns, _ := behaviours(t, tmpl); !reflect.DeepEqual(patterns, []string{"/api-docs", "/api-docs/*", "/openapi.json", "*"}) {
		t.Errorf("got behaviours of %v", patterns)
	}
	if !strings.Contains(string(synthesised(t, "statgate").raw), `"ConsoleFunction`) {
		t.Error("a stack with a console has no function of it")
	}
}

const signInSecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:login/console-AbC123"

func TestConsoleAloneKnowsTheProviderOfOpenIDConnectAndReadsItsSecret(t *testing.T) {
	tmpl := synthesised(t, "statgate with everything")
	want := map[string]any{"OIDC_ISSUER": "https://login.example.com", "OIDC_CLIENT": "statgate", "OIDC_SECRET": signInSecret}
	for id, f := range tmpl.of("AWS::Lambda::Function") {
		for name, value := range want {
			got := dig(f.Properties, "Environment", "Variables", name)
			if strings.HasPrefix(id, "Console") && got != value || !strings.HasPrefix(id, "Console") && got != nil {
				t.Errorf("%s has %s %v", id, name, got)
			}
		}
	}
	granted := 0
	for id, p := range tmpl.of("AWS::IAM::Policy") {
		for _, s := range list(dig(p.Properties, "PolicyDocument", "Statement")) {
			for _, r := range list(dig(s, "Resource")) {
				if r != signInSecret {
					continue
				}
				granted++
				if !strings.HasPrefix(id, "ConsoleRole") || !reflect.DeepEqual(list(dig(s, "Action")), []any{"secretsmanager:GetSecretValue"}) {
					t.Errorf("%s allows %v on the secret", id, dig(s, "Action"))
				}
			}
		}
	}
	if granted != 1 {
		t.Errorf("got %d grants on the secret, want one", granted)
	}
	if raw := string(synthesised(t, "statgate").raw); strings.Contains(raw, "OIDC_") {
		t.Error("without the settings, a function has variables of OpenID Connect")
	}
}
