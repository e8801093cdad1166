package keys_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

func TestCallersOfAnotherOrganisationLearnNothing(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for _, call := range []struct {
		operation string
		in        input
		missing   input
	}{
		{"getKey", input{"key": c.memberKey}, input{"key": "key_nothing"}},
		{"updateKey", input{"key": c.memberKey, "name": "mine"}, input{"key": "key_nothing", "name": "mine"}},
		{"rotateKey", input{"key": c.memberKey}, input{"key": "key_nothing"}},
		{"revokeKey", input{"key": c.memberKey}, input{"key": "key_nothing"}},
		{"getKeyUsage", input{"key": c.memberKey}, input{"key": "key_nothing"}},
		{"getOrgUsage", input{"org": c.org}, input{"org": "org_nothing"}},
		{"getOrg", input{"org": c.org}, input{"org": "org_nothing"}},
		{"updateOrg", input{"org": c.org, "name": "mine"}, input{"org": "org_nothing", "name": "mine"}},
		{"visitOrg", input{"org": c.org}, input{"org": "org_nothing"}},
		{"listMembers", input{"org": c.org}, input{"org": "org_nothing"}},
		{"addMember", input{"org": c.org, "email": "a@b.example", "role": "owner"}, input{"org": "org_nothing", "email": "a@b.example", "role": "owner"}},
		{"updateMember", input{"org": c.org, "user": c.memberUser, "role": "admin"}, input{"org": "org_nothing", "user": c.memberUser, "role": "admin"}},
		{"removeMember", input{"org": c.org, "user": c.memberUser}, input{"org": "org_nothing", "user": c.memberUser}},
	} {
		theirs, missing := c.stranger.fails(api.NotFound, call.operation, call.in), c.stranger.fails(api.NotFound, call.operation, call.missing)
		if theirs.Message != missing.Message || theirs.Details != nil {
			t.Errorf("%s: got %q for another's and %q for what does not exist", call.operation, theirs.Message, missing.Message)
		}
	}
	for _, call := range []struct {
		operation string
		in        input
	}{
		{"createKey", input{"name": "mine", "scopes": []string{"read:teams"}}},
		{"listKeys", input{}}, {"listAudit", input{}},
	} {
		theirs, missing := input{"org": c.org}, input{"org": "org_nothing"}
		for name, v := range call.in {
			theirs[name], missing[name] = v, v
		}
		a, b := c.stranger.fails(api.InputField, call.operation, theirs), c.stranger.fails(api.InputField, call.operation, missing)
		if len(a.Fields["org"]) != 1 || a.Fields["org"][0] != b.Fields["org"][0] {
			t.Errorf("%s: got %v for another's and %v for what does not exist", call.operation, a.Fields, b.Fields)
		}
	}
	if orgs := c.stranger.does("listOrgs", input{})["data"].([]any); len(orgs) != 1 {
		t.Errorf("got %d organisations, want the stranger's own", len(orgs))
	}
	if entries := c.stranger.does("listAudit", input{"key": c.memberKey})["data"].([]any); len(entries) != 0 {
		t.Errorf("got %d entries about another's key, want none", len(entries))
	}
}

func TestMalformedIdentifiersAreNotFound(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for _, id := range []string{strings.Repeat("k", 3000), "key#x", "KEY", "\x00", "ключ"} {
		for _, p := range []*person{c.operator, c.owner} {
			p.fails(api.NotFound, "getKey", input{"key": id})
			p.fails(api.NotFound, "getOrg", input{"org": id})
			p.fails(api.NotFound, "listMembers", input{"org": id})
			p.fails(api.NotFound, "removeMember", input{"org": c.org, "user": id})
			p.fails(api.InputField, "createKey", input{"name": "x", "org": id, "scopes": []string{"read:teams"}})
			if id == "\x00" { // in a query, text that cannot be shown is refused
				p.fails(api.InputParameter, "listAudit", input{"key": id, "actor": id})
				p.fails(api.InputParameter, "listKeys", input{"org": id})
				continue
			}
			p.fails(api.InputField, "listKeys", input{"org": id})
			if got := p.does("listAudit", input{"key": id, "actor": id})["data"].([]any); len(got) != 0 {
				t.Errorf("%q: got %d entries", id, len(got))
			}
		}
	}
}

