package suite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// transports has a case for each way in which a secret could come, as the
// contract lists it or not.
func transports(c *contract.Contract) []Case {
	var cases []Case
	for _, via := range []string{contract.Bearer, contract.XAPIKey, contract.Query} {
		if slices.Contains(c.HTTPTransports(), via) {
			cases = append(cases, Case{ID: "transport." + via, Says: "a key that comes by " + via + " is taken, and answered as by any other way",
				Run: func(t *T) { listedTransport(t, via) }})
			continue
		}
		cases = append(cases, Case{ID: "transport." + via, Says: "a key that comes by " + via + ", which the contract does not list, is no key",
			Run: func(t *T) { unlistedTransport(t, via) }})
	}
	return append(cases,
		Case{ID: "transport.two-keys", Says: "two different keys in one request are refused, the same key twice is not", Run: twoKeys},
		Case{ID: "transport.other-scheme", Says: "an Authorization of another scheme is refused", Run: otherScheme})
}

func listedTransport(t *T, via string) {
	k, d := t.reader, t.door()
	usual := t.knock(k.secret, d)
	// An ETag is of the body, but for the moment at which the answer was made.
	same := usual.Header.Get("ETag") != ""
	other := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: via})
	if usual.Status != http.StatusOK || other.Status != http.StatusOK || !same || usual.Header.Get("ETag") != other.Header.Get("ETag") {
		t.Errorf("%s: got %s, by %s %s", usual.asked, usual.brief(), via, other.brief())
	}
}

func unlistedTransport(t *T, via string) {
	k, d := t.reader, t.door()
	alone := request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: via}
	t.refused(t.send(alone), api.SecretMissing)
	if via != contract.XAPIKey {
		return
	}
	// A header that is not listed is not looked at either.
	t.must(t.knock(k.secret, d, "X-API-Key", "another"), http.StatusOK)
}

func twoKeys(t *T) {
	listed := t.contract.HTTPTransports()
	if len(listed) < 2 {
		t.Void("the contract has one transport")
	}
	d := t.door()
	one, two := t.reader, t.clientKey(d)
	for _, second := range listed[1:] {
		for _, other := range []key{one, two} {
			r := t.send(both(d, listed[0], one.secret, second, other.secret))
			if other == one {
				t.must(r, http.StatusOK)
			} else {
				t.refused(r, api.SecretConflict)
			}
		}
	}
}

// both is a request that carries two secrets.
func both(d door, first, one, second, two string) request {
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
	d, k := t.door(), t.reader
	for _, value := range []string{"Basic " + k.secret, k.secret, "Bearer", "Bearer " + k.secret + " x"} {
		r := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: contract.Bearer, headers: []string{"Authorization", value}})
		t.refused(r, api.SecretMalformed, api.SecretMissing)
	}
	if slices.Contains(t.contract.HTTPTransports(), contract.Bearer) {
		r := t.send(request{method: d.route.Method, path: d.route.Path, secret: k.secret, via: contract.Bearer, headers: []string{"Authorization", "bearer " + k.secret}})
		t.must(r, http.StatusOK)
	}
}

// strangers are secrets that no deployment of the contract would let in, by what
// is wrong with them.
func (t *T) strangers() map[string]string {
	k := t.reader
	last := k.secret[len(k.secret)-1]
	other := map[bool]string{true: "1", false: "2"}[last != '1']
	found := map[string]string{
		"nothing like a key":     "x",
		"one character is wrong": k.secret[:len(k.secret)-1] + other,
		"cut short":              k.secret[:len(k.secret)-1],
	}
	rules := t.contract.Secret
	mine := ""
	for environment, prefix := range rules.Prefixes {
		if strings.HasPrefix(k.secret, prefix) && len(prefix) > len(rules.Prefixes[mine]) {
			mine = environment
		}
	}
	body := k.secret[len(rules.Prefixes[mine]):]
	found["nobody's"] = rules.Prefixes[mine] + strings.Repeat("7", len(body))
	for environment, prefix := range rules.Prefixes {
		if environment != mine {
			found[fmt.Sprintf("of environment %s", environment)] = prefix + body
		}
	}
	return found
}
