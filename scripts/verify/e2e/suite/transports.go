package suite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// transports has a case for each transport of a secret, whether the contract lists it or not.
func transports(c *contract.Contract) []Case {
	var cases []Case
	for _, via := range []string{contract.Bearer, contract.XAPIKey, contract.Query} {
		if slices.Contains(c.HTTPTransports(), via) {
			cases = append(cases, Case{ID: "transport." + via, Guarantee: "a key sent by " + via + " is accepted, with the same answer as by any other transport",
				Run: func(t *T) { listedTransport(t, via) }})
			continue
		}
		cases = append(cases, Case{ID: "transport." + via, Guarantee: "a key sent by " + via + ", which the contract does not list, counts as missing",
			Run: func(t *T) { unlistedTransport(t, via) }})
	}
	return append(cases,
		Case{ID: "transport.two-keys", Guarantee: "two different keys in one request are refused, the same key twice is accepted", Run: twoKeys},
		Case{ID: "transport.other-scheme", Guarantee: "an Authorization header with another scheme is refused", Run: otherScheme})
}

func listedTransport(t *T, via string) {
	k, d := t.reader, t.endpoint()
	usual := t.call(k.secret, d)
	// The ETag covers the body without the time of the answer.
	same := usual.Header.Get("ETag") != ""
	other := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: via})
	if usual.Status != http.StatusOK || other.Status != http.StatusOK || !same || usual.Header.Get("ETag") != other.Header.Get("ETag") {
		t.Errorf("%s: got %s, by %s %s", usual.asked, usual.brief(), via, other.brief())
	}
}

func unlistedTransport(t *T, via string) {
	k, d := t.reader, t.endpoint()
	alone := request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: via}
	t.wantError(t.send(alone), api.SecretMissing)
	if via != contract.XAPIKey {
		return
	}
	// A header that the contract does not list is ignored.
	t.wantStatus(t.call(k.secret, d, "X-API-Key", "another"), http.StatusOK)
}

func twoKeys(t *T) {
	listed := t.contract.HTTPTransports()
	if len(listed) < 2 {
		t.NotApplicable("the contract has one transport")
	}
	d := t.endpoint()
	one, two := t.reader, t.clientKey(d)
	for _, second := range listed[1:] {
		for _, other := range []key{one, two} {
			r := t.send(twoSecrets(d, listed[0], one.secret, second, other.secret))
			if other == one {
				t.wantStatus(r, http.StatusOK)
			} else {
				t.wantError(r, api.SecretConflict)
			}
		}
	}
}

// twoSecrets returns a request that carries two secrets.
func twoSecrets(d endpoint, first, one, second, two string) request {
	r := request{method: d.route.Method, path: d.route.Path, secret: one, via: first}
	switch second {
	case contract.Bearer:
		r.headers = []string{"Authorization", "Bearer " + two}
	case contract.XAPIKey:
		r.headers = []string{"X-API-Key", two}
	case contract.Query:
		r.query = map[string][]string{contract.Query: {two}}
	}
	return r
}

func otherScheme(t *T) {
	d, k := t.endpoint(), t.reader
	for _, value := range []string{"Basic " + k.secret, k.secret, "Bearer", "Bearer " + k.secret + " x"} {
		r := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: contract.Bearer, headers: []string{"Authorization", value}})
		t.wantError(r, api.SecretMalformed, api.SecretMissing)
	}
	if slices.Contains(t.contract.HTTPTransports(), contract.Bearer) {
		r := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: contract.Bearer, headers: []string{"Authorization", "bearer " + k.secret}})
		t.wantStatus(r, http.StatusOK)
	}
}

// badSecrets returns secrets that every deployment of the contract refuses, by what is wrong
// with them.
func (t *T) badSecrets() map[string]string {
	k := t.reader
	last := k.secret[len(k.secret)-1]
	other := map[bool]string{true: "1", false: "2"}[last != '1']
	found := map[string]string{
		"malformed key":                "x",
		"key with one wrong character": k.secret[:len(k.secret)-1] + other,
		"truncated key":                k.secret[:len(k.secret)-1],
	}
	rules := t.contract.Secret
	mine := ""
	for environment, prefix := range rules.Prefixes {
		if strings.HasPrefix(k.secret, prefix) && len(prefix) > len(rules.Prefixes[mine]) {
			mine = environment
		}
	}
	body := k.secret[len(rules.Prefixes[mine]):]
	found["unknown key"] = rules.Prefixes[mine] + strings.Repeat("7", len(body))
	for environment, prefix := range rules.Prefixes {
		if environment != mine {
			found[fmt.Sprintf("key of environment %s", environment)] = prefix + body
		}
	}
	return found
}
