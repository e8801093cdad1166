package gateway

import (
	"net/url"
	"strings"
)

// queryOf reads a query string without losing any of it. net/url drops what it
// cannot read (a pair with a semicolon, a percent sign that encodes nothing), and
// a filter that is dropped is a wrong answer instead of a refusal: here a
// semicolon is a character like others, and what encodes nothing stands for itself.
func queryOf(raw string) url.Values {
	query := url.Values{}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = unescaped(name)
		query[name] = append(query[name], unescaped(value))
	}
	return query
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