func TestOnlyOperatorsMakeOrganisationsAndSetPlans(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for _, p := range []*person{c.owner, c.admin} {
		p.fails(api.PermissionRole, "createOrg", input{"name": "mine", "owner": "a@b.example"})
		p.fails(api.PermissionRole, "updateOrg", input{"org": c.org, "plan": "ENTERPRISE"})
		p.fails(api.PermissionRole, "visitOrg", input{"org": c.org})
		p.does("updateOrg", input{"org": c.org, "name": "North & sons"})
	}
	got := c.operator.does("updateOrg", input{"org": c.org, "plan": "FREE"})
	if text(got, "plan") != "FREE" || text(got, "name") != "North & sons" {
		t.Errorf("got %v", got)
	}
	c.operator.fails(api.InputField, "updateOrg", input{"org": c.org, "plan": "GOLD"})
	c.operator.does("updateOrg", input{"org": c.org}) // changes nothing
	c.operator.fails(api.NotFound, "updateOrg", input{"org": "org_nothing", "name": "x"})
	if orgs := c.operator.does("listOrgs", input{})["data"].([]any); len(orgs) != 3 {
		t.Errorf("got %d organisations, want all 3", len(orgs))
	}
}

func TestOnlyOwnersAndOperatorsChangeOwners(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.admin.fails(api.PermissionRole, "addMember", input{"org": c.org, "email": "boss@north.example", "role": "owner"})
	c.admin.fails(api.PermissionRole, "updateMember", input{"org": c.org, "user": c.adminUser, "role": "owner"})
	c.admin.fails(api.PermissionRole, "updateMember", input{"org": c.org, "user": c.ownerUser, "role": "member"})
	c.admin.fails(api.PermissionRole, "removeMember", input{"org": c.org, "user": c.ownerUser})
	second := c.owner.does("addMember", input{"org": c.org, "email": "second@north.example", "role": "owner"})
	c.operator.does("updateMember", input{"org": c.org, "user": second["user"], "role": "admin"})
	c.admin.does("addMember", input{"org": c.org, "email": "new@north.example", "role": "admin"})
}

func TestLastActiveOwnerStaysExceptForAnOperator(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for _, call := range []struct {
		operation string
		in        input
	}{
		{"removeMember", input{"org": c.org, "user": c.ownerUser}},
		{"updateMember", input{"org": c.org, "user": c.ownerUser, "role": "admin"}},
		{"updateMember", input{"org": c.org, "user": c.ownerUser, "state": "suspended"}},
	} {
		c.owner.fails(api.Conflict, call.operation, call.in)
	}
	c.operator.does("updateMember", input{"org": c.org, "user": c.ownerUser, "state": "suspended"})
	root := c.operator.cached
	c.operator.fails(api.Conflict, "removeMember", input{"org": root.Org, "user": root.User})
}

func TestEmailAddressesAreUniqueIgnoringCase(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.owner.fails(api.Conflict, "addMember", input{"org": c.org, "email": "MEMBER@north.example", "role": "admin"})
	c.owner.fails(api.Conflict, "updateMember", input{"org": c.org, "user": c.adminUser, "email": "owner@NORTH.example"})
	c.owner.does("updateMember", input{"org": c.org, "user": c.adminUser, "email": "ADMIN@north.example"})
	for _, email := range []string{"", "north", "a b@north.example", "Ada <ada@north.example>", "ada@north.example\n.", strings.Repeat("x", 250) + "@a.example"} {
		c.owner.fails(api.InputField, "addMember", input{"org": c.org, "email": email, "role": "member"})
	}
	c.owner.does("removeMember", input{"org": c.org, "user": c.memberUser})
	c.owner.does("addMember", input{"org": c.org, "email": "member@north.example", "role": "member"})
}

func TestAMembersKeyReadsDataAndCannotManage(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.member.does("getSelf", nil)
	for _, operation := range []string{"listKeys", "listAudit", "listOrgs"} {
		c.member.fails(api.Permission, operation, nil)
	}
	for _, scope := range []string{"keys:read", "write:matches"} {
		err := c.owner.fails(api.PermissionRole, "createKey", input{"name": "x", "user": c.memberUser, "scopes": []string{scope}})
		if !strings.Contains(err.Message, scope) {
			t.Errorf("got %q, want it to name %s", err.Message, scope)
		}
		c.owner.fails(api.PermissionRole, "updateKey", input{"key": c.memberKey, "scopes": []string{"read:matches", scope}})
	}
}

