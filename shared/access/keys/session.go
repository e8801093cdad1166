package keys

import (
	"cmp"
	"context"
	"slices"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// A console session is a key of a kind of its own. It has a gate, but no place in the plan, and
// the operations on keys do not find it. A member has up to [orgs.MaxSessions] places for
// sessions (see [orgs.Place]), and each place has a gate.
//
// A session has two secrets. The cookie of the browser renews it; the access token is sent
// like a key's secret, and lasts some minutes. The session ends at once with its member, its
// organisation, and the key that it began with: changes of those bump the gates of sessions,
// too.

// How long sessions and their secrets last.
const (
	AccessLife  = 5 * time.Minute // of an access token
	IdleLife    = 8 * time.Hour   // of a session that is not renewed
	SessionLife = 24 * time.Hour
)

// maxRenewals is how often a session can be renewed in a minute: by many tabs, but not without
// end, as each renewal stores a token.
const maxRenewals = 120

// How a session began.
const (
	ByKey  = "key"
	ByLink = "link" // a portal link
	ByOIDC = "oidc" // OpenID Connect
)

// How many data calls sessions may make in a window of the plan. They serve to try operations
// out. Sessions of one place share sessionCalls. All sessions of an organisation share
// orgSessionCalls, and never more than the plan allows its keys together.
const (
	sessionCalls    = 60
	orgSessionCalls = 300
)

// Session is a console session as clients see it.
type Session struct {
	ID        string    `json:"id" doc:"Session id" example:"ses_01k5z3m9v8e2q4w6r8t0y2u4i6-1"`
	Method    string    `json:"method" enum:"key,link,oidc" doc:"How the session began: with a key, with a portal link, or with OpenID Connect"`
	Org       string    `json:"org" doc:"Organisation id"`
	User      string    `json:"user" doc:"Id of the member"`
	Role      string    `json:"role" enum:"operator,owner,admin,member" doc:"Role of the member"`
	Key       *string   `json:"key" doc:"Id of the key that the session began with, whose rights limit it; null if it did not begin with a key"`
	Label     *string   `json:"label" doc:"Browser and system, as the browser stated them; null if unknown"`
	CreatedAt time.Time `json:"created_at" doc:"Time of the sign-in"`
	RenewedAt time.Time `json:"renewed_at" doc:"Time of the latest renewal; a page in use renews its session every few minutes"`
	IdleUntil time.Time `json:"idle_until" doc:"Time at which the session ends unless it is renewed before"`
	EndsAt    time.Time `json:"ends_at" doc:"Latest time at which the session ends"`
	Current   bool      `json:"current" doc:"Whether the request was sent with this session"`
}

const sessionPrefix = "SESSION#" // after all sort keys that are read with an organisation

func sessionAddress(org, place string) table.Key {
	return table.Key{Partition: orgs.Partition(org), Sort: sessionPrefix + place}
}

// session is the latest session of a place, as it is stored. Times are seconds since 1970.
type session struct {
	Place   string `json:"place"`
	Run     int64  `json:"run"`
	Org     string `json:"org"`
	User    string `json:"user"`
	Method  string `json:"method"`
	Key     string `json:"key,omitempty"`
	Label   string `json:"label,omitempty"`
	Created int64  `json:"created"`
	Renewed int64  `json:"renewed"`
	Ends    int64  `json:"ends"`
	MAC     string `json:"mac"` // of the cookie's secret
	Pepper  string `json:"pepper"`
	Minute  int64  `json:"minute"` // of the latest renewal, since 1970
	Times   int64  `json:"times"`  // renewals in that minute
}

func (i session) address() table.Key { return sessionAddress(i.Org, i.Place) }

// live reports whether the session can be renewed, as far as its own item shows.
func (i session) live(now time.Time) bool {
	return i.Ends > now.Unix() && i.Renewed+int64(IdleLife/time.Second) > now.Unix()
}

func (i session) item() (table.Item, error) {
	it, err := table.Encode(i)
	if err != nil {
		return nil, err
	}
	at := i.address()
	it[table.PartitionAttr], it[table.SortAttr], it[table.TTLAttr] = at.Partition, at.Sort, i.Ends
	return it, nil
}

func (i session) view(role string) Session {
	v := Session{ID: orgs.Place{ID: i.Place, Run: i.Run}.Session(), Method: i.Method, Org: i.Org, User: i.User, Role: role,
		CreatedAt: time.Unix(i.Created, 0).UTC(), RenewedAt: time.Unix(i.Renewed, 0).UTC(),
		IdleUntil: time.Unix(min(i.Ends, i.Renewed+int64(IdleLife/time.Second)), 0).UTC(), EndsAt: time.Unix(i.Ends, 0).UTC()}
	if i.Key != "" {
		v.Key = &i.Key
	}
	if i.Label != "" {
		v.Label = &i.Label
	}
	return v
}

// sessionFacts are the facts about a session, read together. key is the one that it began
// with, if it did.
type sessionFacts struct {
	org    orgs.Org
	member orgs.Member
	place  orgs.Place
	key    facts
}

func sessionEnded() *api.Error { return api.Fail(api.SecretRevoked, "this session has ended") }

// sessionFacts reads the facts about a session. It fails if the session has ended, its member
// is gone, or the key that it began with has.
func (s *Store) sessionFacts(ctx context.Context, org, user, from string, is orgs.Place) (f sessionFacts, err error) {
	at := []table.Key{orgs.Key(org), orgs.MemberKey(org, user)}
	if from != "" {
		at = append(at, address(org, from))
	}
	items, err := s.table.BatchGet(ctx, at, true)
	if err != nil {
		return f, api.UnavailableError("reading a session", err)
	}
	known := false
	for _, it := range items {
		if k, ok, err := recordFrom(it); err != nil {
			return f, err
		} else if ok {
			f.key.key = k
		} else if o, ok := orgs.FromItem(it); ok {
			f.org = o
		} else if m, ok := orgs.MemberFromItem(it); ok {
			f.member, known = m, true
		}
	}
	f.key.org, f.key.owner, f.key.owned = f.org, f.member, known
	places, err := f.member.Places()
	if err != nil {
		return f, err
	}
	at0 := slices.IndexFunc(places, func(p orgs.Place) bool { return p.ID == is.ID && p.Run == is.Run && p.Open(s.now().Unix()) })
	if !known || f.org.ID == "" || at0 < 0 {
		return f, sessionEnded()
	}
	f.place = places[at0]
	if !holds(f.place, f.member, f.member.Effective(f.org)) {
		return f, sessionEnded()
	}
	return f, nil
}

// holds reports whether what the session in a place began with still holds for its member.
func holds(p orgs.Place, m orgs.Member, role string) bool {
	return (p.Role == "" || rank(role) <= rank(p.Role)) && (p.Address == "" || p.Address == orgs.AddressID(m.Email))
}

// sessionCaller returns the caller of a session's access token.
func (s *Store) sessionCaller(ctx context.Context, token table.Item) (*api.Caller, error) {
	place := orgs.Place{ID: token.Str("key"), Run: token.Int("run")}
	version, err := s.gates.Version(ctx, place.ID)
	if err != nil {
		return nil, api.UnavailableError("reading a session's version", err)
	}
	f, err := s.sessionFacts(ctx, token.Str("org"), token.Str("owner"), token.Str("from"), place)
	if err != nil {
		return nil, err
	}
	end := token.Int("ends")
	if s.now().Unix() >= end {
		return nil, secretExpired(end)
	}
	c := &api.Caller{
		Key: place.ID, Secret: token.Str("id"), Org: f.org.ID, User: f.member.User, Role: f.member.Effective(f.org), Standing: api.StandingActive,
		Plan: f.org.Plan, Environment: s.rules.environment, Contract: s.rules.contract.Name,
		Limits: s.rules.sessionLimits(f.org), Version: version, NotAfter: earliest(end, f.place.Ends),
		Unclaimed: !f.place.Own, Session: &api.Session{ID: f.place.Session()},
	}
	if f.member.State != orgs.Active {
		c.Standing = f.member.State
	}
	if f.place.Until != 0 {
		c.Session.Until = time.Unix(f.place.Until, 0).UTC()
	}
	if f.place.Key != "" {
		until, ended := f.key.ended(f.place.Secret, s.now())
		if ended != nil {
			return nil, ended
		}
		c.Session.Key, c.Session.Secret, c.Session.Until = f.place.Key, f.place.Secret, until
		if !until.IsZero() && until.Before(c.NotAfter) {
			c.NotAfter = until
		}
		c.Game = f.key.key.Game
	}
	c.Scopes, c.Permissions = s.sessionRights(f)
	return c, nil
}

func earliest(a, b int64) time.Time { return time.Unix(min(a, b), 0).UTC() }

// sessionRights returns the scopes and the permissions of a session: those of the key that it
// began with, or else those of its member's role.
func (s *Store) sessionRights(f sessionFacts) (scopes, permissions []string) {
	role := f.member.Effective(f.org)
	if f.place.Key != "" {
		scopes, permissions = slices.Clone(f.key.key.Scopes), s.permitted(s.rules.entitled(f.org, f.key.key), role)
	} else {
		scopes, permissions = s.memberRights(f.org, role)
	}
	if !f.place.Own {
		permissions = impersonal(permissions)
	}
	return scopes, append(slices.Clone(permissions), ownSessions...)
}

// ownSessions are what each session may do with the sessions of its member: see seesSession.
var ownSessions = []string{"sessions:read", "sessions:write"}

// memberPermissions are what members do with keys: they manage their own.
var memberPermissions = []string{"keys:read", "keys:write"}

// adminPermissions are what owners and admins do besides reaching data, in every contract.
var adminPermissions = []string{"audit:read", "keys:read", "keys:write", "orgs:read", "orgs:write"}

// memberRights returns the rights of a session that did not begin with a key: all that the
// role allows, and that the organisation is approved for.
func (s *Store) memberRights(o orgs.Org, role string) (scopes, permitted []string) {
	of, more := s.rules.contract.Scopes, adminPermissions
	if role == api.RoleMember {
		more = memberPermissions
	}
	for _, scope := range of.Names() {
		bare := contract.Scopes{Verbs: of.Verbs, Resources: of.Resources, List: of.List, Management: of.Management}
		if s.rules.approved(o, record{}, scope) && len(narrowed(role, permissions(bare, []string{scope}))) > 0 {
			scopes = append(scopes, scope)
		}
	}
	all := narrowed(role, permissions(of, scopes))
	if len(narrowed(role, adminPermissions)) > 0 || role == api.RoleMember {
		all = append(slices.Clone(all), more...)
	}
	slices.Sort(all)
	return scopes, slices.Compact(all)
}

// sessionLimits returns the budgets of a session's data calls. A plan without keys has none, so
// that a session is no way round the plan.
func (ru rules) sessionLimits(o orgs.Org) map[string]contract.Budget {
	limits := map[string]contract.Budget{}
	if b, metered := ru.limits(o)[contract.Requests]; metered && b.Window > 0 {
		limits[contract.OrgSessions] = contract.Budget{Limit: min(orgSessionCalls, int64(ru.plan(o).Keys)*b.Limit), Window: b.Window}
	}
	for name, b := range ru.limits(o) {
		if b.Window <= 0 {
			continue
		}
		if b.Limit = min(b.Limit, sessionCalls); ru.plan(o).Keys == 0 {
			b.Limit = 0
		}
		limits[name] = b
	}
	if len(limits) == 0 { // operators have no plan
		limits[contract.Requests] = contract.Budget{Limit: sessionCalls, Window: int64(time.Hour / time.Second)}
	}
	return limits
}

// sessionSelf describes a session to itself, as [Store.Self] does a key.
func (s *Store) sessionSelf(ctx context.Context, r *api.Request) (Self, error) {
	c := r.Caller
	it, err := s.table.Get(ctx, sessionAddress(c.Org, c.Key), true)
	if err != nil {
		return Self{}, api.UnavailableError("reading a session", err)
	}
	var is session
	if err := table.Decode(it, &is); err != nil {
		return Self{}, err
	}
	member, err := s.table.Get(ctx, orgs.MemberKey(c.Org, c.User), true)
	if err != nil {
		return Self{}, api.UnavailableError("reading a member", err)
	}
	states, err := s.gates.States(ctx, []string{c.Key})
	if err != nil {
		return Self{}, api.UnavailableError("reading a session's usage", err)
	}
	ends := time.Unix(is.Ends, 0).UTC()
	seen := r.Now.UTC()
	k := Key{ID: c.Session.ID, Name: cmp.Or(member.Str("email"), c.User), Hash: HashHMAC, Environment: c.Environment, Scopes: c.Scopes,
		Plan: c.Plan, State: Active, User: c.User, CreatedAt: time.Unix(is.Created, 0).UTC(), ExpiresAt: &ends, LastUsedAt: &seen, Metadata: map[string]any{}}
	k.Usage = usageOf(c.Limits, states[c.Key], r.Now)
	me := s.selfOf(k, c)
	me.Session = &c.Session.ID
	return me, nil
}
