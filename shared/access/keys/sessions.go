package keys

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// noSession is the answer for a session that does not exist, has ended, or is another
// member's whom the caller may not act for.
func noSession() *api.Error { return api.Fail(api.NotFound, "no such session") }

// Sessions returns the open sessions of a member, oldest first; user is "" for the caller's
// own. A session that began with a key sees those of that key alone, unless it may manage keys.
func (s *Store) Sessions(ctx context.Context, r *api.Request, user string) ([]Session, error) {
	h, m, err := s.memberFor(ctx, r.Caller, user, "read")
	if err != nil {
		return nil, err
	}
	places, err := m.Places()
	if err != nil {
		return nil, err
	}
	stored, err := s.sessionsAt(ctx, h.Org.ID, places)
	if err != nil {
		return nil, err
	}
	found := []Session{}
	for _, p := range places {
		one := stored[p.ID]
		if !p.Open(r.Now.Unix()) || one.Run != p.Run || !one.live(r.Now) || !seesSession(r.Caller, p, "read") {
			continue
		}
		v := one.view(m.Effective(h.Org))
		v.Current = r.Caller.Session != nil && r.Caller.Session.ID == v.ID
		found = append(found, v)
	}
	slices.SortFunc(found, func(a, b Session) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return found, nil
}

// memberFor returns the member whose sessions a caller reads or writes. Others than their own
// need the permission on organisations, and a role that is not below the member's.
func (s *Store) memberFor(ctx context.Context, c *api.Caller, user, verb string) (holdings, orgs.Member, error) {
	h, err := s.ownerOf(ctx, c.Org)
	if err != nil {
		return h, orgs.Member{}, err
	}
	m, found := h.Member(cmp.Or(user, c.User))
	switch {
	case m.User != c.User && !c.May("orgs:"+verb):
		return h, m, roleError("user: the sessions of other members need a scope that grants orgs:%s", verb)
	case !found:
		return h, m, api.FieldError("user", "no such member of the organisation")
	case m.User != c.User && rank(m.Effective(h.Org)) > rank(c.Role):
		return h, m, roleError("user: the role of this member (%s) is above the caller's (%s)", m.Effective(h.Org), c.Role)
	}
	return h, m, nil
}

// seesSession reports whether a caller may read or end a session of a member for whom it may
// act.
func seesSession(c *api.Caller, p orgs.Place, verb string) bool {
	own := c.Session != nil && (c.Session.Key == "" || c.Session.Key == p.Key || c.Session.ID == p.Session())
	return own || c.May("keys:"+verb) || c.May("orgs:"+verb)
}

// EndSession ends a session of the caller's member, or of another for whom the caller may act.
// A repeat changes nothing and bumps the session's gate again.
func (s *Store) EndSession(ctx context.Context, r *api.Request, id string) error {
	user, err := s.userOf(ctx, r.Caller, id)
	if err != nil {
		return err
	}
	return s.endAll(ctx, ending{by: audit.Caller(r), org: r.Caller.Org, user: user, caller: r.Caller,
		which: func(p orgs.Place) bool { return p.Session() == id && seesSession(r.Caller, p, "write") }})
}

// EndSessions ends all sessions of a member, "" for the caller's own, this one included.
func (s *Store) EndSessions(ctx context.Context, r *api.Request, user string) error {
	return s.endAll(ctx, ending{by: audit.Caller(r), org: r.Caller.Org, user: cmp.Or(user, r.Caller.User), caller: r.Caller,
		which: func(p orgs.Place) bool { return seesSession(r.Caller, p, "write") }})
}

// userOf returns the member of a session in the caller's organisation.
func (s *Store) userOf(ctx context.Context, c *api.Caller, id string) (string, error) {
	h, err := s.ownerOf(ctx, c.Org)
	if err != nil {
		return "", err
	}
	for _, m := range h.Members {
		places, err := m.Places()
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(places, func(p orgs.Place) bool { return p.Session() == id }) {
			if m.User != c.User && (!c.May("orgs:write") || rank(m.Effective(h.Org)) > rank(c.Role)) {
				return "", noSession()
			}
			return m.User, nil
		}
	}
	return "", noSession()
}

// ending ends sessions of one member.
type ending struct {
	by        audit.By
	org, user string
	caller    *api.Caller // nil where the cookie ends its own session
	which     func(orgs.Place) bool
}

// endAll ends sessions. Their gates are bumped even where they had ended: this may be the
// repeat of a call that failed before its bump.
func (s *Store) endAll(ctx context.Context, e ending) error {
	_, err := change.Make(ctx, s.changes, change.Call{By: e.by},
		func(ctx context.Context, _ int) (endingFacts, error) { return s.endingFacts(ctx, e) },
		func(f endingFacts) (struct{}, change.Plan, error) {
			plan, err := f.ended(e)
			return struct{}{}, plan, err
		})
	return err
}

type endingFacts struct {
	holdings
	member orgs.Member
	places []orgs.Place
	stored map[string]session
}

func (s *Store) endingFacts(ctx context.Context, e ending) (f endingFacts, err error) {
	if e.caller != nil {
		f.holdings, f.member, err = s.memberFor(ctx, e.caller, e.user, "write")
	} else if f.holdings, err = s.ownerOf(ctx, e.org); err == nil {
		f.member, _ = f.Member(e.user)
	}
	if err != nil {
		return f, err
	}
	if f.places, err = f.member.Places(); err != nil {
		return f, err
	}
	f.stored, err = s.sessionsAt(ctx, e.org, f.places)
	return f, err
}

// ended is the plan that ends the sessions.
func (f endingFacts) ended(e ending) (change.Plan, error) {
	var plan change.Plan
	after := f.member
	for _, p := range f.places {
		if !e.which(p) {
			continue
		}
		plan.Bump = append(plan.Bump, p.ID)
		if !p.Open(e.by.At.Unix()) {
			continue
		}
		closed := p
		closed.Ends = 0
		var err error
		if after, err = after.WithPlace(closed); err != nil {
			return plan, err
		}
		if one, found := f.stored[p.ID]; found && one.Run == p.Run {
			plan.Writes = append(plan.Writes, table.Update(one.address(), []table.Action{table.Set("ends", e.by.At.Unix())}, table.Eq("run", p.Run)))
		}
		plan.Entries = append(plan.Entries, audit.Change{Org: e.org, Action: "session.end", Target: p.Session(),
			Before: sessionSettings{User: e.user, EndsAt: optionalTime(p.Ends)}})
	}
	if len(plan.Entries) > 0 {
		plan.Writes = append(plan.Writes, f.movesMember(after)...)
	}
	return plan, nil
}
