// Package openid identifies people by a provider of OpenID Connect: authorization code with
// PKCE, and an email address that the provider has verified. It keeps what a sign-in needs
// between its requests on the server.
package openid

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"statgate/shared/api"
)

const (
	// callTimeout limits each call to the provider. A sign-in makes four at most, which is
	// less than a function's timeout.
	callTimeout = 3 * time.Second
	// discoveryLife is how long the provider's metadata is used before it is read again.
	discoveryLife  = time.Hour
	maxAnswerBytes = 1 << 20
)

// Options configure a provider.
type Options struct {
	Issuer string // URL, exactly as the provider states it
	Client string // client id at the provider
	// Secret returns the client secret. It is called when the first person signs in, and again
	// when the provider refuses the secret.
	Secret func(ctx context.Context) ([]byte, error)
	Now    func() time.Time
}

// Provider identifies people. Its errors are *[api.Error], and contain neither codes nor tokens.
type Provider struct {
	o      Options
	client *http.Client

	mutex  sync.Mutex
	known  *metadata // nil before the first use
	secret string    // "" before the first use
}

// metadata is what discovery tells about the provider, and the keys that it signs with.
type metadata struct {
	provider   *oidc.Provider
	keys       oidc.KeySet
	algorithms []string
	endpoint   oauth2.Endpoint
	until      time.Time
}

// New returns a provider. It makes no call: the first person who signs in does.
func New(o Options) *Provider {
	return &Provider{o: o, client: &http.Client{
		Timeout: callTimeout, Transport: bounded{http.DefaultTransport},
		// A redirect would send the secret or a code to an address that discovery did not name.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Attempt is one sign-in as the provider sees it.
type Attempt struct {
	Redirect string // address of the console's page
	State    string
	Nonce    string
	Verifier string // of PKCE
}

// Authorize returns the provider's address at which a person signs in.
func (p *Provider) Authorize(ctx context.Context, a Attempt) (string, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.config(m, a, "").AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// Identify exchanges a code and returns the person's verified email address.
func (p *Provider) Identify(ctx context.Context, a Attempt, code string) (string, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	token, err := p.exchange(ctx, m, a, code)
	if err != nil {
		return "", err
	}
	id, stated, err := p.verify(ctx, m, a, token)
	if err != nil {
		return "", err
	}
	if stated.Email == "" || stated.Verified == nil {
		if stated, err = p.userinfo(ctx, m, id.Subject, token); err != nil {
			return "", err
		}
	}
	if stated.Email == "" || stated.Verified == nil || !bool(*stated.Verified) {
		return "", Refused("your provider does not state a verified email address for you: verify it there, then sign in again")
	}
	return stated.Email, nil
}

// Refused returns an error for a person who cannot be signed in.
func Refused(format string, args ...any) *api.Error {
	e := api.Fail(api.SecretUnknown, format, args...)
	e.Own = true
	return e
}

func (p *Provider) config(m *metadata, a Attempt, secret string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.o.Client, ClientSecret: secret, Endpoint: m.endpoint, RedirectURL: a.Redirect, Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail}}
}

// discover returns the provider's metadata. Requests that need it at the same time each read
// it: none waits for another one's call.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	p.mutex.Lock()
	m := p.known
	p.mutex.Unlock()
	if m != nil && p.o.Now().Before(m.until) {
		return m, nil
	}
	ctx = oidc.ClientContext(ctx, p.client)
	found, err := oidc.NewProvider(ctx, p.o.Issuer)
	if err != nil {
		return nil, unavailable("reading the metadata of the OpenID Connect provider", err)
	}
	var stated struct {
		Keys       string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&stated); err != nil {
		return nil, unavailable("reading the metadata of the OpenID Connect provider", err)
	}
	m = &metadata{provider: found, keys: oidc.NewRemoteKeySet(ctx, stated.Keys), endpoint: found.Endpoint(), until: p.o.Now().Add(discoveryLife),
		algorithms: slices.DeleteFunc(stated.Algorithms, func(name string) bool { return !slices.Contains(asymmetric, name) })}
	// The default of a provider that states no methods is basic authentication.
	m.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if slices.Contains(stated.Methods, "client_secret_post") && !slices.Contains(stated.Methods, "client_secret_basic") {
		m.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.known = m
	return m, nil
}

// asymmetric are the algorithms of signatures that are accepted. Without an overlap with the
// provider's, RS256 is: it is the one that each provider has.
var asymmetric = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// exchange returns the tokens for a code. If the provider refuses the secret, it may have been
// replaced: the code is then still good.
func (p *Provider) exchange(ctx context.Context, m *metadata, a Attempt, code string) (*oauth2.Token, error) {
	const doing = "exchanging a code at the OpenID Connect provider"
	secret, err := p.clientSecret(ctx, "")
	if err != nil {
		return nil, err
	}
	token, err := p.send(ctx, m, a, code, secret)
	if answered(err, "invalid_client") {
		newer, failed := p.clientSecret(ctx, secret)
		if failed != nil {
			return nil, failed
		}
		if newer != secret {
			token, err = p.send(ctx, m, a, code, newer)
		}
	}
	switch {
	case answered(err, "invalid_grant"):
		return nil, Refused("your provider did not accept this sign-in: sign in again")
	case err != nil:
		return nil, unavailable(doing, err)
	}
	return token, nil
}

func (p *Provider) send(ctx context.Context, m *metadata, a Attempt, code, secret string) (*oauth2.Token, error) {
	return p.config(m, a, secret).Exchange(oidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(a.Verifier))
}

// answered reports whether the provider's answer is an error of a code, and not a fault.
func answered(err error, code string) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused) && refused.ErrorCode == code && refused.Response.StatusCode < http.StatusInternalServerError
}

