package mcp

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"statgate/shared/api"
)

// Origins limits which web pages may call the server. A browser sends the page's origin; other
// clients send none and are not limited.
type Origins struct {
	// Loopback refuses every Host and Origin that is not this machine. A server on a
	// loopback address needs it, because a page can give its own name that address.
	Loopback bool
	// Listed are the accepted origins, such as https://app.example.com; empty accepts any.
	Listed []string
}

// check returns why a message is refused, or "".
func (o Origins) check(m *api.Message) string {
	if o.Loopback && !isLoopback(m.Host) {
		return "Host: must be this machine"
	}
	origins := m.Header.Values("Origin")
	for _, origin := range origins {
		switch {
		case len(o.Listed) > 0 && slices.ContainsFunc(o.Listed, func(one string) bool { return strings.EqualFold(one, origin) }):
		case len(o.Listed) > 0, o.Loopback && !isLoopback(hostOf(origin)):
			return "Origin: pages of this origin may not call the server"
		}
	}
	return ""
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Host
}

// isLoopback reports whether a host, with or without a port, is a loopback address or its name.
func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// forbidden is the answer to a message of a foreign origin.
func forbidden(why string) *api.Raw { return refusal(http.StatusForbidden, nil, invalid(why)) }
