package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"statgate/shared/api"
)

// wayward is a provider whose answers a test can spoil: one that others wrote does not err.
type wayward struct {
	oidctest.Server
	url      string
	key      *ecdsa.PrivateKey
	claims   map[string]any // of the ID token
	info     string         // answer of the user info; "" for none
	metadata map[string]any // that differs
	token    func(w http.ResponseWriter, r *http.Request) bool
	seen     []url.Values // requests of tokens, with the secret of the header
}

const attemptNonce = "the nonce"

func newWayward(t *testing.T) (*wayward, *Provider) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &wayward{key: key, metadata: map[string]any{}}
	w.PublicKeys = []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: oidc.ES256}}
	w.Algorithms = []string{oidc.ES256, "HS256", "none"}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.SetIssuer(server.URL)
	w.claims = map[string]any{"iss": server.URL, "aud": "client", "sub": "1", "nonce": attemptNonce, "exp": time.Now().Add(time.Minute).Unix(),
		"email": "ada@example.com", "email_verified": true}
	return w, New(Options{Issuer: server.URL, Client: "client", Now: time.Now, Secret: func(context.Context) ([]byte, error) { return []byte("secret"), nil }})
}

func (w *wayward) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/token":
		if err := r.ParseForm(); err != nil {
			http.Error(out, "no form", http.StatusBadRequest)
			return
		}
		w.seen = append(w.seen, r.PostForm)
		if _, secret, ok := r.BasicAuth(); ok {
			r.PostForm.Set("basic", secret)
		}
		if w.token == nil || !w.token(out, r) {
			w.answer(out, oidctest.SignIDToken(w.key, "k", oidc.ES256, encode(w.claims)))
		}
	case "/info":
		out.Header().Set("Content-Type", "application/json")
		fmt.Fprint(out, w.info)
	case "/.well-known/openid-configuration":
		spoilt := httptest.NewRecorder()
		w.Server.ServeHTTP(spoilt, r)
		all := map[string]any{}
		if err := json.Unmarshal(spoilt.Body.Bytes(), &all); err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		all["token_endpoint"] = w.url + "/token"
		delete(all, "userinfo_endpoint")
		if w.info != "" {
			all["userinfo_endpoint"] = w.url + "/info"
		}
		for name, value := range w.metadata {
			all[name] = value
		}
		out.Header().Set("Content-Type", "application/json")
		fmt.Fprint(out, encode(all))
	default:
		w.Server.ServeHTTP(out, r)
	}
}

func (w *wayward) answer(out http.ResponseWriter, id string) {
	out.Header().Set("Content-Type", "application/json")
	fmt.Fprint(out, encode(map[string]any{"access_token": "an-access-token", "token_type": "Bearer", "id_token": id}))
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (w *wayward) identify(t *testing.T, p *Provider) (string, *api.Error) {
	t.Helper()
	email, err := p.Identify(t.Context(), Attempt{Redirect: "https://api.example.com/console", State: "s", Nonce: attemptNonce, Verifier: "v"}, "the-code")
	if err == nil {
		return email, nil
	}
	for _, secret := range []string{"the-code", "an-access-token", "secret\"", "eyJ"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
	return email, api.ErrorOf(err)
}

// want checks an outcome: an address, or the condition of the error.
func want(t *testing.T, email string, err *api.Error, wanted string) {
	t.Helper()
	got := email
	if err != nil {
		got = err.Condition
		if email != "" {
			t.Errorf("an error comes with the address %s", email)
		}
	}
	if got != wanted {
		t.Errorf("got %s (%v), want %s", got, err, wanted)
	}
}

func TestOnlyAnIDTokenForThisSignInIdentifies(t *testing.T) {
	t.Parallel()
	const refused = api.SecretUnknown
	for name, c := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"right":                      {nil, "ada@example.com"},
		"another audience":           {map[string]any{"aud": "other"}, refused},
		"no audience":                {map[string]any{"aud": nil}, refused},
		"several audiences":          {map[string]any{"aud": []string{"client", "other"}}, refused},
		"several, for this client":   {map[string]any{"aud": []string{"client", "other"}, "azp": "client"}, "ada@example.com"},
		"another authorised party":   {map[string]any{"azp": "other"}, refused},
		"another issuer":             {map[string]any{"iss": "https://other.example"}, refused},
		"another nonce":              {map[string]any{"nonce": "x"}, refused},
		"no nonce":                   {map[string]any{"nonce": nil}, refused},
		"expired":                    {map[string]any{"exp": time.Now().Add(-time.Second).Unix()}, refused},
		"no expiry":                  {map[string]any{"exp": nil}, refused},
		"unverified":                 {map[string]any{"email_verified": false}, refused},
		"unverified as text":         {map[string]any{"email_verified": "false"}, refused},
		"verified as text":           {map[string]any{"email_verified": "true"}, "ada@example.com"},
		"verified as a number":       {map[string]any{"email_verified": 1}, refused},
		"verified is null":           {map[string]any{"email_verified": nil}, refused},
		"no address":                 {map[string]any{"email": nil}, refused},
		"an address of another kind": {map[string]any{"email": 5}, api.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := newWayward(t)
			for claim, value := range c.claims {
				w.claims[claim] = value
			}
			email, err := w.identify(t, p)
			want(t, email, err, c.want)
		})
	}
}

