package keys

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/attempts"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// SignIn is what the page says about itself when it begins a session.
type SignIn struct {
	RequestID string
	At        time.Time
	Label     string // browser and system, or ""
}

// Opened is a session with its secrets.
type Opened struct {
	Session     Session
	AccessToken string
	ExpiresAt   time.Time // of the access token
	Cookie      string    // renews the session
}

// beginning is how a session begins.
type beginning struct {
	SignIn
	method, org, user string
	key, secret       string // ids
	email             string // by which the member was identified, or ""
	own               bool
	lasts             int64      // when the rights end that it begins with, in seconds since 1970; 0 if they do not
	redeems           *table.Key // the portal link that it uses up
	by                string     // id of the member who made that link, "" for an operator
	role              string     // of the linked member then, "" for an operator's link
}

// BeginWithKey begins a session of a key's owner. The session can do what the key can, for as
// long as the secret is valid. A token or a session begins none.
func (s *Store) BeginWithKey(ctx context.Context, in SignIn, secret string) (Opened, error) {
	c, err := s.Authenticate(ctx, secret)
	switch {
	case err != nil:
		return Opened{}, err
	case c.Token || c.Session != nil:
		return Opened{}, api.Fail(api.SecretUnknown, "key: a token cannot begin a session; send the secret of the key")
	case c.Standing != api.StandingActive:
		return Opened{}, api.Fail("standing."+c.Standing, "this key's owner is %s", c.Standing)
	}
	return s.begin(ctx, beginning{SignIn: in, method: ByKey, org: c.Org, user: c.User, key: c.Key, secret: c.Secret, own: !c.Unclaimed})
}

// BeginAs begins a session of a member whom a provider of OpenID Connect has identified by an
// email address. It fails if the member no longer has this address.
func (s *Store) BeginAs(ctx context.Context, in SignIn, org, user, email string) (Opened, error) {
	return s.begin(ctx, beginning{SignIn: in, method: ByOIDC, org: org, user: user, email: email, own: true})
}

// cookieBytes is the randomness of a cookie's secret.
const cookieBytes = 32

// opening is a session with its secrets before it is stored.
type opening struct {
	beginning
	token          newKey // the access token
	cookie         string // its secret part
	mac            string // of the cookie's secret
	placeID        string // for a new place
	began, expires time.Time
}

// begin stores a session. The number of a member's sessions is exact, as the transaction is
// conditional on the organisation's members and keys not having changed. A sixth session ends
// the one that was renewed least recently. The link that it redeems is deleted in the same
// transaction, so it is used once.
func (s *Store) begin(ctx context.Context, b beginning) (Opened, error) {
	if err := (attempts.Store{Table: s.table}).Begin(ctx, b.user, b.At); err != nil {
		return Opened{}, err
	}
	o, err := s.opening(ctx, b)
	if err != nil {
		return Opened{}, err
	}
	is, err := change.Make(ctx, s.changes, change.Call{By: o.actor("")},
		func(ctx context.Context, _ int) (openingFacts, error) { return s.openingFacts(ctx, o) },
		func(f openingFacts) (opened, change.Plan, error) { return s.opened(o, f) })
	if err != nil {
		return Opened{}, err // no secret is returned with an error
	}
	return s.handOut(is, o), nil
}

func (b beginning) actor(session string) audit.By {
	return audit.By{Key: b.key, User: b.user, Session: session, Method: audit.MethodSession, RequestID: b.RequestID, At: b.At}
}

func (s *Store) opening(ctx context.Context, b beginning) (opening, error) {
	o := opening{beginning: b, began: b.At.UTC().Truncate(time.Second)}
	o.expires = o.began.Add(AccessLife)
	var err error
	if o.placeID, err = s.changes.IDs.New("ses_", b.At); err != nil {
		return o, err
	}
	if o.token, err = s.mint(ctx, record{ID: o.placeID}, b.At); err != nil {
		return o, err
	}
	random := make([]byte, cookieBytes)
	if _, err := io.ReadFull(s.rand, random); err != nil {
		return o, fmt.Errorf("keys: reading randomness: %w", err)
	}
	o.cookie = base64.RawURLEncoding.EncodeToString(random)
	pepper, err := s.peppers.Get(ctx, o.token.pepper)
	if err != nil {
		return o, api.UnavailableError("reading the peppers", err)
	}
	o.mac = cookieMAC(pepper, o.cookie)
	return o, nil
}

