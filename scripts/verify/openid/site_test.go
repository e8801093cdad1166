package openid

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"statgate/functions/console/openid"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// program installs the provider once for all tests.
var program = sync.OnceValues(func() (string, error) { return install(context.Background(), directory) })

const clientSecret = "a secret of the client, with + and % and : in it"

// site is a deployment whose console signs people in with the provider.
type site struct {
	*deploymenttest.Fixture
	relay  *relay
	issuer string
	root   string // of the deployment: scheme and host
}

// tables returns the tables of an engine.
func tables(t *testing.T, engine string) map[string]table.Table {
	t.Helper()
	if engine == "DynamoDB Local" {
		return dynamolocal.Tables(t, table.Keys, table.Stats)
	}
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}
}

// onEngines runs a test on each engine.
func onEngines(t *testing.T, c config, prove func(t *testing.T, s *site)) {
	t.Helper()
	for _, engine := range []string{"embedded", "DynamoDB Local"} {
		t.Run(engine, func(t *testing.T) { prove(t, start(t, engine, c)) })
	}
}

// start starts a deployment, and the provider with its clients "console" and "other".
func start(t *testing.T, engine string, c config) *site {
	t.Helper()
	main, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{relay: &relay{}}
	front := httptest.NewServer(s.relay)
	t.Cleanup(front.Close)
	s.issuer = front.URL
	s.Fixture = deploymenttest.With(t, "statgate", tables(t, engine), deploymenttest.Setup{OpenID: s.provider("console", clientSecret)})
	address, err := url.Parse(s.Base)
	if err != nil {
		t.Fatal(err)
	}
	s.root = address.Scheme + "://" + address.Host
	c.Issuer = s.issuer
	for _, id := range []string{"console", "other"} {
		c.Clients = append(c.Clients, client{ID: id, Secret: clientSecret, Redirects: []string{s.back()}})
	}
	target, err := run(t.Context(), main, c)
	if err != nil {
		t.Fatal(err)
	}
	s.relay.target.Store(target)
	return s
}

// provider returns the part under test, for a client of the provider.
func (s *site) provider(id, secret string) *openid.Provider {
	clock := &deploymenttest.Clock{}
	return openid.New(openid.Options{Issuer: s.issuer, Client: id, Now: clock.Now,
		Secret: func(context.Context) ([]byte, error) { return []byte(secret + "\n"), nil }})
}

func (s *site) back() string { return s.root + "/console" }

// member adds a member with a role to an organisation.
func (s *site) member(t *testing.T, org, email, role string) string {
	t.Helper()
	r := s.Call(t, s.Operator, "POST", "/orgs/"+org+"/members", fmt.Sprintf(`{"email":%q,"role":%q}`, email, role))
	if r.Status != http.StatusCreated {
		t.Fatalf("adding a member: %d %s", r.Status, r.Body)
	}
	return r.JSON(t)["user"].(string)
}

// browser is what a browser keeps of the console: its cookies.
type browser struct {
	s       *site
	mutex   sync.Mutex
	cookies map[string]string
}

func (s *site) browser() *browser { return &browser{s: s, cookies: map[string]string{}} }

// with returns a copy that has the same cookies.
func (b *browser) with() *browser { return &browser{s: b.s, cookies: maps.Clone(b.cookies)} }

// start posts a step as the page does.
func (b *browser) start(t *testing.T, step map[string]string) deploymenttest.Reply {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"oidc": step})
	if err != nil {
		t.Error(err)
	}
	headers := []string{"Origin", b.s.root, "Sec-Fetch-Site", "same-origin"}
	b.mutex.Lock()
	for name, value := range b.cookies {
		headers = append(headers, "Cookie", name+"="+value)
	}
	b.mutex.Unlock()
	r, err := b.s.Try("", http.MethodPost, b.s.root+"/console/session/start", string(raw), cookieLine(headers)...)
	if err != nil {
		t.Error(err)
		return r
	}
	if line := r.Header.Get("Set-Cookie"); line != "" {
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Max-Age="} {
			if !strings.Contains(attributes, want) || strings.Contains(attributes, "Path=") {
				t.Errorf("cookie %s has the attributes %s, want %s and no Path", name, attributes, want)
			}
		}
		b.mutex.Lock()
		b.cookies[name] = value
		b.mutex.Unlock()
	}
	return r
}

// cookieLine joins the cookies among pairs of headers, as browsers do.
func cookieLine(headers []string) []string {
	var rest, cookies []string
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Cookie" {
			cookies = append(cookies, headers[i+1])
		} else {
			rest = append(rest, headers[i], headers[i+1])
		}
	}
	if len(cookies) == 0 {
		return rest
	}
	return append(rest, "Cookie", strings.Join(cookies, "; "))
}

// leave begins a sign-in and returns the provider's address.
func (b *browser) leave(t *testing.T) string {
	t.Helper()
	r := b.start(t, map[string]string{})
	if r.Status != http.StatusOK {
		t.Fatalf("beginning: %d %s", r.Status, r.Body)
	}
	return r.JSON(t)["authorize"].(string)
}

// visit signs a person in at the provider's address, and returns the step that the page sends.
func (b *browser) visit(t *testing.T, authorize, person string) map[string]string {
	t.Helper()
	got, err := visit(authorize, person, b.s.back())
	if err != nil {
		t.Fatal(err)
	}
	if got.Get("code") == "" || got.Get("state") == "" {
		t.Fatalf("the provider sent the person back with %v", got)
	}
	return map[string]string{"code": got.Get("code"), "state": got.Get("state")}
}

// signIn goes the whole way of a person.
func (b *browser) signIn(t *testing.T, person string) deploymenttest.Reply {
	t.Helper()
	return b.start(t, b.visit(t, b.leave(t), person))
}

// wantSession fails unless a session of the member has begun and works.
func (s *site) wantSession(t *testing.T, r deploymenttest.Reply, org, user, role string) {
	t.Helper()
	if r.Status != http.StatusOK {
		t.Fatalf("got %d %s, want a session", r.Status, r.Body)
	}
	got := r.JSON(t)
	is, _ := got["session"].(map[string]any)
	if is["method"] != "oidc" || is["org"] != org || is["user"] != user || is["role"] != role {
		t.Errorf("got the session %v, want one of %s in %s as %s by oidc", is, user, org, role)
	}
	if self := s.Call(t, got["access_token"].(string), "GET", "/keys/self", ""); self.Status != 200 || self.JSON(t)["user"] != user {
		t.Errorf("the access token answers %d %s", self.Status, self.Body)
	}
}

// wantRefused fails unless the answer is a 401 without a session whose message has the words.
func wantRefused(t *testing.T, r deploymenttest.Reply, words string) {
	t.Helper()
	if r.Status != http.StatusUnauthorized || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("got %d %s with the cookie %q, want 401", r.Status, r.Body, r.Header.Get("Set-Cookie"))
		return
	}
	if message, _ := r.JSON(t)["message"].(string); !strings.Contains(message, words) {
		t.Errorf("got the message %q, want %q in it", message, words)
	}
}

// replaced returns an address with a parameter replaced.
func replaced(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get(name) == "" {
		t.Fatalf("%s has no parameter %s", address, name)
	}
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}
