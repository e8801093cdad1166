package keys

import (
	"time"

	"statgate/shared/api"
)

// present returns the caller as its key is now, if f are the facts about that key. A request
// carries the caller's rights of its admission. Without this check, a request that was admitted
// just before its key was shortened, narrowed, rotated or revoked could undo that change.
// A session has the rights of the key that it began with. For another key's facts it returns the caller unchanged, as for a caller without a secret: a
// command of the deployment's owner that acts in the name of a key.
func (s *Store) present(c *api.Caller, f facts, now time.Time) (*api.Caller, error) {
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
	k, found := h.find(keyOf(c))
	if !found {
		return c, nil
	}
	f := facts{key: k, org: h.Org}
	f.owner, f.owned = h.Member(k.Owner)
	return s.present(c, f, now)
}
