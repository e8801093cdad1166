package keys

import (
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func scopesOf(t *testing.T, name string) contract.Scopes {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Scopes
}

func TestEffectivePermissionsAreTheKeysOwnWithinTheOwnersRole(t *testing.T) {
	t.Parallel()
	list, grid := scopesOf(t, "statgate"), scopesOf(t, "balla")
	role := contract.Scopes{Style: "role", Management: list.Management}
	for _, c := range []struct {
		name   string
		scopes contract.Scopes
		held   []string
		role   string
		want   []string
	}{
		{"owner has all", list, []string{"read:matches", "write:matches", "keys:read"}, api.RoleOwner, []string{"keys:read", "matches:read", "matches:write"}},
		{"member writes nothing", list, []string{"read:matches", "write:matches"}, api.RoleMember, []string{"matches:read"}},
		{"member manages nothing", list, []string{"read:matches", "keys:read", "audit:read"}, api.RoleMember, []string{"matches:read"}},
		{"member within a grid", grid, []string{"read", "write", "matches"}, api.RoleMember, []string{"matches:read"}},
		{"an unknown scope grants nothing", list, []string{"read:matches", "read:weather"}, api.RoleAdmin, []string{"matches:read"}},
		{"an unknown role allows nothing", list, []string{"read:matches", "keys:read"}, "", []string{}},
		{"without scopes the role decides", role, nil, api.RoleMember, []string{
			"connections.battlenet:read", "connections.discord:read", "connections.github:read", "connections.twitch:read",
			"history.org:read", "history.team:read", "history.user:read", "leagues:read", "lifecycle:read", "matches:read", "mcp:invoke", "players:read", "seasons:read", "standings:current", "standings:read", "stats:read", "teams:read", "webhooks:read"}},
	} {
		if got := effective(c.scopes, c.held, c.role); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestScopesAreGrantedOnlyWithinBothRolesAndTheCallersOwn(t *testing.T) {
	t.Parallel()
	s := scopesOf(t, "statgate")
	caller := func(role string, permissions ...string) *api.Caller {
		return &api.Caller{Role: role, Permissions: permissions}
	}
	for _, c := range []struct {
		name   string
		caller *api.Caller
		owner  string
		scopes []string
		ok     bool
	}{
		{"an admin grants data that the key itself does not hold", caller(api.RoleAdmin, "keys:write"), api.RoleAdmin, []string{"read:matches", "write:matches"}, true},
		{"a management permission that the key holds", caller(api.RoleAdmin, "keys:write", "audit:read"), api.RoleAdmin, []string{"audit:read"}, true},
		{"one that it does not hold", caller(api.RoleAdmin, "keys:write"), api.RoleAdmin, []string{"audit:read"}, false},
		{"management for a member", caller(api.RoleOwner, "keys:read", "keys:write"), api.RoleMember, []string{"keys:read"}, false},
		{"writing for a member", caller(api.RoleOwner, "keys:write"), api.RoleMember, []string{"write:matches"}, false},
		{"reading for a member", caller(api.RoleAdmin, "keys:write"), api.RoleMember, []string{"read:matches", "read:teams"}, true},
		{"management in an owner's name by an admin", caller(api.RoleAdmin, "keys:write"), api.RoleOwner, []string{"keys:write"}, false},
		{"data in an owner's name by an admin", caller(api.RoleAdmin, "keys:write"), api.RoleOwner, []string{"write:matches"}, true},
		{"management in an owner's name by an operator", caller(api.RoleOperator, "keys:write"), api.RoleOwner, []string{"keys:write"}, true},
		{"a member grants what writes", caller(api.RoleMember, "keys:write"), api.RoleOwner, []string{"write:matches"}, false},
	} {
		err := grants(s, c.caller, c.owner, c.scopes)
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want ok %v", c.name, err, c.ok)
		}
		if err != nil && err.Condition != api.PermissionRole {
			t.Errorf("%s: got condition %s", c.name, err.Condition)
		}
	}
}

func TestWideningIsWhatTheOldPermissionsDoNotCover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		had, has []string
		covered  bool
	}{
		{[]string{"matches:read"}, []string{"matches:read"}, true},
		{[]string{"matches:*"}, []string{"matches:read"}, true},
		{[]string{"matches:read"}, []string{"matches:*"}, false},
		{[]string{"matches:read", "teams:read"}, []string{"teams:read"}, true},
		{[]string{"*:read"}, []string{"teams:read"}, true},
		{nil, []string{"teams:read"}, false},
		{[]string{"teams:read"}, nil, true},
	} {
		if got := covered(c.had, c.has); got != c.covered {
			t.Errorf("covered(%v, %v): got %v, want %v", c.had, c.has, got, c.covered)
		}
	}
}

func TestTheIntersectionOfTwoGrantsIsWhatBothAllow(t *testing.T) {
	t.Parallel()
	var patterns, permissions []string
	for _, noun := range []string{"*", "matches", "teams"} {
		for _, verb := range []string{"*", "read", "write"} {
			patterns = append(patterns, noun+":"+verb)
			if noun != "*" && verb != "*" {
				permissions = append(permissions, noun+":"+verb)
			}
		}
	}
	for a := range 1 << len(patterns) {
		for _, b := range []int{0, 1, 1 << 3, 1<<4 | 1<<8, 1<<2 | 1<<5, a ^ (1<<len(patterns) - 1), a} {
			left, right := chosen(patterns, a), chosen(patterns, b)
			both := meet(left, right)
			for _, p := range permissions {
				if got, want := contract.Allows(both, p), contract.Allows(left, p) && contract.Allows(right, p); got != want {
					t.Fatalf("%v and %v share %v: %s is allowed %v, want %v", left, right, both, p, got, want)
				}
			}
		}
	}
}

func chosen(patterns []string, bits int) []string {
	var some []string
	for i, p := range patterns {
		if bits&(1<<i) != 0 {
			some = append(some, p)
		}
	}
	return some
}
