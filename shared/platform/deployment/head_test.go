package deployment_test

import (
	"net/http"
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
)

func TestHEADAnswersLikeGETOnEveryPathToEveryCaller(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := deploymenttest.New(t, name)
			w.Simulate(t)
			org, _ := w.Org(t, "Heads", w.Contract.Plans[len(w.Contract.Plans)-1].Name, "heads@example.com")
			_, narrow := w.Key(t, org, "narrow", oneScope(w)...)
			for _, r := range api.For(w.Contract) {
				if r.Method != http.MethodGet {
					continue
				}
				url := w.URL + strings.NewReplacer("{", "", "}", "").Replace(r.Path)
				for caller, secret := range map[string]string{"without a key": "", "a narrow key": narrow, "the operator": w.Operator} {
					sameAsGET(t, w, caller, secret, url)
				}
			}
		})
	}
}

func sameAsGET(t *testing.T, w *deploymenttest.Fixture, caller, secret, url string) {
	t.Helper()
	get, err := w.Try(secret, http.MethodGet, url, "")
	if err != nil {
		t.Fatal(err)
	}
	head, err := w.Try(secret, http.MethodHead, url, "")
	if err != nil {
		t.Fatal(err)
	}
	if head.Status != get.Status || len(head.Body) != 0 {
		t.Errorf("%s to %s: HEAD answers %d with %d bytes, GET %d", caller, url, head.Status, len(head.Body), get.Status)
	}
	for name := range get.Header { // a value may differ, as a request is counted
		if head.Header.Get(name) == "" && name != "Content-Encoding" && name != "Content-Length" {
			t.Errorf("%s to %s: HEAD lacks the header %s", caller, url, name)
		}
	}
}

func TestHEADSpendsTheQuotaLikeGET(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	org, _ := w.Org(t, "Heads", "FREE", "heads@example.com")
	_, secret := w.Key(t, org, "k", "read:teams")
	for i, want := range []string{"99", "98", "97"} {
		method := []string{"GET", "HEAD", "HEAD"}[i]
		if got := w.Call(t, secret, method, "/football/teams", "").Header.Get("X-RateLimit-Remaining"); got != want {
			t.Errorf("%s: %s remain, want %s", method, got, want)
		}
	}
	if r := w.Call(t, secret, "HEAD", "/football/matches", ""); r.Status != 403 {
		t.Errorf("a path that the key may not read: got %d, want 403", r.Status)
	}
}

func TestEvery401OfADeploymentHasAChallengeThatAClientCanFind(t *testing.T) {
	t.Parallel()
	eachAddress(t, func(t *testing.T, w *deploymenttest.Fixture, edge bool) {
		org, _ := w.Org(t, "Ends", w.Contract.Plans[len(w.Contract.Plans)-1].Name, "ends@example.com")
		id, secret := w.Key(t, org, "ends", oneScope(w)...)
		if r := w.Call(t, secret, "GET", "/keys/self", ""); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		if r := w.Call(t, w.Operator, "POST", "/keys/"+id+"/revoke", ""); r.Status != 200 {
			t.Fatalf("revoking: got %d %s", r.Status, r.Body)
		}
		// Where the policy is cached, the function refuses; else the authorizer does.
		r := w.Call(t, secret, "GET", "/keys/self", "")
		challenge := r.Header.Get("WWW-Authenticate") + r.Header.Get("X-Amzn-Remapped-Www-Authenticate")
		if r.Status != 401 || !strings.HasPrefix(challenge, "Bearer") || edge && r.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("edge %v: a revoked key gets %d with headers %v", edge, r.Status, r.Header)
		}
	})
}

// oneScope returns the first scope of the contract, if it has scopes.
func oneScope(w *deploymenttest.Fixture) []string {
	all := w.Contract.Scopes.Names()
	return all[:min(1, len(all))]
}
