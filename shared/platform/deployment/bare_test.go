package deployment_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
)

// bare sends a request to API Gateway's own address, which bypasses the edge.
func bare(w *deploymenttest.Fixture, query string, h http.Header) int {
	r := httptest.NewRequest(http.MethodGet, w.Contract.Base+"/keys/self"+query, nil)
	r.Header = h
	reply := httptest.NewRecorder()
	w.Gateway.ExecuteAPI().ServeHTTP(reply, r)
	return reply.Code
}

// eachAddress runs a test on a deployment of each contract, with and without an edge.
func eachAddress(t *testing.T, run func(t *testing.T, w *deploymenttest.Fixture, edge bool)) {
	t.Helper()
	for _, name := range preset.Names() {
		for label, edge := range map[string]bool{"with an edge": true, "without an edge": false} {
			t.Run(name+" "+label, func(t *testing.T) {
				t.Parallel()
				run(t, deploymenttest.Edged(t, name, edge), edge)
			})
		}
	}
}

func TestNoHeaderAtTheBareAddressIsServedByAnothersPolicy(t *testing.T) {
	t.Parallel()
	eachAddress(t, func(t *testing.T, w *deploymenttest.Fixture, edge bool) {
		key := w.Operator
		for name, poison := range map[string]struct {
			query  string
			header http.Header
		}{
			"X-API-Key":            {"", http.Header{"X-Api-Key": {key}}},
			"api_key in the query": {"?api_key=" + key, http.Header{}},
			"both":                 {"?api_key=" + key, http.Header{"X-Api-Key": {key}}},
			"a second value":       {"", http.Header{}},
		} {
			identity := "Basic " + name
			poisoned := poison.header.Clone()
			poisoned.Set("Authorization", identity)
			if name == "a second value" {
				poisoned.Add("Authorization", "Bearer "+key)
			}
			if got := bare(w, poison.query, poisoned); edge && got != http.StatusUnauthorized {
				t.Errorf("%s beside another Authorization: got %d, want 401", name, got)
			}
			for range 2 {
				if got := bare(w, "", http.Header{"Authorization": {identity}}); got != http.StatusUnauthorized {
					t.Errorf("%s, then the other Authorization alone: got %d, want 401", name, got)
				}
			}
		}
		if got := bare(w, "", http.Header{"Authorization": {"Bearer " + key}}); (got == http.StatusOK) != (edge || reads(w, "bearer")) {
			t.Errorf("Bearer: got %d", got)
		}
	})
}

func reads(w *deploymenttest.Fixture, transport string) bool {
	for _, one := range w.Contract.HTTPTransports() {
		if one == transport {
			return true
		}
	}
	return false
}

func TestTwoKeysAtTheBareAddressAreRefusedOnceAPolicyIsCached(t *testing.T) {
	t.Parallel()
	eachAddress(t, func(t *testing.T, w *deploymenttest.Fixture, _ bool) {
		if !reads(w, "x-api-key") {
			return // X-API-Key is not looked at
		}
		one := http.Header{"Authorization": {"Bearer " + w.Operator}}
		if got := bare(w, "", one); got != http.StatusOK {
			t.Fatalf("one key: got %d", got)
		}
		two := one.Clone()
		two.Set("X-API-Key", w.Operator[:len(w.Operator)-1])
		if got := bare(w, "", two); got != http.StatusUnauthorized {
			t.Errorf("two keys: got %d, want 401", got)
		}
	})
}
