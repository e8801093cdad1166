package keys

import (
	"slices"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// present returns the caller as its key is now, if f are the facts about that key. A request
// carries the caller's rights of its admission. Without this check, a request that was admitted
// just before its key was shortened, narrowed, rotated or revoked could undo that change.
// A session has the rights of the key that it began with, or of its member. For another key's
// facts it returns the caller unchanged, as for a caller without a secret: a command of the
// deployment's owner that acts in the name of a key.
func (s *Store) present(c *api.Caller, f facts, now time.Time) (*api.Caller, error) {
	if f.owned && f.org.ID == c.Org && f.owner.User == c.User {
		is, err := s.presentSession(c, f.org, f.owner, now)
		if err != nil {
			return nil, err
		}
		c = is
	}
	secret := c.Secret
	if c.Session != nil {
		secret = c.Session.Secret
	}
	if f.key.ID != keyOf(c) || secret == "" {
		return c, nil
	}
	notAfter, ended := f.ended(secret, now)
	if ended != nil {
		return nil, ended
	}
	is := *c
	is.Role = f.role()
	if c.Session == nil {
		is.NotAfter = notAfter
	} else {
		begun := *c.Session
		begun.Until, is.Session = notAfter, &begun
	}
	is.Permissions = meet(c.Permissions, s.permitted(s.rules.entitled(f.org, f.key), is.Role))
	return &is, nil
}

// keyOf returns the id of the key whose rights a caller has: its own, or the one that its
// session began with; "" if that began without a key.
func keyOf(c *api.Caller) string {
	if c.Session != nil {
		return c.Session.Key
	}
	return c.Key
}

// presentIn is present for a caller whose key may be among an organisation's keys.
func (s *Store) presentIn(h holdings, c *api.Caller, now time.Time) (*api.Caller, error) {
	if h.Org.ID == c.Org {
		m, _ := h.Member(c.User)
		is, err := s.presentSession(c, h.Org, m, now)
		if err != nil {
			return nil, err
		}
		c = is
	}
	k, found := h.find(keyOf(c))
	if !found {
		return c, nil
	}
	f := facts{key: k, org: h.Org}
	f.owner, f.owned = h.Member(k.Owner)
	return s.present(c, f, now)
}

// presentSession returns a caller with a session as the session and its member are now; any other
// caller unchanged.
func (s *Store) presentSession(c *api.Caller, o orgs.Org, m orgs.Member, now time.Time) (*api.Caller, error) {
	if c.Session == nil {
		return c, nil
	}
	places, err := m.Places()
	if err != nil {
		return nil, err
	}
	role := m.Effective(o)
	at := slices.IndexFunc(places, func(p orgs.Place) bool { return p.Session() == c.Session.ID && p.Open(now.Unix()) && holds(p, m, role) })
	switch {
	case at < 0:
		return nil, sessionEnded()
	case m.State != orgs.Active:
		return nil, api.Fail("standing."+m.State, "this member is %s", m.State)
	case c.Session.Key != "":
		return c, nil // present compares with the key
	}
	is := *c
	is.Role = role
	_, granted := s.sessionRights(sessionFacts{org: o, member: m, place: places[at]})
	is.Permissions = meet(c.Permissions, granted)
	return &is, nil
}