func TestIDTokenThatTheProvidersKeysDoNotSignIsRefused(t *testing.T) {
	t.Parallel()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sign func(w *wayward) string
		want string
	}{
		"another key": {func(w *wayward) string { return oidctest.SignIDToken(other, "k", oidc.ES256, encode(w.claims)) }, api.Unavailable},
		"a secret": {func(w *wayward) string {
			return oidctest.SignIDToken(crypto.PrivateKey([]byte(strings.Repeat("secret", 8))), "k", "HS256", encode(w.claims))
		}, api.SecretUnknown},
		"nothing": {func(w *wayward) string {
			parts := strings.Split(oidctest.SignIDToken(w.key, "k", oidc.ES256, encode(w.claims)), ".")
			return "eyJhbGciOiJub25lIn0." + parts[1] + "."
		}, api.SecretUnknown},
		"no token": {func(*wayward) string { return "" }, api.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := newWayward(t)
			token := c.sign(w)
			w.token = func(out http.ResponseWriter, _ *http.Request) bool { w.answer(out, token); return true }
			email, err := w.identify(t, p)
			want(t, email, err, c.want)
		})
	}
}

func TestUserInfoOfAnotherPersonIsNoIdentity(t *testing.T) {
	t.Parallel()
	for info, wanted := range map[string]string{
		`{"sub":"1","email":"bob@example.com","email_verified":true}`:       "bob@example.com",
		`{"sub":"2","email":"bob@example.com","email_verified":true}`:       api.Unavailable,
		`{"email":"bob@example.com","email_verified":true}`:                 api.Unavailable,
		`{"sub":"1","email":"bob@example.com"}`:                             api.SecretUnknown,
		`{"sub":"1","email_verified":true}`:                                 api.SecretUnknown,
		`<html>an-access-token</html>`:                                      api.Unavailable,
		`{"sub":"1","email":"` + strings.Repeat("a", maxAnswerBytes) + `"}`: api.Unavailable,
	} {
		w, p := newWayward(t)
		w.info = info
		delete(w.claims, "email_verified") // the address of one source is not joined with the proof of another
		email, err := w.identify(t, p)
		want(t, email, err, wanted)
	}
}

func TestReplacedClientSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	w, p := newWayward(t)
	now, reads := "old", 0
	p.o.Secret = func(context.Context) ([]byte, error) { reads++; return []byte(now), nil }
	valid := "old"
	w.token = func(out http.ResponseWriter, r *http.Request) bool {
		if _, secret, _ := r.BasicAuth(); secret == valid {
			return false
		}
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(out, `{"error":"invalid_client","error_description":"the-code secret"}`)
		return true
	}
	for range 2 {
		email, err := w.identify(t, p)
		want(t, email, err, "ada@example.com")
	}
	if reads != 1 {
		t.Errorf("the secret was read %d times, want once", reads)
	}
	now, valid = "new", "new"
	email, err := w.identify(t, p)
	want(t, email, err, "ada@example.com")
	valid = "unknown here"
	before := len(w.seen)
	email, err = w.identify(t, p)
	want(t, email, err, api.Unavailable)
	if err == nil || !strings.Contains(err.Error(), "401 with invalid_client") {
		t.Errorf("the log says %v, want what the provider answered", err)
	}
	if n := len(w.seen) - before; n != 1 {
		t.Errorf("the same secret was sent %d times, want once", n)
	}
	p.o.Secret = func(context.Context) ([]byte, error) { return nil, errors.New("no answer") }
	email, err = w.identify(t, p)
	want(t, email, err, api.Unavailable)
}

