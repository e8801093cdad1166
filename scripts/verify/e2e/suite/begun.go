package suite

import (
	"net/http"
	"slices"
	"strings"

	"statgate/shared/api"
)

// begun is a console session of the run.
type begun struct {
	id, user string
	key      string   // the one that it began with, or ""
	access   []string // access tokens
	cookie   string
	ended    bool // by an operation on sessions
}

// recordSession records the secrets of a session. Its caller holds the mutex.
func (l *ledger) recordSession(route api.Route, reply Reply) {
	token, id := reply.text("access_token"), reply.text("session", "id")
	if !route.SameOrigin || token == "" {
		return
	}
	if i := slices.IndexFunc(l.begun, func(s begun) bool { return s.id == id }); i >= 0 {
		l.begun[i].access = append(l.begun[i].access, token)
		return
	}
	l.begun = append(l.begun, begun{id: id, user: reply.text("session", "user"), key: reply.text("session", "key"), access: []string{token}, cookie: cookieOf(reply)})
}

// session returns the session that sent a request, or that the answer begins; nil for none.
func (l *ledger) session(r request, reply Reply) *begun {
	id := reply.text("session", "id")
	for i, s := range l.begun {
		sent := r.secret != "" && slices.Contains(s.access, r.secret) || slices.ContainsFunc(r.headers, func(v string) bool { return strings.HasSuffix(v, "="+s.cookie) })
		if sent || reply.text("access_token") != "" && s.id == id {
			return &l.begun[i]
		}
	}
	return nil
}

// ofSession returns the id of the session that an operation begins or ends, "" if it had ended.
// A case that ends all sessions of a member has begun one.
func (l *ledger) ofSession(route api.Route, r request, reply Reply) string {
	id := pathParameter(route, r.path, "session")
	switch s := l.session(r, reply); {
	case route.Operation == "startSession":
		return reply.text("session", "id")
	case route.Operation == "closeSession" && s != nil:
		id = s.id
	}
	i := slices.IndexFunc(l.begun, func(s begun) bool { return s.id == id || id == "" && s.user == r.query.Get("user") && !s.ended })
	if i < 0 || l.begun[i].ended {
		return ""
	}
	l.begun[i].ended = true
	return l.begun[i].id
}

// cookieOf returns the value of the cookie that an answer sets, "" for none.
func cookieOf(reply Reply) string {
	for _, c := range (&http.Response{Header: reply.Header}).Cookies() {
		if c.Name == api.SessionCookie {
			return c.Value
		}
	}
	return ""
}