func TestAnEmptyListOfScopesWidensNothing(t *testing.T) {
	t.Parallel()
	a := serve(t, keystest.Memory(t), "scorelytics") // whose new keys have default scopes
	operator := a.with(a.Bootstrap(t).Secret)
	k := operator.does("createKey", input{"name": "narrow", "scopes": []string{"read:leagues"}})
	bot := a.with(text(k, "secret"))
	for operation, by := range map[string]*person{"updateKey": operator, "createKey": operator, "createToken": bot} {
		in := input{"scopes": []string{}}
		switch operation {
		case "updateKey":
			in["key"] = k["id"]
		case "createKey":
			in["name"] = "empty"
		}
		if err := by.fails(api.InputField, operation, in); len(err.Fields["scopes"]) != 1 {
			t.Errorf("%s: got %v, want scopes named", operation, err.Fields)
		}
	}
	if got := operator.does("getKey", input{"key": k["id"]})["scopes"].([]any); len(got) != 1 {
		t.Errorf("got %v, want the scopes unchanged", got)
	}
}

func TestNoCallerObtainsASecretAboveItsOwnRights(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	narrow := c.admin.does("createKey", input{"name": "narrow", "scopes": []string{"keys:read", "keys:write"}})
	clerk := c.with(text(narrow, "secret"))
	clerk.fails(api.PermissionRole, "createKey", input{"name": "x", "scopes": []string{"orgs:write"}})
	clerk.fails(api.PermissionRole, "rotateKey", input{"key": c.admin.cached.Key})
	clerk.fails(api.PermissionRole, "updateKey", input{"key": text(narrow, "id"), "scopes": []string{"keys:write", "audit:read"}})
	clerk.does("createKey", input{"name": "data", "scopes": []string{"write:matches"}})
	c.admin.fails(api.PermissionRole, "rotateKey", input{"key": c.owner.cached.Key})
	c.admin.fails(api.PermissionRole, "createKey", input{"name": "x", "user": c.ownerUser, "scopes": []string{"keys:read"}})
	c.admin.does("revokeKey", input{"key": c.owner.cached.Key})
}

func TestADemotedAdminsKeyIsRotatedOnlyByHoldersOfItsScopes(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	clerk := c.with(text(c.owner.does("createKey", input{"name": "narrow", "scopes": []string{"keys:write"}}), "secret"))
	key := c.admin.cached.Key // with every management scope
	c.owner.does("updateMember", input{"org": c.org, "user": c.adminUser, "role": "member"})
	clerk.fails(api.PermissionRole, "rotateKey", input{"key": key}) // it would become usable again with the next promotion
	c.owner.does("rotateKey", input{"key": key})
}

func TestOperatorsManageKeysOfEveryOrganisation(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	k := c.operator.does("createKey", input{"name": "x", "org": c.org, "user": c.memberUser, "scopes": []string{"read:teams"}})
	c.operator.does("getKey", input{"key": k["id"]})
	c.operator.does("updateKey", input{"key": k["id"], "name": "y"})
	c.operator.does("rotateKey", input{"key": k["id"]})
	c.operator.does("revokeKey", input{"key": k["id"]})
	c.operator.fails(api.NotFound, "getKey", input{"key": "key_nothing"})
	if keys := c.operator.does("listKeys", input{})["data"].([]any); len(keys) != 1 {
		t.Errorf("got %d keys, want the operator's own", len(keys))
	}
	if keys := c.operator.does("listKeys", input{"org": c.org})["data"].([]any); len(keys) != 4 {
		t.Errorf("got %d keys, want the organisation's 4", len(keys))
	}
	trail := c.operator.does("listAudit", input{"org": c.org, "key": text(k, "id")})["data"].([]any)
	var actions []string
	for _, e := range trail {
		actions = append(actions, text(e.(map[string]any), "action"))
	}
	if want := []string{"key.revoke", "key.rotate", "key.update", "key.create"}; !slices.Equal(actions, want) {
		t.Errorf("got %v in the organisation's trail, want %v", actions, want)
	}
	c.operator.fails(api.InputField, "createKey", input{"name": "x", "org": "org_nothing", "scopes": []string{"read:teams"}})
	c.operator.fails(api.InputField, "createKey", input{"name": "x", "org": c.org, "user": "usr_nothing", "scopes": []string{"read:teams"}})
}