// cookieMAC is the MAC of a cookie's secret. The label keeps it apart from those of keys.
func cookieMAC(pepper apikey.Pepper, secret string) string {
	return apikey.MAC(pepper.Key, "console session "+secret)
}

// openingFacts are the facts that decide whether and where a session begins.
type openingFacts struct {
	holdings
	member orgs.Member
	places []orgs.Place
	stored map[string]session // by place
	link   bool               // the link that it redeems is there
}

func (s *Store) openingFacts(ctx context.Context, o opening) (f openingFacts, err error) {
	if f.holdings, err = s.ownerOf(ctx, o.org); err != nil {
		return f, err
	}
	known := false
	if f.member, known = f.Member(o.user); !known {
		return f, api.Fail(api.SecretUnknown, "this member is no longer in the organisation")
	}
	if f.places, err = f.member.Places(); err != nil {
		return f, err
	}
	if f.stored, err = s.sessionsAt(ctx, o.org, f.places); err != nil || o.redeems == nil {
		return f, err
	}
	it, err := s.table.Get(ctx, *o.redeems, true)
	f.link = it != nil && it.Int("ends") > o.At.Unix()
	return f, down("reading a link", err)
}

// sessionsAt reads the sessions of places.
func (s *Store) sessionsAt(ctx context.Context, org string, places []orgs.Place) (map[string]session, error) {
	found := map[string]session{}
	if len(places) == 0 {
		return found, nil
	}
	at := make([]table.Key, len(places))
	for i, p := range places {
		at[i] = sessionAddress(org, p.ID)
	}
	items, err := s.table.BatchGet(ctx, at, true)
	if err != nil {
		return nil, api.UnavailableError("reading sessions", err)
	}
	for _, it := range items {
		var one session
		if err := table.Decode(it, &one); err != nil {
			return nil, err
		}
		found[one.Place] = one
	}
	return found, nil
}

// opened is a session that was stored, with its member's role.
type opened struct {
	session session
	role    string
	ends    time.Time // of the access token
}

// opened decides where the session begins, and what is written.
func (s *Store) opened(o opening, f openingFacts) (opened, change.Plan, error) {
	fail := func(err error) (opened, change.Plan, error) { return opened{}, change.Plan{}, err }
	for _, one := range f.stored { // by an earlier attempt, whose answer was lost
		if one.MAC == o.mac {
			return opened{one, f.member.Effective(f.Org), earliest(o.expires.Unix(), one.Ends)}, change.Plan{Bump: []string{one.Place}}, nil
		}
	}
	until, err := o.until(f)
	if err != nil {
		return fail(err)
	}
	p, replaced := f.place(o)
	p = orgs.Place{ID: p.ID, Run: p.Run + 1, Ends: until, Key: o.key, Secret: o.secret, Until: o.lasts, Own: o.own, Role: o.role}
	if o.email != "" {
		p.Own, p.Address = !f.member.Readdressed, orgs.AddressID(o.email)
	}
	member, err := f.member.WithPlace(p)
	if err != nil {
		return fail(err)
	}
	is := session{Place: p.ID, Run: p.Run, Org: o.org, User: o.user, Method: o.method, Key: o.key, Label: o.Label,
		Created: o.began.Unix(), Renewed: o.began.Unix(), Ends: until, MAC: o.mac, Pepper: o.token.pepper}
	expires := min(o.expires.Unix(), until)
	it, err := is.item()
	if err != nil {
		return fail(err)
	}
	it[tokensUntil(o.token.pepper)] = expires
	plan := change.Plan{
		Writes: append(f.movesMember(member), table.Put(it), table.Put(s.accessItem(o.token, is, expires), table.IsNew())),
		Entries: []audit.Change{{Org: o.org, Action: "session.create", Target: p.Session(),
			After: sessionSettings{o.method, o.user, o.Label, optionalTime(until)}}},
		Bump:   []string{p.ID},
		Before: func(ctx context.Context) error { return s.createGate(ctx, p.ID) },
	}
	if replaced != "" {
		plan.Entries = append(plan.Entries, audit.Change{Org: o.org, Action: "session.end", Target: replaced, Before: sessionSettings{User: o.user}})
	}
	plan.Writes = append(plan.Writes, o.uses(f)...)
	return opened{is, f.member.Effective(f.Org), time.Unix(expires, 0).UTC()}, plan, nil
}

