package dev

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConsoleOfDevLeadsToTheProvider(t *testing.T) {
	t.Parallel()
	var issuer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`, issuer, issuer+"/auth", issuer+"/token", issuer+"/jwks")
	}))
	t.Cleanup(server.Close)
	issuer = server.URL
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, _, _ := start(t, "--empty", "--oidc-issuer", issuer, "--oidc-client", "console", "--oidc-secret-file", file)
	at, err := url.Parse(d.Base)
	if err != nil {
		t.Fatal(err)
	}
	root := at.Scheme + "://" + at.Host
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, root+"/console/session/start", strings.NewReader(`{"oidc":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "Origin": root, "Sec-Fetch-Site": "same-origin"} {
		req.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct{ Authorize string }
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(got.Authorize)
	if err != nil || !strings.HasPrefix(got.Authorize, issuer+"/auth?") || to.Query().Get("redirect_uri") != root+"/console" {
		t.Errorf("got %d with the address %q, want one of the provider that leads back to %s/console", answer.StatusCode, got.Authorize, root)
	}
	if cookie := answer.Header.Get("Set-Cookie"); cookie == "" || strings.Contains(cookie, "Secure") {
		t.Errorf("got the cookie %q, want one that a browser takes without TLS", cookie)
	}
}