func TestNarrowingIsImmediateForCachedCallers(t *testing.T) {
	t.Parallel()
	suspend := func(state string) input { return input{"state": state} }
	for name, narrow := range map[string]func(t *testing.T, c *scenario) string{
		"revoked": func(_ *testing.T, c *scenario) string {
			c.owner.does("revokeKey", input{"key": c.memberKey})
			return api.SecretRevoked
		},
		"rotated immediately": func(_ *testing.T, c *scenario) string {
			c.owner.does("rotateKey", input{"key": c.memberKey})
			return api.SecretRevoked
		},
		"rotated, after the overlap": func(_ *testing.T, c *scenario) string {
			c.owner.does("rotateKey", input{"key": c.memberKey, "overlap": "1h"})
			c.member.does("getSelf", nil)
			c.Pass(time.Hour + time.Second)
			return api.SecretExpired
		},
		"expired": func(_ *testing.T, c *scenario) string {
			c.owner.does("updateKey", input{"key": c.memberKey, "expires_in": "10s"})
			c.member.does("getSelf", nil)
			c.Pass(11 * time.Second)
			return api.SecretExpired
		},
		"owner suspended": func(_ *testing.T, c *scenario) string {
			in := suspend("suspended")
			in["org"], in["user"] = c.org, c.memberUser
			c.owner.does("updateMember", in)
			return api.Suspended
		},
		"owner removed": func(_ *testing.T, c *scenario) string {
			c.owner.does("removeMember", input{"org": c.org, "user": c.memberUser})
			return api.SecretRevoked
		},
		"by itself": func(_ *testing.T, c *scenario) string {
			c.member.does("revokeSelf", nil)
			return api.SecretRevoked
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newScenario(t, keystest.Memory(t))
			c.member.does("getSelf", nil)
			c.member.fails(narrow(t, c), "getSelf", nil)
		})
	}
}

func TestDemotedAdminsKeysLoseWhatTheRoleNoLongerAllows(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	got := c.owner.does("updateMember", input{"org": c.org, "user": c.adminUser, "role": "member"})
	if got["effective_by"] != nil {
		t.Errorf("narrowed: got effective_by %v, want null", got["effective_by"])
	}
	c.admin.fails(api.PermissionRole, "listKeys", nil)
	got = c.owner.does("updateMember", input{"org": c.org, "user": c.adminUser, "role": "admin"})
	if want := c.Now().Add(time.Minute).Format(time.RFC3339); got["effective_by"] != want || c.flushes != 1 {
		t.Errorf("widened: got effective_by %v after %d flushes, want %s after 1", got["effective_by"], c.flushes, want)
	}
	c.Pass(2 * time.Second) // an instance reads refusing facts again once a second
	c.admin.does("listKeys", nil)
}

func TestWideningAnswersWhenItTakesEffect(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for _, call := range []struct {
		in    input
		wider bool
	}{
		{input{"name": "other"}, false},
		{input{"scopes": []string{"read:matches", "read:teams"}}, true},
		{input{"scopes": []string{"read:teams"}}, false},
		{input{"scopes": []string{"read:teams"}}, true}, // perhaps the repeat of a failed call
		{input{"expires_in": "1d"}, false},
		{input{"expires_at": nil}, false},
	} {
		call.in["key"] = c.memberKey
		got := c.owner.does("updateKey", call.in)
		if _, present := got["effective_by"]; !present || (got["effective_by"] != nil) != call.wider {
			t.Errorf("%v: got effective_by %v, want one: %v", call.in, got["effective_by"], call.wider)
		}
	}
}

func TestRevokedIsFinalAndRepeatable(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	first := c.owner.does("revokeKey", input{"key": c.memberKey})
	c.Pass(time.Minute)
	again := c.owner.does("revokeKey", input{"key": c.memberKey})
	if first["state"] != "revoked" || first["revoked_at"] != again["revoked_at"] {
		t.Errorf("got %v, then %v", first["revoked_at"], again["revoked_at"])
	}
	c.owner.fails(api.ConflictFinal, "updateKey", input{"key": c.memberKey, "name": "x"})
	c.owner.fails(api.ConflictFinal, "rotateKey", input{"key": c.memberKey})
	if got := c.owner.does("listAudit", input{"key": c.memberKey})["data"].([]any); len(got) != 2 {
		t.Errorf("got %d entries, want one creation and one revocation", len(got))
	}
}

