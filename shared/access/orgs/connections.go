package orgs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// linkable lists the platforms whose accounts a member may link.
var linkable = []string{"discord", "twitch", "github", "battlenet"}

// Account is a member's account on another platform.
type Account struct {
	Platform string `json:"platform" enum:"discord,twitch,github,battlenet" doc:"Platform"`
	ID       string `json:"id" text:"id" minLength:"1" maxLength:"100" doc:"Account id on the platform, 1–100 characters" example:"80351110224678912"`
	Name     string `json:"name" text:"line" maxLength:"100" doc:"Account name on the platform, at most 100 characters" example:"nelly"`
}

// linked describes a member's accounts in the audit trail: only their platforms.
type linked struct {
	Platforms []string `json:"platforms"`
}

// Accounts returns the caller's own accounts on other platforms.
func (s *Store) Accounts(ctx context.Context, c *api.Caller) ([]Account, error) {
	if !ids.Valid(c.Org) || !ids.Valid(c.User) {
		return nil, unknownMember()
	}
	it, err := s.table.Get(ctx, MemberKey(c.Org, c.User), true)
	if err != nil {
		return nil, api.UnavailableError("reading a member", err)
	}
	m, ok := MemberFromItem(it)
	if !ok {
		return nil, unknownMember()
	}
	return m.accounts()
}

// Connect sets all of a member's accounts on other platforms. Only operators may call it:
// they have proof that the accounts are the member's.
func (s *Store) Connect(ctx context.Context, r *api.Request, org, user string, accounts []Account) error {
	at, wrong := sees(r.Caller, org)
	if wrong != nil {
		return unknownMember()
	}
	seen := map[string]bool{}
	for _, a := range accounts {
		if seen[a.Platform] || !slices.Contains(linkable, a.Platform) {
			return api.FieldError("connections", "must have at most one account per platform: discord, twitch, github, battlenet")
		}
		seen[a.Platform] = true
	}
	raw, err := json.Marshal(accounts)
	if err != nil {
		return fmt.Errorf("orgs: encoding the accounts of %s: %w", user, err)
	}
	_, err = change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (View, error) {
			v, err := s.view(ctx, at)
			return v, asUnknownMember(err)
		},
		func(v View) (Member, change.Plan, error) {
			before, ok := v.Member(user)
			switch {
			case !ok:
				return Member{}, change.Plan{}, unknownMember()
			case !r.Caller.Operator():
				return Member{}, change.Plan{}, api.Fail(api.PermissionRole, "only operators can set a member's linked accounts")
			}
			after := before
			after.Readdressed = false
			if after.Connections = string(raw); len(accounts) == 0 {
				after.Connections = ""
			}
			plan, err := connected(v, before, after)
			return after, plan, err
		})
	return err
}

// asUnknownMember turns "no such organisation" into "no such member".
func asUnknownMember(err error) error {
	if err != nil && api.ErrorOf(err).Condition == api.NotFound {
		return unknownMember()
	}
	return err
}

// connected is the plan that sets a member's accounts.
func connected(v View, before, after Member) (change.Plan, error) {
	if before == after {
		return change.Plan{}, nil
	}
	was, err := before.accounts()
	if err != nil {
		return change.Plan{}, err
	}
	is, err := after.accounts()
	if err != nil {
		return change.Plan{}, err
	}
	return change.Plan{
		Writes: []table.Write{v.moveVersions(false, 0), table.Put(after.item(v.Org.ID), table.IsThere())},
		Entries: []audit.Change{{Org: v.Org.ID, Action: "member.connect", Target: before.User,
			Before: linked{platforms(was)}, After: linked{platforms(is)}}},
	}, nil
}

func platforms(accounts []Account) []string {
	names := []string{}
	for _, a := range accounts {
		names = append(names, a.Platform)
	}
	return names
}

func (m Member) accounts() ([]Account, error) {
	accounts := []Account{}
	if m.Connections == "" {
		return accounts, nil
	}
	if err := json.Unmarshal([]byte(m.Connections), &accounts); err != nil {
		return nil, fmt.Errorf("orgs: reading the accounts of %s: %w", m.User, err)
	}
	return accounts, nil
}
