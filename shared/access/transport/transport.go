// Package transport finds the secret in a request's headers and query, and refuses values
// that cannot be one. The edge function does the same in CloudFront; both
// must pass the table of requests in testdata/requests.json.
//
// The authorizer and the functions read only the transports of [Behind]. Behind an edge,
// that is Bearer alone: API Gateway finds a cached policy by the Authorization header, so
// a secret from another place would become the answer to every sender of that header.
package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Behind returns the transports in which HTTP requests carry the secret when they reach
// API Gateway. The edge moves every transport of the contract into Bearer.
func Behind(c *contract.Contract, edge bool) []string {
	if edge {
		return []string{contract.Bearer}
	}
	return c.HTTPTransports()
}

// Pick returns the one secret of a request. It ignores transports that are not
// listed, and Authorization headers of another scheme than Bearer, which
// are not API keys. Without a secret the error is SecretMissing, for a secret without a
// scheme SecretMalformed, for two different secrets SecretConflict.
func Pick(listed []string, h http.Header, q url.Values) (string, error) {
	var found []string
	if slices.Contains(listed, contract.Bearer) {
		for _, v := range h.Values("Authorization") {
			scheme, token, schemed := strings.Cut(strings.TrimSpace(v), " ")
			switch bearer := strings.EqualFold(scheme, "Bearer"); {
			case !bearer && schemed:
				continue
			case !bearer:
				return "", api.Fail(api.SecretMalformed, "Authorization: must be Bearer, a space and the API key")
			}
			found = append(found, strings.TrimSpace(token))
		}
	}
	if slices.Contains(listed, contract.XAPIKey) {
		found = append(found, h.Values("X-API-Key")...)
	}
	if slices.Contains(listed, contract.Query) {
		found = append(found, q[contract.Query]...)
	}
	return one(found)
}

// Identify is Pick for the authorizer. API Gateway caches the policy by the header of the
// only listed transport. A second value of that header is refused, because it is not known
// which of several values API Gateway takes.
func Identify(listed []string, h http.Header, q url.Values) (string, error) {
	header := map[string]string{contract.Bearer: "Authorization", contract.XAPIKey: "X-API-Key"}
	if len(listed) == 1 && len(h.Values(header[listed[0]])) > 1 {
		return "", api.Fail(api.SecretConflict, "%s: must be sent once", header[listed[0]])
	}
	return Pick(listed, h, q)
}

func one(found []string) (string, error) {
	if len(found) == 0 {
		return "", api.Fail(api.SecretMissing, "an API key is required")
	}
	for _, other := range found[1:] {
		if other != found[0] {
			return "", api.Fail(api.SecretConflict, "two different API keys in one request; send only one")
		}
	}
	if found[0] == "" {
		return "", api.Fail(api.SecretMissing, "an API key is required")
	}
	return found[0], nil
}

// Strip removes the secret from every place in which it can be sent. The request that is
// passed on then has only the one that the edge puts into Authorization.
func Strip(h http.Header, q url.Values) {
	h.Del("Authorization")
	h.Del("X-API-Key")
	q.Del(contract.Query)
}

// Headers returns the headers of an event of API Gateway in canonical form. Clients may send
// a header twice in different case. All its values count, so that two different keys are
// refused. API Gateway repeats each header in both maps.
func Headers(single map[string]string, multi map[string][]string) http.Header {
	h := make(http.Header, len(multi))
	for name, values := range multi {
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	for name, value := range single {
		if _, both := multi[name]; !both {
			h.Add(name, value)
		}
	}
	return h
}
