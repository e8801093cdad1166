// Package openid runs a provider of OpenID Connect that others wrote, npm oidc-provider, and
// signs people in to the console with it. Its tests are the rig.
package openid

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// client is a client that the provider knows.
type client struct {
	ID        string   `json:"client_id"`
	Secret    string   `json:"client_secret"`
	Redirects []string `json:"redirect_uris"`
	Method    string   `json:"token_endpoint_auth_method,omitempty"`
}

// account is what the provider states of a person.
type account struct {
	Email    string `json:"email,omitempty"`
	Verified any    `json:"email_verified,omitempty"`
}

// config is the configuration of the provider.
type config struct {
	Issuer        string             `json:"issuer"`
	Clients       []client           `json:"clients"`
	Accounts      map[string]account `json:"accounts"` // by the name that a person types
	ClaimsInToken bool               `json:"claimsInToken"`
}

// install installs the provider into a directory, and returns the program.
func install(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "../../npm.sh", "oidc-provider-9.13.3", "oidc-provider@9.13.3").Output()
	if err != nil {
		return "", fmt.Errorf("installing the provider: %w", err)
	}
	if err := os.CopyFS(dir, os.DirFS("provider")); err != nil {
		return "", err
	}
	return filepath.Join(dir, "main.mjs"), os.Symlink(filepath.Join(strings.TrimSpace(string(out)), "node_modules"), filepath.Join(dir, "node_modules"))
}

// run starts the provider, and returns its address. It ends with the context.
func run(ctx context.Context, program string, c config) (*url.URL, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", program, string(raw))
	if _, err := cmd.StdinPipe(); err != nil { // it ends with this process in any case
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	printed := bufio.NewReader(out)
	port, err := printed.ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, cmd.Wait())
	}
	go func() {
		_, _ = io.Copy(io.Discard, printed)
		_ = cmd.Wait() // it is killed at the end
	}()
	return url.Parse("http://127.0.0.1:" + strings.TrimSpace(port))
}

// relay stands before the provider, under the provider's address. It can make a path fail.
type relay struct {
	target atomic.Pointer[url.URL]
	broken atomic.Pointer[broken]
}

// broken answers requests of a path in place of the provider.
type broken struct {
	path string
	with http.HandlerFunc
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if b := r.broken.Load(); b != nil && strings.HasPrefix(req.URL.Path, b.path) {
		b.with(w, req)
		return
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(r.target.Load())
		p.Out.Host = p.In.Host
	}}
	proxy.ServeHTTP(w, req)
}

// visit signs a person in at the provider, as their browser does with the address that the
// console gave it. It returns the parameters with which the provider sends them back.
func visit(authorize, person, back string) (url.Values, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), back+"?") {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	answer, err := browser.Get(authorize)
	for _, form := range []url.Values{{"prompt": {"login"}, "login": {person}, "password": {"any"}}, {"prompt": {"consent"}}} {
		if err != nil {
			return nil, err
		}
		said, _ := io.ReadAll(answer.Body) // for the error alone
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the provider answers %d at %s: %s", answer.StatusCode, answer.Request.URL.Path, said)
		}
		answer, err = browser.PostForm(answer.Request.URL.String(), form)
	}
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		return nil, fmt.Errorf("the provider does not redirect to the console: it answers %d at %s: %w", answer.StatusCode, answer.Request.URL.Path, err)
	}
	return to.Query(), nil
}
