// Package transport finds the secret in a request, whatever way it came, and
// refuses what cannot be one. The edge function does the same in CloudFront;
// testdata/requests.json is the one table of requests that both must pass.
package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// The channels that a contract lists transports for.
const (
	HTTP      = "http"
	WebSocket = "websocket"
)

// Pick returns the one secret of a request. A transport that the contract does
// not list for the channel is not looked at, and neither is what Authorization holds
// by another scheme than Bearer: that is no API key. No secret is SecretMissing, one
// without a scheme SecretMalformed, two different secrets SecretConflict.
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

// Strip removes every way in which a secret can come, so that what goes on has
// none but the one that the edge puts into Authorization.
func Strip(h http.Header, q url.Values) {
	h.Del("Authorization")
	h.Del("X-API-Key")
	q.Del(contract.Query)
}
