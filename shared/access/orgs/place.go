package orgs

import (
	"encoding/json"
	"fmt"
	"slices"
)

// MaxSessions is how many console sessions of a member can be open at a time.
const MaxSessions = 5

// Place is one of a member's places for console sessions. A place has a gate, which its
// sessions share one after the other. So a new session in it continues the budget of the one
// before, and cached callers of that one are refused by the gate's version.
//
// Places are in the member's item, so a change of a member or of an organisation, which reads
// members, knows which sessions it concerns.
type Place struct {
	ID  string `json:"id"`  // of the gate
	Run int64  `json:"run"` // number of the latest session in the place, from 1
	// Ends is when the session ends at the latest, in seconds since 1970; 0 if it was ended.
	Ends int64 `json:"ends,omitempty"`
	// Key and Secret are the ids of the key and of the secret that the session began with, ""
	// if it did not begin with a key.
	Key    string `json:"key,omitempty"`
	Secret string `json:"secret,omitempty"`
	// Until is when the rights end that the session began with, in seconds since 1970; 0 if
	// they do not, or if it began with a key.
	Until int64 `json:"until,omitempty"`
	// Own reports whether the member began the session, and not somebody who may act for
	// them. Only such a session reaches what is personal.
	Own bool `json:"own,omitempty"`
	// Role is the member's role when another member's link began the session, else "". The
	// session ends if the member gets a higher one, which that other might not have.
	Role string `json:"role,omitempty"`
	// Address is the [AddressID] by which the session began, "" if it began otherwise. The
	// session ends when the member gets another address.
	Address string `json:"address,omitempty"`
}

// Session returns the id of the latest session in the place.
func (p Place) Session() string { return fmt.Sprintf("%s-%d", p.ID, p.Run) }

// Open reports whether the place's session has not ended. It may still be idle for too long.
func (p Place) Open(now int64) bool { return p.Ends > now }

// Places returns the member's places for sessions, oldest first. Text that this release
// cannot read is an error: to ignore it would hide sessions from a change that must end them.
func (m Member) Places() ([]Place, error) {
	if m.Sessions == "" {
		return nil, nil
	}
	var all []Place
	if err := json.Unmarshal([]byte(m.Sessions), &all); err != nil {
		return nil, fmt.Errorf("orgs: reading the sessions of member %s: %w", m.User, err)
	}
	return all, nil
}

// WithPlace returns the member with a place added, or replaced if it has the same id.
func (m Member) WithPlace(p Place) (Member, error) {
	all, err := m.Places()
	if err != nil {
		return m, err
	}
	if i := slices.IndexFunc(all, func(q Place) bool { return q.ID == p.ID }); i >= 0 {
		all[i] = p
	} else {
		all = append(all, p)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return m, fmt.Errorf("orgs: encoding the sessions of member %s: %w", m.User, err)
	}
	m.Sessions = string(raw)
	return m, nil
}
