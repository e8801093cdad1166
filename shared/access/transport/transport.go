// Package transport finds the secret in a request, in whichever place it was sent, and
// refuses values that cannot be one. The edge function does the same in CloudFront; both
// must pass the table of requests in testdata/requests.json.
package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// HTTP is the channel of HTTP requests, for which a contract lists transports.
const HTTP = "http"

// Pick returns the one secret of a request. It ignores transports that the contract does
// not list for the channel, and Authorization headers of another scheme than Bearer, which
// are not API keys. Without a secret the error is SecretMissing, for a secret without a
// scheme SecretMalformed, for two different secrets SecretConflict.
func Pick(c *contract.Contract, channel string, h http.Header, q url.Values) (string, error) {
	listed := c.Transports[channel]
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
