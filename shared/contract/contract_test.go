package contract_test

import (
	"testing"
	"time"

	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func load(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLongestPrefixOfAConditionWins(t *testing.T) {
	t.Parallel()
	c := load(t, "statgate")
	for condition, want := range map[string]string{
		"secret.expired": "unauthorized", "input.limit": "invalid_limit", "input.other": "invalid_request",
		"not_found.standings": "no_standings", "not_found.route": "not_found", "standing.suspended": "suspended", "other": "internal",
	} {
		if got := c.Condition(condition).Code; got != want {
			t.Errorf("%s: got %s, want %s", condition, got, want)
		}
	}
}

func TestGridScopesGrantThePermissionsThatBallaDocuments(t *testing.T) {
	t.Parallel()
	s := load(t, "balla").Scopes
	for _, c := range []struct {
		scopes          []string
		granted, denied []string
	}{
		{[]string{"read"}, []string{"matches:read", "teams:read", "players:read", "leagues:read", "standings:read"}, []string{"matches:write", "keys:read"}},
		{[]string{"matches"}, []string{"matches:read"}, []string{"teams:read", "matches:write"}},
		{[]string{"read", "matches"}, []string{"matches:read"}, []string{"teams:read", "matches:write"}},
		{[]string{"write", "matches"}, []string{"matches:read", "matches:write"}, []string{"teams:write", "teams:read"}},
		{[]string{"write"}, []string{"matches:write", "teams:write"}, []string{"keys:write", "matches:read"}},
		{[]string{"read", "write", "teams"}, []string{"teams:read", "teams:write"}, []string{"matches:read"}},
		{nil, nil, []string{"matches:read", "keys:read"}},
	} {
		patterns, err := s.Permissions(c.scopes)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.granted {
			if !contract.Allows(patterns, p) {
				t.Errorf("%v: got no %s, want it granted", c.scopes, p)
			}
		}
		for _, p := range c.denied {
			if contract.Allows(patterns, p) {
				t.Errorf("%v: got %s, want it not granted", c.scopes, p)
			}
		}
	}
	if _, err := s.Permissions([]string{"read:everything"}); err == nil {
		t.Error("unknown scope: got no error")
	}
}

func TestDurationsAreAWholeNumberAndAUnit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"12h": 12 * time.Hour, "30d": 720 * time.Hour, "1y": 8760 * time.Hour, "0s": 0, "2w": 336 * time.Hour} {
		if got, err := contract.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "h", "12", "-1h", "+1h", "1.5h", "1h30m", "101y", "99999999999y", "1 h", "１h"} {
		if got, err := contract.ParseDuration(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}