func TestRotationKeepsTheKeyItsQuotaAndItsHistory(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for range 3 {
		c.member.does("getSelf", nil)
	}
	before := c.owner.does("getKey", input{"key": c.memberKey})
	rotated := c.owner.does("rotateKey", input{"key": c.memberKey, "overlap": "24h"})
	if want := c.Now().Add(24*time.Hour + time.Second).Format(time.RFC3339); rotated["previous_expires_at"] != want {
		t.Errorf("got previous_expires_at %v, want %s", rotated["previous_expires_at"], want)
	}
	for _, name := range []string{"id", "name", "created_at", "user", "last_used_at"} {
		if before[name] != rotated[name] {
			t.Errorf("%s: got %v, want %v", name, rotated[name], before[name])
		}
	}
	if got, want := rotated["usage"].(map[string]any)["total"], before["usage"].(map[string]any)["total"]; got != want {
		t.Errorf("usage: got %v, want %v", got, want)
	}
	c.owner.fails(api.ConflictRotation, "rotateKey", input{"key": c.memberKey, "overlap": "1h"})
	c.owner.does("rotateKey", input{"key": c.memberKey, "overlap": "1h", "force": true})
	c.member.fails(api.SecretRevoked, "getSelf", nil)
	c.with(text(rotated, "secret")).does("getSelf", nil)
}

func TestSecretOfOver90DaysIsMarkedUntilItIsRotated(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	marked := func() any {
		for _, k := range c.owner.does("listKeys", nil)["data"].([]any) {
			if k := k.(map[string]any); k["id"] == c.memberKey {
				return k["rotate_recommended"]
			}
		}
		return nil
	}
	c.Pass(90 * 24 * time.Hour)
	if got := marked(); got != false {
		t.Errorf("after 90 days: got %v", got)
	}
	c.Pass(time.Second)
	if got := marked(); got != true {
		t.Errorf("a second later: got %v", got)
	}
	if got := c.owner.does("rotateKey", input{"key": c.memberKey})["rotate_recommended"]; got != false || marked() != false {
		t.Errorf("after a rotation: got %v, listed %v", got, marked())
	}
	c.Pass(91 * 24 * time.Hour)
	c.owner.does("revokeKey", input{"key": c.memberKey})
	if got := marked(); got != false {
		t.Errorf("a revoked key: got %v", got)
	}
}

func TestRepeatedRotationUnderAnIdempotencyKeyIsRefused(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	rotated, err := c.owner.tryOnce("rotateKey", input{"key": c.memberKey}, "once")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.owner.tryOnce("rotateKey", input{"key": c.memberKey}, "once")
	if got := keystest.Condition(err); got != api.ConflictRepeat {
		t.Errorf("got %q (%v), want %q", got, err, api.ConflictRepeat)
	}
	if _, err := c.owner.tryOnce("createKey", input{"name": "x", "scopes": []string{"read:teams"}}, "two words"); keystest.Condition(err) != api.InputParameter {
		t.Errorf("got %v, want the header refused", err)
	}
	c.with(text(rotated, "secret")).does("getSelf", nil)
}

func TestSelfReturnsTheCallersKeyAndRemainingQuota(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	me := c.member.does("getSelf", nil)
	for name, want := range map[string]any{"id": c.memberKey, "org": c.org, "user": c.memberUser, "role": "member", "state": "active", "plan": "TEAM", "secret_expires_at": nil} {
		if me[name] != want {
			t.Errorf("%s: got %v, want %v", name, me[name], want)
		}
	}
	operations := []string{}
	for _, o := range me["operations"].([]any) {
		operations = append(operations, o.(string))
	}
	if want := []string{"createToken", "getHeadToHead", "getMatch", "getMatchLineups", "getMatchStats", "getSelf", "listChanges", "listMatchEvents", "listMatches", "listTeamMatches", "revokeSelf"}; !slices.Equal(operations, want) {
		t.Errorf("got %v, want %v", operations, want)
	}
	window := me["usage"].(map[string]any)["window"].(map[string]any)
	if window["limit"] != 10000.0 || window["remaining"] != 10000.0 {
		t.Errorf("got %v, want 10000 left of 10000", window)
	}
	window = c.operator.does("getSelf", nil)["usage"].(map[string]any)["window"].(map[string]any)
	if window["limit"] != nil || window["remaining"] != nil {
		t.Errorf("operator: got %v, want no limit", window)
	}
}

