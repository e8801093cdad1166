package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"statgate/shared/contract"
)

// answerTimeout is above API Gateway's limit of 29 s.
const answerTimeout = 40 * time.Second

// client sends requests, a bounded number at a time, and passes each exchange to observe.
type client struct {
	root, host string
	transport  string // default transport of secrets
	http       *http.Client
	slots      chan struct{}
	observe    func(request, Reply)
	plain      func(request, Reply) any // an answer without the contract's envelope, nil without an envelope
}

func newClient(o Options, observe func(request, Reply)) *client {
	c := &client{root: strings.TrimSuffix(strings.TrimRight(o.BaseURL, "/"), o.Contract.Base), host: o.Host, transport: contract.Bearer,
		slots: make(chan struct{}, o.Parallel), observe: observe}
	if listed := o.Contract.HTTPTransports(); len(listed) > 0 {
		c.transport = listed[0]
	}
	c.http = &http.Client{
		Timeout:       answerTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: o.Parallel, MaxConnsPerHost: o.Parallel, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// request is one request. Its path is escaped and relative to the root.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	secret       string
	via          string   // transport, "" for the client's default
	headers      []string // pairs of name and value
	unchanging   bool     // it changes nothing, so the audit trail has no entry of it
}

func (r request) String() string {
	if len(r.query) > 0 {
		return r.method + " " + r.path + "?" + r.query.Encode()
	}
	return r.method + " " + r.path
}

func (c *client) do(ctx context.Context, r request) (Reply, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("%s: %w", r, ctx.Err())
	}
	asked := r.String() // before a secret is added to the query
	hr, err := c.prepare(ctx, r)
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", asked, err)
	}
	resp, err := c.http.Do(hr)
	if err != nil {
		return Reply{}, fmt.Errorf("%s: no answer: %w", asked, withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("%s: reading the answer: %w", asked, err)
	}
	reply := Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, asked: asked}
	reply.plain = c.plain(r, reply)
	c.observe(r, reply)
	return reply, nil
}

// withoutURL removes the URL from a client's error: it may contain a secret.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func (c *client) prepare(ctx context.Context, r request) (*http.Request, error) {
	query := url.Values{}
	for name, values := range r.query {
		query[name] = values
	}
	header := http.Header{}
	if len(r.body) > 0 {
		header.Set("Content-Type", "application/json")
	}
	via := r.via
	if via == "" {
		via = c.transport
	}
	if r.secret != "" {
		setSecret(via, r.secret, header, query)
	}
	for i := 0; i+1 < len(r.headers); i += 2 {
		if name := r.headers[i]; i >= 2 && r.headers[i-2] == name { // the same name again is another line
			header.Add(name, r.headers[i+1])
			continue
		}
		header.Set(r.headers[i], r.headers[i+1])
	}
	at := c.root + r.path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	hr, err := http.NewRequestWithContext(ctx, r.method, at, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	hr.Header = header
	if c.host != "" {
		hr.Host = c.host
	}
	return hr, nil
}

// setSecret adds a secret in the way of the transport.
func setSecret(via, secret string, header http.Header, query url.Values) {
	switch via {
	case contract.Bearer:
		header.Set("Authorization", "Bearer "+secret)
	case contract.XAPIKey:
		header.Set("X-API-Key", secret)
	case contract.Query:
		query.Set(contract.Query, secret)
	}
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil // unreachable: inputs are maps of strings, numbers and lists
	}
	return raw
}

// Reply is an answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	asked  string
	plain  any // answer of key management in Statgate's own shape, where the contract wraps it
}

// secretField matches a secret in a body, which reports must not show. The address of a portal
// link is one.
var secretField = regexp.MustCompile(`"(secret|signing_?[sS]ecret|access_token|url)":\s*"[^"]*"`)

// brief returns status and body for a report: without secrets, cut to 160 bytes.
func (r Reply) brief() string {
	body := secretField.ReplaceAll(r.Body, []byte(`"$1":"…"`))
	if len(body) > 160 {
		body = append(body[:160:160], "…"...)
	}
	return fmt.Sprintf("%d %s", r.Status, body)
}

// sentAt returns when the answer was sent, by its Date header.
func (r Reply) sentAt() (time.Time, bool) {
	at, err := http.ParseTime(r.Header.Get("Date"))
	return at, err == nil
}

// value returns the value at a path of names in a JSON body, nil for none. Answers of key
// management are read in Statgate's own shape in every contract.
func (r Reply) value(path ...string) any {
	if r.plain != nil {
		return within(r.plain, path...)
	}
	var v any
	if json.Unmarshal(r.Body, &v) != nil {
		return nil
	}
	return within(v, path...)
}

func within(v any, path ...string) any {
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

// text returns a string of the body, "" for none.
func (r Reply) text(path ...string) string { s, _ := r.value(path...).(string); return s }

// number returns a number of the body, -1 for none.
func (r Reply) number(path ...string) float64 {
	if n, ok := r.value(path...).(float64); ok {
		return n
	}
	return -1
}

// objects returns the objects of a list.
func objects(v any) []map[string]any {
	list, _ := v.([]any)
	found := make([]map[string]any, 0, len(list))
	for _, one := range list {
		if object, ok := one.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

func textOf(v map[string]any, path ...string) string { s, _ := within(v, path...).(string); return s }
