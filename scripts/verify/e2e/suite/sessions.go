package suite

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func sessions() []Case {
	return []Case{
		{ID: "session.link", Guarantee: "a portal link begins one session, which acts as its member on the API", Run: sessionByLink},
		{ID: "session.life", Guarantee: "a session is renewed by its cookie, is listed, and is refused from the request after its end", Run: sessionLife},
		{ID: "session.all", Guarantee: "all sessions of a member end at once, those of other members stay", Run: sessionsEnd},
		{ID: "session.key", Guarantee: "a session that began with a key does what the key can and no more, and ends with it", Run: sessionByKey},
		{ID: "session.member", Guarantee: "a member's session manages the member's own keys alone", Run: sessionOfMember},
		{ID: "session.origin", Guarantee: "only the console's own page begins, renews and ends sessions, and no other origin reads the answers", Run: sessionOrigin},
		{ID: "session.budget", Guarantee: "the data calls of a session have a small budget of their own, and are refused where the plan has no keys", Run: sessionBudget},
	}
}

// page is what a browser keeps of the console: where it is, a session's secrets and its id.
type page struct {
	origin             string
	access, cookie, id string
}

// portalLink creates a link that signs a member of home in, and returns its code and the page
// that it leads to. The session reaches what is personal if an operator made the link.
func (t *T) portalLink(by, user string) (code string, p *page) {
	made := t.op(by, "createPortalLink", in{"org": t.home.id, "user": user})
	t.wantStatus(made, http.StatusCreated)
	at, err := url.Parse(made.text("url"))
	code, found := "", false
	if err == nil {
		code, found = strings.CutPrefix(at.Fragment, "/link/")
	}
	if !found || code == "" || !strings.HasSuffix(at.Path, t.routes["getConsole"].Path) {
		t.Fatalf("createPortalLink: the address leads not to a link of the console")
	}
	return code, &page{origin: at.Scheme + "://" + at.Host}
}

// post sends a request as the page does. Further headers replace the page's own; one with the
// value "" is left out.
func (t *T) post(p *page, operation string, body in, headers ...string) Reply {
	sent := []string{"Origin", p.origin, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json"}
	if p.cookie != "" {
		sent = append(sent, "Cookie", api.SessionCookie+"="+p.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if at := slices.Index(sent, headers[i]); at >= 0 {
			sent = slices.Delete(sent, at, at+2)
		}
		if headers[i+1] != "" {
			sent = append(sent, headers[i], headers[i+1])
		}
	}
	r := t.op("", operation, body, sent...)
	t.wantNoCORS(r)
	return r
}

// signIn begins a session.
func (t *T) signIn(p *page, body in) *page {
	r := t.post(p, "startSession", body)
	t.wantStatus(r, http.StatusOK)
	return t.kept(p, r)
}

// kept is the page after an answer that has a session.
func (t *T) kept(p *page, r Reply) *page {
	now := &page{origin: p.origin, access: r.text("access_token"), cookie: cookieOf(r), id: r.text("session", "id")}
	if now.access == "" || now.cookie == "" || now.id == "" || now.access == p.access {
		t.Fatalf("%s: %d lacks an id, a cookie or a new access token", r.asked, r.Status)
	}
	set := r.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(set, want) || strings.Contains(set, "Path=") || strings.Contains(set, "Domain=") {
			t.Errorf("%s: the cookie must have %s, and neither Path nor Domain", r.asked, want)
		}
	}
	if strings.HasPrefix(p.origin, "https:") && !strings.Contains(set, "Secure") {
		t.Errorf("%s: the cookie is not Secure", r.asked)
	}
	if cache := r.Header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("%s: Cache-Control is %q", r.asked, cache)
	}
	return now
}

// linked signs a member of home in with a portal link of the operator.
func (t *T) linked(user string) *page {
	code, p := t.portalLink(t.operator, user)
	return t.signIn(p, in{"link": code})
}

// wantSession checks that an access token is that of the session of a member.
func (t *T) wantSession(p *page, user string) {
	self := t.mustOp(p.access, "getSelf", nil)
	if self.text("session") != p.id || self.text("id") != p.id || self.text("user") != user || self.text("org") != t.home.id {
		t.Errorf("getSelf: session %q of user %q, want %q of %q", self.text("session"), self.text("user"), p.id, user)
	}
}

// wantEnded checks that neither the access token nor the cookie of a session works.
func (t *T) wantEnded(p *page) {
	t.wantInvalidSecret(t.op(p.access, "getSelf", nil))
	t.wantError(t.post(p, "renewSession", in{}), endedConditions...)
}

