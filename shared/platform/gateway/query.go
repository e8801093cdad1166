package gateway

import (
	"net/url"
	"strings"
)

// parseQuery parses a query string without dropping any part of it. net/url drops
// pairs with a semicolon or an invalid percent encoding. A dropped filter would give a
// wrong answer instead of an error. So parseQuery treats a semicolon as an ordinary
// character and keeps text with an invalid encoding as it is.
func parseQuery(raw string) url.Values {
	query := url.Values{}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = unescape(name)
		query[name] = append(query[name], unescape(value))
	}
	return query
}

// unescape decodes a part of a query, and returns it unchanged if it is not valid.
func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