// clientSecret returns the secret, and reads it again if it is the one that was refused.
func (p *Provider) clientSecret(ctx context.Context, refused string) (string, error) {
	p.mutex.Lock()
	secret := p.secret
	p.mutex.Unlock()
	if secret != "" && secret != refused {
		return secret, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	raw, err := p.o.Secret(ctx)
	if err == nil && strings.TrimSpace(string(raw)) == "" {
		err = errors.New("openid: it is empty")
	}
	if err != nil {
		return "", api.UnavailableError("reading the client secret of the OpenID Connect provider", err)
	}
	secret = strings.TrimSpace(string(raw))
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.secret = secret
	return secret, nil
}

// claims are what a provider states about a person.
type claims struct {
	Email    string `json:"email"`
	Verified *truth `json:"email_verified"`
	Party    string `json:"azp"`
}

// truth is a boolean. Some providers state it as a string.
type truth bool

func (t *truth) UnmarshalJSON(raw []byte) error {
	*t = string(raw) == `true` || string(raw) == `"true"`
	return nil
}

// verify checks the ID token. Its signature can only be wrong by a fault of the provider, which
// has sent it itself; what it says may be for another sign-in.
func (p *Provider) verify(ctx context.Context, m *metadata, a Attempt, token *oauth2.Token) (*oidc.IDToken, claims, error) {
	const doing = "verifying the ID token of the OpenID Connect provider"
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, claims{}, api.UnavailableError(doing, errors.New("openid: there is none"))
	}
	keys := &watchedKeys{KeySet: m.keys}
	id, err := oidc.NewVerifier(p.o.Issuer, keys, &oidc.Config{ClientID: p.o.Client, SupportedSigningAlgs: m.algorithms, Now: p.o.Now}).Verify(ctx, raw)
	if keys.failed != nil {
		return nil, claims{}, unavailable(doing, keys.failed)
	}
	foreign := Refused("your provider's answer does not belong to this sign-in: sign in again")
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return nil, claims{}, foreign
	}
	var stated claims
	if err := id.Claims(&stated); err != nil {
		return nil, claims{}, unavailable(doing, err)
	}
	// OpenID Connect Core 3.1.3.7, 4 and 5.
	if stated.Party != p.o.Client && (stated.Party != "" || len(id.Audience) > 1) {
		return nil, claims{}, foreign
	}
	return id, stated, nil
}

// watchedKeys remembers that a key could not be had or did not fit, which a verifier reports
// like any other error.
type watchedKeys struct {
	oidc.KeySet
	failed error
}

func (k *watchedKeys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, jwt)
	k.failed = err
	return payload, err
}

// userinfo asks the provider for the address: many ID tokens lack it.
func (p *Provider) userinfo(ctx context.Context, m *metadata, subject string, token *oauth2.Token) (claims, error) {
	if m.provider.UserInfoEndpoint() == "" {
		return claims{}, nil
	}
	const doing = "reading a person's address at the OpenID Connect provider"
	info, err := m.provider.UserInfo(oidc.ClientContext(ctx, p.client), oauth2.StaticTokenSource(token))
	if err != nil {
		return claims{}, unavailable(doing, err)
	}
	if info.Subject != subject { // OpenID Connect Core 5.3.2
		return claims{}, api.UnavailableError(doing, errors.New("openid: the answer is about another person"))
	}
	var stated claims
	if err := info.Claims(&stated); err != nil {
		return claims{}, unavailable(doing, err)
	}
	return stated, nil
}

// bounded limits the size of answers.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("openid: %w", err)
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswerBytes), answer.Body}
	return answer, nil
}

// Configured returns the provider that the variables OIDC_ISSUER, OIDC_CLIENT and OIDC_SECRET
// configure, or nil if the first is not set. fetch returns what reads a secret by its name.
func Configured(getenv func(string) string, fetch func(name string) func(context.Context) ([]byte, error), now func() time.Time) (*Provider, error) {
	o := Options{Issuer: getenv("OIDC_ISSUER"), Client: getenv("OIDC_CLIENT"), Now: now}
	name := getenv("OIDC_SECRET")
	switch {
	case o.Issuer == "":
		return nil, nil
	case o.Client == "" || name == "":
		return nil, errors.New("openid: OIDC_CLIENT and OIDC_SECRET must be set with OIDC_ISSUER")
	}
	o.Secret = fetch(name)
	return New(o), nil
}
