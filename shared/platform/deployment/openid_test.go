package deployment_test

import (
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

func TestStepsOfASignInThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	b := &browser{w: deploymenttest.New(t, "statgate")}
	for body, words := range map[string]string{
		`{"oidc":{}}`:                     "no provider is configured",
		`{"oidc":{"code":"c"}}`:           "no provider is configured",
		`{}`:                              "give one of key, link and oidc",
		`{"link":"l","oidc":{}}`:          "give one of key, link and oidc",
		`{"oidc":{"code":""}}`:            "code",
		`{"oidc":{"token":"t"}}`:          "token",
		`{"key":"k","link":"l"}`:          "give one of key, link and oidc",
		`{"key":"k","link":"l","oidc":1}`: "oidc",
	} {
		if r := b.post(t, "start", body); r.Status != 422 || !strings.Contains(string(r.Body), words) {
			t.Errorf("%s: got %d %s, want 422 and %q", body, r.Status, r.Body, words)
		}
	}
}
