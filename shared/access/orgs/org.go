// Package orgs stores organisations, which buy access, and their members, who act for them.
//
// An organisation has a plan and members. A member is an owner, an admin or a plain member,
// and is active, suspended or removed. The organisation that is flagged as operator runs
// the deployment: its owners and admins are operators, who make organisations, set plans
// and manage all keys.
//
// An organisation, its members and its keys share one partition, so that one consistent
// query reads them. Two counters on the organisation's item make rules over several items
// exact: a decision about its keys or members is written on condition that keys_version or
// members_version is as it was read.
//
// On AWS a query is not isolated from a transaction that is being committed: it may return
// one item as it is after the transaction and others as they were before. So the
// organisation's item names the key that last moved keys_version (keys_last), which readers
// check for. A change that takes an owner away also checks that the remaining owner still
// is one.
package orgs

import (
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// States of a member.
const (
	Active    = "active"
	Suspended = "suspended"
	removed   = "removed" // kept for a while, so that a repeated removal recognises it
)

// Sort keys in the organisation's partition. Keys sort before members and members before
// the organisation, so that items which are read together are adjacent.
const (
	orgSort      = "ORG"
	memberPrefix = "MEMBER#"
	listed       = "ORGS" // partition of the index of all organisations
)

// Org is an organisation.
type Org struct {
	ID        string    `json:"id" doc:"Organisation id" example:"org_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Name      string    `json:"name" doc:"Display name, 1–80 characters"`
	Plan      string    `json:"plan" doc:"Plan name"`
	CreatedAt time.Time `json:"created_at" doc:"Creation time"`

	Operator bool `json:"-"`
	// Approvals lists the organisation's approvals as a developer, sorted and separated by
	// single spaces: "general", and "game:…" for each game.
	Approvals string `json:"-"`

	KeysVersion    int64 `json:"-"` // incremented when the organisation's keys or its plan change
	MembersVersion int64 `json:"-"` // incremented when its members change

	// MemberCount is the number of members, which changes with MembersVersion; 0 if it was not
	// counted since the organisation was made by an earlier release.
	MemberCount int64 `json:"-"`

	// KeysLast is the key that last took a place, and KeysLastRev its revision then.
	KeysLast    string `json:"-"`
	KeysLastRev int64  `json:"-"`
}

// Member is a person who acts for an organisation.
type Member struct {
	User  string `json:"user" doc:"User id" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Email string `json:"email" format:"idn-email" doc:"Email address"`
	Role  string `json:"role" enum:"owner,admin,member" doc:"Role in the organisation"`
	State string `json:"state" enum:"active,suspended" doc:"Member state"`

	Connections string `json:"-"` // accounts on other platforms, as JSON; "" for none
	// Readdressed reports whether another member has set the address since an operator last
	// vouched for the person: sessions by the address are then not the member's own.
	Readdressed bool   `json:"-"`
	Sessions    string `json:"-"` // places for console sessions, as JSON: see [Member.Places]
}

// Effective returns the role of a member's keys: owners and admins of the operator's
// organisation are operators.
func (m Member) Effective(o Org) string {
	if o.Operator && (m.Role == api.RoleOwner || m.Role == api.RoleAdmin) {
		return api.RoleOperator
	}
	return m.Role
}

// owns reports whether the member is an active owner.
func (m Member) owns() bool { return m.Role == api.RoleOwner && m.State == Active }

// Key returns the address of an organisation's item.
func Key(org string) table.Key { return table.Key{Partition: Partition(org), Sort: orgSort} }

// MemberKey returns the address of a member's item.
func MemberKey(org, user string) table.Key {
	return table.Key{Partition: Partition(org), Sort: memberPrefix + user}
}

// Partition returns the partition of an organisation, its members and its keys.
func Partition(org string) string { return table.Join("ORG", org) }

// FromItem decodes an organisation's item; false for any other item.
func FromItem(it table.Item) (Org, bool) {
	if it.Str(table.SortAttr) != orgSort {
		return Org{}, false
	}
	return Org{ID: it.Str("id"), Name: it.Str("name"), Plan: it.Str("plan"), Operator: it.Bool("operator"),
		CreatedAt: time.Unix(it.Int("created_at"), 0).UTC(), KeysVersion: it.Int("keys_version"),
		MembersVersion: it.Int("members_version"), MemberCount: it.Int("members"), Approvals: it.Str("approvals"), KeysLast: it.Str("keys_last"), KeysLastRev: it.Int("keys_last_rev")}, true
}

// MemberFromItem decodes a member's item; false for any other item and for a removed
// member's.
func MemberFromItem(it table.Item) (Member, bool) {
	sort := it.Str(table.SortAttr)
	if len(sort) <= len(memberPrefix) || sort[:len(memberPrefix)] != memberPrefix || it.Str("state") == removed {
		return Member{}, false
	}
	return Member{User: it.Str("user"), Email: it.Str("email"), Role: it.Str("role"), State: it.Str("state"), Connections: it.Str("connections"), Sessions: it.Str("sessions"), Readdressed: it.Bool("readdressed")}, true
}

// Approved reports whether the organisation is approved as a developer, in general or for a
// game.
func (o Org) Approved(need, game string) bool {
	return slices.Contains(strings.Fields(o.Approvals), Approval(need, game))
}

// Approval returns an approval as it is written in [Org.Approvals].
func Approval(need, game string) string {
	if need == contract.NeedsGame {
		return need + ":" + game
	}
	return need
}

func (o Org) item() table.Item {
	return table.Item{
		table.PartitionAttr: Partition(o.ID), table.SortAttr: orgSort, "list_pk": listed, "list_sk": o.ID,
		"id": o.ID, "name": o.Name, "plan": o.Plan, "operator": o.Operator, "created_at": o.CreatedAt.Unix(),
		"keys_version": int64(0), "members_version": int64(0), "members": o.MemberCount,
	}
}

func (m Member) item(org string) table.Item {
	at := MemberKey(org, m.User)
	it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, addressPartition: addressOf(m.Email), addressSort: addressEntry(org, m.User),
		"user": m.User, "email": m.Email, "role": m.Role, "state": m.State}
	if m.Connections != "" {
		it["connections"] = m.Connections
	}
	if m.Readdressed {
		it["readdressed"] = true
	}
	if m.Sessions != "" {
		it["sessions"] = m.Sessions
	}
	return it
}