func TestSecretIsSentInTheWayThatTheProviderStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		methods []string
		basic   bool
	}{"none": {nil, true}, "both": {[]string{"client_secret_post", "client_secret_basic"}, true}, "post": {[]string{"client_secret_post"}, false}} {
		w, p := newWayward(t)
		if c.methods != nil {
			w.metadata["token_endpoint_auth_methods_supported"] = c.methods
		}
		email, err := w.identify(t, p)
		want(t, email, err, "ada@example.com")
		got := w.seen[0]
		if basic := got.Get("basic") == "secret"; basic != c.basic || (got.Get("client_secret") == "secret") == c.basic {
			t.Errorf("%s: the secret was sent as %v", name, got)
		}
		if got.Get("code") != "the-code" || got.Get("code_verifier") != "v" || got.Get("redirect_uri") != "https://api.example.com/console" {
			t.Errorf("%s: got the request %v", name, got)
		}
	}
}

func TestAddressOfTheProviderHasChallengeStateAndNonce(t *testing.T) {
	t.Parallel()
	_, p := newWayward(t)
	to, err := p.Authorize(t.Context(), Attempt{Redirect: "https://api.example.com/console", State: "the state", Nonce: "the nonce", Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]string{"response_type": "code", "client_id": "client", "redirect_uri": "https://api.example.com/console", "state": "the state", "nonce": "the nonce",
		"scope": "openid email", "code_challenge_method": "S256", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"} { // the example of RFC 7636
		if got := u.Query().Get(name); got != wanted {
			t.Errorf("%s is %q, want %q", name, got, wanted)
		}
	}
	if u.Query().Has("code_verifier") {
		t.Error("the verifier is in the address")
	}
}

func TestAnswersOfAProviderThatAreNotAsSpecifiedAreFaults(t *testing.T) {
	t.Parallel()
	reply := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(out http.ResponseWriter, _ *http.Request) bool {
			out.Header().Set("Content-Type", kind)
			out.Header().Set("Location", "/elsewhere")
			out.WriteHeader(status)
			fmt.Fprint(out, body)
			return true
		}
	}
	for name, c := range map[string]struct {
		token func(http.ResponseWriter, *http.Request) bool
		want  string
	}{
		"a redirect":       {reply(http.StatusTemporaryRedirect, "text/html", ""), api.Unavailable},
		"a page":           {reply(200, "text/html", "<p>the-code an-access-token</p>"), api.Unavailable},
		"a form":           {reply(400, "application/x-www-form-urlencoded", "error=invalid_scope&error_description=the-code"), api.Unavailable},
		"an unknown error": {reply(400, "application/json", `{"error":"the-code"}`), api.Unavailable},
		"a wrong code":     {reply(400, "application/json", `{"error":"invalid_grant","error_description":"the-code"}`), api.SecretUnknown},
		"a fault":          {reply(500, "application/json", `{"error":"invalid_grant"}`), api.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := newWayward(t)
			w.token = c.token
			email, err := w.identify(t, p)
			want(t, email, err, c.want)
			if len(w.seen) != 1 {
				t.Errorf("the code was sent %d times, want once", len(w.seen))
			}
		})
	}
	w, p := newWayward(t)
	p.o.Issuer += "/"
	if _, err := p.Authorize(t.Context(), Attempt{}); err == nil || !strings.Contains(err.Error(), w.url) {
		t.Errorf("got %v, want an error that names the issuer that the provider states", err)
	}
}

func TestConfigurationIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	fetch := func(name string) func(context.Context) ([]byte, error) {
		return func(context.Context) ([]byte, error) { return []byte(name), nil }
	}
	for _, set := range [][]string{{}, {"OIDC_CLIENT"}, {"OIDC_ISSUER"}, {"OIDC_ISSUER", "OIDC_CLIENT"}, {"OIDC_ISSUER", "OIDC_SECRET"}, {"OIDC_ISSUER", "OIDC_CLIENT", "OIDC_SECRET"}} {
		getenv := func(name string) string {
			if slices.Contains(set, name) {
				return "value"
			}
			return ""
		}
		p, err := Configured(getenv, fetch, time.Now)
		absent, whole := !slices.Contains(set, "OIDC_ISSUER"), len(set) == 3
		if (p != nil) != whole || (err != nil) != (!absent && !whole) {
			t.Errorf("%v: got %v, %v", set, p, err)
		}
	}
}
