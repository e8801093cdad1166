package keys

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// LinkLife is how long a portal link can be used.
const LinkLife = 15 * time.Minute

const linkSort = "LINK"

// linkAddress returns the address of a portal link by its code's SHA-256. The code is random
// enough that its hash can be stored as it is.
func linkAddress(code string) table.Key {
	return table.Key{Partition: table.Join("LINK", apikey.Hash(code)), Sort: linkSort}
}

func linkUsed() *api.Error {
	return api.Fail(api.SecretUnknown, "this link was used before or has expired: ask for a new one")
}

// Link is a portal link.
type Link struct {
	Code      string // begins one session of the member
	ExpiresAt time.Time
}

// CreateLink makes a link that begins one session of a member. The person who opens it acts as
// that member, so the caller needs the management permissions of the session, and a role that is
// not below the member's. The session ends with the caller's own rights.
func (s *Store) CreateLink(ctx context.Context, r *api.Request, org, user string) (Link, error) {
	random := make([]byte, cookieBytes)
	if _, err := io.ReadFull(s.rand, random); err != nil {
		return Link{}, fmt.Errorf("keys: reading randomness: %w", err)
	}
	l := Link{Code: base64.RawURLEncoding.EncodeToString(random), ExpiresAt: r.Now.UTC().Truncate(time.Second).Add(LinkLife)}
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, attempt int) (linkFacts, error) { return s.linkFacts(ctx, r, org, l, attempt) },
		func(f linkFacts) (Link, change.Plan, error) {
			if f.made { // by an earlier attempt, whose answer was lost
				return l, change.Plan{}, nil
			}
			caller, err := s.presentIn(f.holdings, r.Caller, r.Now)
			if err != nil {
				return Link{}, change.Plan{}, err
			}
			m, err := s.linkable(caller, f.holdings, user)
			if err != nil {
				return Link{}, change.Plan{}, err
			}
			at := linkAddress(l.Code)
			it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "org": org, "user": user, "own": r.Caller.Operator(),
				"lasts": lastEnd(caller), "ends": l.ExpiresAt.Unix(), table.TTLAttr: l.ExpiresAt.Unix()}
			if !r.Caller.Operator() {
				it["by"], it["role"] = r.Caller.User, m.Effective(f.Org)
			}
			return l, change.Plan{Writes: []table.Write{table.Put(it, table.IsNew())},
				Entries: []audit.Change{{Org: org, Action: "link.create", Target: m.User, After: linkSettings{l.ExpiresAt}}}}, nil
		})
}

// linkSettings describes a portal link in the audit trail.
type linkSettings struct {
	ExpiresAt time.Time `json:"expires_at"`
}

type linkFacts struct {
	holdings
	made bool
}

func (s *Store) linkFacts(ctx context.Context, r *api.Request, org string, l Link, attempt int) (f linkFacts, err error) {
	if attempt > 1 {
		it, err := s.table.Get(ctx, linkAddress(l.Code), true)
		if err != nil || it != nil {
			return linkFacts{made: it != nil}, down("looking for a link", err)
		}
	}
	if org != r.Caller.Org && !r.Caller.Operator() || !ids.Valid(org) {
		return f, api.Fail(api.NotFound, "no such organisation")
	}
	var found bool
	if f.holdings, found, err = s.holdings(ctx, org); err == nil && !found {
		err = api.Fail(api.NotFound, "no such organisation")
	}
	return f, err
}

// linkable returns the member for whom a link is made, if the caller may make it.
func (s *Store) linkable(c *api.Caller, h holdings, user string) (orgs.Member, error) {
	m, found := h.Member(user)
	if !found {
		return m, api.Fail(api.NotFound, "no such member")
	}
	role := m.Effective(h.Org)
	if m.State != orgs.Active {
		return m, api.Fail(api.ConflictState, "this member is %s: make them active first", m.State)
	}
	if rank(role) > rank(c.Role) {
		return m, roleError("the role of this member (%s) is above the caller's (%s)", role, c.Role)
	}
	_, granted := s.memberRights(h.Org, role)
	for _, p := range granted {
		if contract.IsManagement(p) && !covered(c.Permissions, []string{p}) {
			return m, roleError("the link would grant %s, which the request's key does not have", p)
		}
	}
	return m, nil
}

// BeginWithLink begins the one session of a portal link.
func (s *Store) BeginWithLink(ctx context.Context, in SignIn, code string) (Opened, error) {
	at := linkAddress(code)
	it, err := s.table.Get(ctx, at, true)
	switch {
	case err != nil:
		return Opened{}, api.UnavailableError("reading a link", err)
	case it == nil || it.Int("ends") <= in.At.Unix():
		return Opened{}, linkUsed()
	}
	return s.begin(ctx, beginning{SignIn: in, method: ByLink, org: it.Str("org"), user: it.Str("user"), own: it.Bool("own"), lasts: it.Int("lasts"),
		redeems: &at, by: it.Str("by"), role: it.Str("role")})
}