// sessionSettings describes a session in the audit trail.
type sessionSettings struct {
	Method string     `json:"method,omitempty"`
	User   string     `json:"user"`
	Label  string     `json:"label,omitempty"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

// until returns when the session ends at the latest. It fails if nothing may begin it any more.
func (o opening) until(f openingFacts) (int64, error) {
	end := o.began.Add(SessionLife).Unix()
	switch {
	case f.member.State != orgs.Active:
		return 0, api.Fail("standing."+f.member.State, "this member is %s", f.member.State)
	case o.redeems != nil && !(f.link && o.linkHolds(f)):
		return 0, linkUsed()
	case o.email != "" && !orgs.SameAddress(o.email, f.member.Email):
		return 0, api.Fail(api.SecretUnknown, "this member has another address now")
	case o.key == "" && o.lasts != 0:
		return min(end, o.lasts), nil
	case o.key == "":
		return end, nil
	}
	k, _ := f.find(o.key)
	last, ended := facts{key: k, org: f.Org, owner: f.member, owned: k.Owner == f.member.User}.ended(o.secret, o.At)
	if ended != nil {
		return 0, ended
	}
	if !last.IsZero() {
		end = min(end, last.Unix())
	}
	return end, nil
}

// linkHolds reports whether the link's maker could still make it. In the time until it is used,
// its member may have got a higher role, or its maker may have lost theirs.
func (o opening) linkHolds(f openingFacts) bool {
	if o.by == "" {
		return true
	}
	role := rank(f.member.Effective(f.Org))
	maker, found := f.Member(o.by)
	return role <= rank(o.role) && found && maker.State == orgs.Active && role <= rank(maker.Effective(f.Org))
}

// place returns the place for a session: one whose session has ended, a new one, or the one
// that was renewed least recently. replaced is the id of the session that this ends, or "".
func (f openingFacts) place(o opening) (p orgs.Place, replaced string) {
	for _, p := range f.places {
		if one := f.stored[p.ID]; !p.Open(o.At.Unix()) || one.Run != p.Run || !one.live(o.At) {
			return p, ""
		}
	}
	if len(f.places) < orgs.MaxSessions {
		return orgs.Place{ID: o.placeID}, ""
	}
	oldest := f.places[0]
	for _, p := range f.places[1:] {
		if f.stored[p.ID].Renewed < f.stored[oldest.ID].Renewed {
			oldest = p
		}
	}
	return oldest, oldest.Session()
}

// uses returns the writes on what the session began with. The key's revision rises, so that a
// change of the key that has not seen this session is decided again, and then bumps its gate.
func (o opening) uses(f openingFacts) []table.Write {
	var ws []table.Write
	if o.key != "" {
		k, _ := f.find(o.key)
		ws = append(ws, table.Update(address(o.org, o.key), []table.Action{table.Increment("rev", 1)}, table.Eq("rev", k.Rev)))
	}
	if o.redeems != nil {
		ws = append(ws, table.Delete(*o.redeems, table.Gt("ends", o.At.Unix())))
	}
	return ws
}

// movesMember returns the writes that store a member's places, on condition that neither the
// organisation's keys nor its members have changed. Changes of those read the places, and are
// decided again.
func (h holdings) movesMember(m orgs.Member) []table.Write {
	return []table.Write{
		table.Update(orgs.MemberKey(h.Org.ID, m.User), append(m.Findable(h.Org.ID), table.Set("sessions", m.Sessions)), table.IsThere()),
		table.Update(orgs.Key(h.Org.ID), []table.Action{table.Increment("keys_version", 1), table.Increment("members_version", 1)},
			table.Eq("keys_version", h.Org.KeysVersion), table.Eq("members_version", h.Org.MembersVersion)),
	}
}

// accessItem is the item of a session's access token. It is a secret whose key is the place.
func (s *Store) accessItem(n newKey, of session, expires int64) table.Item {
	n.key = record{ID: of.Place, Org: of.Org, Owner: of.User}
	it := s.secretItem(n)
	it["run"], it["from"], it["ends"], it[table.TTLAttr] = of.Run, of.Key, expires, expires
	return it
}

func (s *Store) handOut(is opened, o opening) Opened {
	v := is.session.view(is.role)
	v.Current = true
	return Opened{Session: v, AccessToken: o.token.secret, ExpiresAt: is.ends, Cookie: cookieOf(is.session, o.cookie)}
}
