package dev

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"statgate/functions/console/openid"
	"statgate/scripts/internal/usage"
)

// provider are the options that configure how people sign in to the console.
type provider struct{ issuer, client, secretFile string }

func (p *provider) addFlags(f *pflag.FlagSet) {
	f.StringVar(&p.issuer, "oidc-issuer", "", "`URL` of an OpenID Connect provider that signs people in to the console; needs --oidc-client and --oidc-secret-file")
	f.StringVar(&p.client, "oidc-client", "", "client `ID` at the provider, whose redirect address is that of the console")
	f.StringVar(&p.secretFile, "oidc-secret-file", "", "`FILE` with the client secret")
}

// open returns the provider; nil without one. The secret is read for each use, so that it can
// be replaced while the server runs.
func (p provider) open(now func() time.Time) (*openid.Provider, error) {
	if p == (provider{}) {
		return nil, nil
	}
	if p.issuer == "" || p.client == "" || p.secretFile == "" {
		return nil, usage.Errorf("--oidc-issuer, --oidc-client and --oidc-secret-file: give all three or none")
	}
	u, err := url.Parse(p.issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, usage.Errorf("--oidc-issuer: must be an https URL without a query, or an http URL of this machine, got %q", p.issuer)
	}
	secret := func(context.Context) ([]byte, error) { return os.ReadFile(p.secretFile) }
	raw, err := secret(context.Background())
	if err == nil && strings.TrimSpace(string(raw)) == "" {
		err = fmt.Errorf("%s is empty", p.secretFile)
	}
	if err != nil {
		return nil, usage.Errorf("--oidc-secret-file: %w", err)
	}
	return openid.New(openid.Options{Issuer: p.issuer, Client: p.client, Secret: secret, Now: now}), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