func TestUsageSumsExactlyToTheCallsMade(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	for hour := range 5 {
		for range hour + 1 {
			c.member.does("getSelf", nil)
		}
		c.Pass(time.Hour)
	}
	got := c.owner.does("getKeyUsage", input{"key": c.memberKey})
	data := got["data"].([]any)
	if got["total"] != 15.0 || len(data) != 5 {
		t.Fatalf("got %v, want 15 calls in 5 hours", got)
	}
	for i, row := range data {
		row := row.(map[string]any)
		want := time.Date(2026, 3, 1, 12+i, 0, 0, 0, time.UTC).Format(time.RFC3339)
		if row["hour"] != want || row["operation"] != "getSelf" || row["count"] != float64(i+1) {
			t.Errorf("got %v, want %d calls of getSelf at %s", row, i+1, want)
		}
	}
	got = c.owner.does("getKeyUsage", input{"key": c.memberKey, "from": "2026-03-01T13:59:59Z", "to": "2026-03-01T15:00:00Z"})
	if got["total"] != 5.0 {
		t.Errorf("from 13 to 15 o'clock: got %v, want 2 and 3 calls", got)
	}
	c.owner.fails(api.InputDate, "getKeyUsage", input{"key": c.memberKey, "from": "2026-01-01T00:00:00Z"})
}

func TestAuditRecordsWhoChangedWhat(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.admin.does("updateKey", input{"key": c.memberKey, "name": "renamed", "metadata": map[string]any{"rate": 1.5}})
	all := c.owner.does("listAudit", input{})["data"].([]any)
	e := all[0].(map[string]any)
	actor := e["actor"].(map[string]any)
	if e["action"] != "key.update" || e["target"] != c.memberKey || e["method"] != "key" || text(e, "request_id") == "" ||
		actor["key"] != c.admin.cached.Key || actor["user"] != c.adminUser || actor["created_by"] != c.ownerUser {
		t.Errorf("got %v", e)
	}
	before, after := e["before"].(map[string]any), e["after"].(map[string]any)
	if len(before) != 2 || before["name"] != "member" || len(after) != 2 || after["name"] != "renamed" || after["metadata"].(map[string]any)["rate"] != 1.5 {
		t.Errorf("got %v to %v, want the changed fields", before, after)
	}
	for _, actor := range []string{c.admin.cached.Key, c.adminUser} {
		if got := c.owner.does("listAudit", input{"actor": actor})["data"].([]any); len(got) != 1 {
			t.Errorf("by %s: got %d entries, want 1", actor, len(got))
		}
	}
	if got := c.owner.does("listAudit", input{"actor": c.ownerUser, "key": c.memberKey})["data"].([]any); len(got) != 1 {
		t.Errorf("by the owner to the member's key: got %d entries, want 1", len(got))
	}
	var paged []any
	for after := ""; ; {
		page := c.owner.does("listAudit", input{"limit": "2", "after": after})
		paged = append(paged, page["data"].([]any)...)
		if after = text(page, "next"); after == "" {
			break
		}
	}
	if len(paged) != len(all) {
		t.Errorf("got %d entries page by page, want %d", len(paged), len(all))
	}
}

func TestRemovedMembersKeysAreRevokedHoweverMany(t *testing.T) {
	t.Parallel()
	c := newScenario(t, keystest.Memory(t))
	c.operator.does("updateOrg", input{"org": c.org, "plan": "ENTERPRISE"})
	for i := range 70 { // more than one transaction can revoke, and within both caps
		scope := "read:teams"
		if i < 22 {
			scope = "keys:read"
		}
		c.admin.does("createKey", input{"name": "x", "scopes": []string{scope}})
	}
	c.owner.does("removeMember", input{"org": c.org, "user": c.adminUser})
	c.owner.does("removeMember", input{"org": c.org, "user": c.adminUser}) // a repeat recognises the removal
	c.owner.fails(api.NotFound, "updateMember", input{"org": c.org, "user": c.adminUser, "role": "member"})
	if got := c.owner.does("listKeys", input{"state": "revoked", "limit": "100"})["data"].([]any); len(got) != 71 {
		t.Errorf("got %d revoked keys, want 71", len(got))
	}
	if got := c.owner.does("listMembers", input{"org": c.org})["data"].([]any); len(got) != 2 {
		t.Errorf("got %d members, want 2", len(got))
	}
	if it, err := c.Table.Get(t.Context(), orgs.Key(c.org), true); err != nil || it.Int("members") != 2 {
		t.Errorf("got %d members counted, %v, want 2", it.Int("members"), err)
	}
	if got := len(c.Entries(t, c.org)); got != 1+1+2*2+1+70+71+1 {
		t.Errorf("got %d audit entries", got)
	}
}