func sessionByLink(t *T) {
	d := t.endpoint()
	user := t.addMember("admin")
	code, p := t.portalLink(t.home.admin, user)
	t.wantOwnOrigin(p)
	first := t.signIn(p, in{"link": code})
	t.wantSession(first, user)
	if slices.ContainsFunc(d.route.Permissions, contract.IsPersonal) {
		t.wantError(t.call(first.access, d), api.Permission) // an admin made the link
	} else {
		t.wantStatus(t.call(first.access, d), http.StatusOK)
	}
	t.wantStatus(t.call(t.linked(user).access, d), http.StatusOK)
	t.wantError(t.post(p, "startSession", in{"link": code}), api.SecretUnknown)
	t.wantError(t.post(p, "startSession", in{"link": code + "x"}), api.SecretUnknown)
	made := t.key(first.access, t.home, in{"scopes": t.manageScopeFor("listKeys")})
	t.mustOp(made.secret, "listKeys", nil)
	t.wantError(t.op(first.access, "createPortalLink", in{"org": t.home.id, "user": unknownIDs["user"]}), api.NotFound)
}

// wantOwnOrigin checks that a portal link leads to the host that the suite calls.
func (t *T) wantOwnOrigin(p *page) {
	root, err := url.Parse(t.client.root)
	if err != nil {
		t.Fatalf("%v", err)
	}
	want := root.Scheme + "://" + cmp.Or(t.client.host, root.Host)
	if t.target.NoScheme != "" {
		want = "https://" + cmp.Or(t.client.host, root.Host)
	}
	if p.origin != want {
		t.Errorf("createPortalLink: the address has the origin %s, want %s", p.origin, want)
	}
}

func sessionLife(t *T) {
	user := t.addMember("admin")
	first := t.linked(user)
	other := t.linked(user)
	renewed := t.kept(first, t.renew(first))
	again := t.kept(renewed, t.renew(first)) // of another tab
	if renewed.id != first.id || again.id != first.id || again.cookie != first.cookie {
		t.Errorf("renewSession: got the session %s, want %s with its cookie", renewed.id, first.id)
	}
	for _, p := range []*page{first, renewed, again} {
		t.wantSession(p, user)
	}
	listed := t.listed(other.access, "listSessions", nil)
	for _, one := range listed {
		if current := one["id"] == other.id; one["current"] != current || one["id"] != first.id && !current {
			t.Errorf("listSessions: got session %v, current %v", one["id"], one["current"])
		}
	}
	if len(listed) != 2 {
		t.Errorf("listSessions: got %d sessions, want 2", len(listed))
	}
	t.mustOp(t.home.admin, "endSession", in{"session": first.id})
	for _, p := range []*page{first, renewed, again} {
		t.wantEnded(p)
	}
	t.mustOp(other.access, "endSession", in{"session": first.id})
	t.wantError(t.op(other.access, "endSession", in{"session": "unknown"}), api.NotFound)
	t.signOut(other)
	t.wantEnded(other)
	t.signOut(other)
}

func (t *T) renew(p *page) Reply {
	r := t.post(p, "renewSession", in{})
	t.wantStatus(r, http.StatusOK)
	return r
}

// signOut ends a session by its cookie, which the answer deletes.
func (t *T) signOut(p *page) {
	r := t.post(p, "closeSession", in{})
	t.wantStatus(r, http.StatusNoContent)
	if set := r.Header.Get("Set-Cookie"); !strings.Contains(set, "Max-Age=0") {
		t.Errorf("%s: the cookie is not deleted", r.asked)
	}
}

func sessionsEnd(t *T) {
	user, another := t.addMember("member"), t.addMember("member")
	theirs, other := t.linked(user), t.linked(another)
	t.mustOp(t.home.admin, "endSessions", in{"user": user})
	t.wantEnded(theirs)
	t.wantSession(other, another)
	if left := t.listed(t.home.admin, "listSessions", in{"user": user}); len(left) > 0 {
		t.Errorf("listSessions: got %d sessions after their end", len(left))
	}
	suspended := t.linked(user)
	t.mustOp(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "state": "suspended"})
	t.wantError(t.op(suspended.access, "getSelf", nil), api.Suspended)
	t.wantError(t.post(suspended, "renewSession", in{}), api.Suspended)
	t.wantError(t.op(t.home.admin, "createPortalLink", in{"org": t.home.id, "user": user}), api.ConflictState)
	t.mustOp(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "state": "active"})
	t.wantSession(t.kept(suspended, t.renew(suspended)), user)
}

func sessionByKey(t *T) {
	a, b := t.twoEndpoints()
	scopes := append(append([]string{}, a.scopes...), t.manageScopeFor("listKeys")...)
	k := t.key(t.home.admin, t.home, t.forLong(in{"scopes": append(append([]string{}, scopes...), b.scopes...)}))
	_, p := t.portalLink(t.home.admin, t.home.owner)
	p = t.signIn(p, in{"key": k.secret})
	if got := t.mustOp(p.access, "getSelf", nil).value("permissions"); len(got.([]any)) == 0 {
		t.Errorf("getSelf: the session has no permissions")
	}
	t.wantStatus(t.call(p.access, b), http.StatusOK)
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": scopes})
	t.wantError(t.call(p.access, b), api.Permission)
	t.wantStatus(t.call(p.access, a), http.StatusOK)
	t.mustOp(p.access, "listKeys", nil)
	t.wantError(t.op(p.access, "listMembers", in{"org": t.home.id}), api.Permission, api.PermissionRole)
	t.wantError(t.op(p.access, "createPortalLink", in{"org": t.home.id, "user": t.home.owner}), api.Permission, api.PermissionRole)
	t.wantError(t.op(p.access, "revokeSelf", nil), api.Permission, api.PermissionToken)
	t.wantError(t.post(p, "startSession", in{"key": p.access}), api.SecretUnknown)
	t.wantError(t.post(p, "startSession", in{"key": k.secret + "x"}), api.SecretMalformed)
	t.signOut(t.signIn(&page{origin: p.origin}, in{"key": k.secret}))
	t.mustOp(p.access, "getSelf", nil)
	t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
	t.wantEnded(p)
	t.wantInvalidSecret(t.post(p, "startSession", in{"key": k.secret}))
}

func sessionOfMember(t *T) {
	d := t.endpoint()
	foreign := t.clientKey(d)
	p := t.linked(t.addMember("member"))
	own := t.key(p.access, t.home, in{"scopes": d.scopes})
	if listed := t.listed(p.access, "listKeys", nil); len(listed) != 1 || listed[0]["id"] != own.id {
		t.Errorf("listKeys: a member's session sees %d keys, want the member's own", len(listed))
	}
	for _, operation := range []string{"getKey", "revokeKey", "rotateKey"} {
		t.wantError(t.op(p.access, operation, in{"key": foreign.id}), api.NotFound)
	}
	t.wantError(t.op(p.access, "listMembers", in{"org": t.home.id}), api.Permission, api.PermissionRole)
	t.wantError(t.op(p.access, "listSessions", in{"user": t.home.owner}), api.PermissionRole)
	t.mustOp(p.access, "revokeKey", in{"key": own.id})
}

// otherPages are requests that pages of other origins, or forms, can send.
var otherPages = []struct {
	headers   []string
	condition string
}{
	{[]string{"Origin", "https://other.example"}, api.Permission},
	{[]string{"Origin", "null"}, api.Permission},
	{[]string{"Origin", ""}, api.Permission},
	{[]string{"Sec-Fetch-Site", ""}, api.Permission},
	{[]string{"Sec-Fetch-Site", "cross-site"}, api.Permission},
	{[]string{"Sec-Fetch-Site", "same-site"}, api.Permission},
	{[]string{"Content-Type", "text/plain"}, api.InputMedia},
	{[]string{"Content-Type", "application/x-www-form-urlencoded"}, api.InputMedia},
}

func sessionOrigin(t *T) {
	user := t.addMember("member")
	p := t.linked(user)
	code, _ := t.portalLink(t.home.admin, user)
	for _, other := range otherPages {
		for operation, body := range map[string]in{"startSession": {"link": code}, "renewSession": {}, "closeSession": {}} {
			r := t.post(p, operation, body, other.headers...)
			t.wantError(r, other.condition)
			if r.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s with %q: sets a cookie", r.asked, other.headers)
			}
		}
	}
	t.wantSession(t.kept(p, t.renew(p)), user)
	t.wantSession(t.signIn(p, in{"link": code}), user) // none of the requests has used it up
}

// sessionCalls is how many data calls a session may make in a window of its plan.
const sessionCalls = 60

func sessionBudget(t *T) {
	d := t.endpoint()
	plan := t.largest()
	most := min(limit(plan), sessionCalls)
	t.inWindow(plan.Budgets[contract.Requests], minWindowLeft, func() {
		p := t.linked(t.addMember("admin"))
		if got := t.mustOp(p.access, "getSelf", nil).number("usage", "window", "limit"); got != float64(most) {
			t.Errorf("getSelf: the limit is %v, want %d", got, most)
		}
		var admitted, refused atomic.Int64
		t.each(int(most)+5, func(int) {
			if r := t.call(p.access, d); r.Status == http.StatusOK {
				admitted.Add(1)
			} else {
				t.wantError(r, api.Quota)
				refused.Add(1)
			}
		})
		t.WantAdmitted(most, admitted.Load(), refused.Load(), most+5)
		t.mustOp(p.access, "listKeys", nil)
	})
	bare := slices.IndexFunc(t.contract.Plans, func(p contract.Plan) bool { return p.Keys == 0 })
	if bare < 0 {
		return
	}
	t.home = t.tenant("no keys", t.contract.Plans[bare].Name)
	p := t.linked(t.home.owner)
	t.wantError(t.call(p.access, d), api.Quota)
	t.mustOp(p.access, "listKeys", nil)
}

// foreignHeaders returns the names of an answer's CORS headers, which let other origins read it;
// none where the target adds them itself.
func (t *T) foreignHeaders(r Reply) (named []string) {
	if t.target.AddsCORS != "" {
		return nil
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			named = append(named, name)
		}
	}
	return named
}

// ofSessions reports whether an answer is that of a path to which browsers send the cookie.
func (r Reply) ofSessions() bool { return strings.Contains(r.asked, " "+api.ConsoleSessions) }

func (t *T) wantNoCORS(r Reply) {
	if named := t.foreignHeaders(r); len(named) > 0 {
		t.Errorf("%s: %d has the headers %v, want none for other origins", r.asked, r.Status, named)
	}
}
