package keys_test

import (
	"slices"
	"strings"
	"testing"

	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// club is an organisation of a contract with personal permissions. Its owner's key comes from
// an operator.
type club struct {
	*keystest.Fixture
	t     *testing.T
	root  string
	org   orgs.Org
	owner string // secret
	admin orgs.Member
	from  keys.Minted // the admin's key, made by an operator
}

// personalScopes reach linked accounts and the owner's own history, and the history of teams.
var personalScopes = []string{"connections.discord:enabled", "matches.user_matches:read", "matches.team_matches:read"}

func newClub(t *testing.T) *club {
	t.Helper()
	c := &club{Fixture: keystest.New(t, keystest.Memory(t), "teambattles"), t: t}
	c.Contract.Keys.MaxOverlap = 3600
	c.root = c.Bootstrap(t).Secret
	org, _, owner := c.Org(t, c.root, "north", "GENERAL")
	c.org, c.owner = org, owner.Secret
	var err error
	c.admin, err = c.Orgs.AddMember(t.Context(), c.By(t, c.owner), org.ID, "admin@north.example", "admin")
	must(t, err)
	c.from = c.key(c.root, "from the operator", append(c.Management(), personalScopes...)...)
	return c
}

// key makes a key for the admin.
func (c *club) key(by, name string, scopes ...string) keys.Minted {
	c.t.Helper()
	return c.Key(c.t, by, keys.Spec{Name: name, Org: &c.org.ID, User: &c.admin.User, Scopes: scopes})
}

func (c *club) rotated(by, id, overlap string) string {
	c.t.Helper()
	r, err := c.Keys.Rotate(c.t.Context(), c.By(c.t, by), id, overlap, true)
	must(c.t, err)
	return r.Secret
}

// reaches checks whether a secret reaches what is personal, for the authorizer and for the gate
// with the caller of an older policy. It always reaches the team's history.
func (c *club) reaches(what, secret string, want bool) {
	c.t.Helper()
	caller, err := c.Keys.Authenticate(c.t.Context(), secret)
	must(c.t, err)
	for _, operation := range []string{"getConnections", "listContests", "listUserContests", "listTeamContests"} {
		route, _ := api.Find(operation)
		allowed := want || operation == "listTeamContests"
		if route.Allowed(caller.Permissions) != allowed {
			c.t.Errorf("%s: %s: permissions %v, want it allowed: %v", what, operation, caller.Permissions, allowed)
		}
		_, err := c.Gate.Admit(c.t.Context(), caller, route, contract.Requests)
		if (err == nil) != allowed || !allowed && !strings.Contains(err.Error(), "must rotate the key") {
			c.t.Errorf("%s: %s: got %v, want admission %v", what, operation, err, allowed)
		}
	}
	self, err := c.Keys.Self(c.t.Context(), c.Request(caller))
	if err != nil || self.Unclaimed == want || slices.Contains(self.Operations, "getConnections") != want {
		c.t.Errorf("%s: getSelf: got unclaimed %v and %v, %v", what, self.Unclaimed, self.Operations, err)
	}
}

func TestAKeyThatAnotherMemberMadeReachesNothingPersonalUntilItsOwnerRotatesIt(t *testing.T) {
	t.Parallel()
	c := newClub(t)
	c.reaches("made by an operator", c.from.Secret, true)
	own := c.key(c.from.Secret, "own", personalScopes...)
	c.reaches("made by its owner", own.Secret, true)
	theirs := c.key(c.owner, "theirs", append(c.Management(), personalScopes...)...)
	c.reaches("made by another member", theirs.Secret, false)
	c.reaches("made with that key", c.key(theirs.Secret, "with it", personalScopes...).Secret, false)
	c.reaches("a token made with it", derive(t, c.Fixture, theirs.Secret, "").Token, false)
	self := c.rotated(theirs.Secret, theirs.ID, "0s")
	c.reaches("rotated with itself", self, false)
	claimed := c.rotated(c.from.Secret, theirs.ID, "1h")
	c.reaches("rotated with a key of its owner", claimed, true)
	c.reaches("the replaced secret, in its overlap", self, false)
	c.reaches("a token made with the new secret", derive(t, c.Fixture, claimed, "").Token, true)
	c.reaches("a token made with the replaced secret", derive(t, c.Fixture, self, "").Token, false)
}

func TestAnotherMembersRotationTakesWhatIsPersonalFromTheKey(t *testing.T) {
	t.Parallel()
	c := newClub(t)
	own := c.key(c.from.Secret, "own", personalScopes...)
	seized := c.rotated(c.owner, own.ID, "1h")
	c.reaches("rotated by another member", seized, false)
	c.reaches("the owner's secret, in its overlap", own.Secret, true)
	c.reaches("rotated by its owner again", c.rotated(c.from.Secret, own.ID, "0s"), true)
	c.reaches("rotated by an operator", c.rotated(c.root, own.ID, "0s"), true)
}

func TestImportedKeysReachWhatIsPersonal(t *testing.T) {
	t.Parallel()
	c := newClub(t)
	secret := "tb_" + strings.Repeat("0", 64)
	i := startImport(t, c.Fixture, keys.ImportOptions{})
	if _, err := i.Row(t.Context(), 1, keys.Foreign{SHA256: apikey.Hash(secret), Org: c.org.ID, Owner: "admin@north.example", Scopes: personalScopes}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // stored by its hash, and then by a MAC
		c.reaches("imported", secret, true)
	}
}

func TestASecretStoredBeforeTheMarkIsMarkedByItsKeysMaker(t *testing.T) {
	t.Parallel()
	c := newClub(t)
	for name, want := range map[string]bool{c.owner: false, c.from.Secret: true} {
		k := c.key(name, "old", personalScopes...)
		at := table.Key{Partition: "SECRET#" + apikey.ID(k.Secret), Sort: "SECRET"}
		if _, err := c.Table.Write(t.Context(), table.Update(at, []table.Action{table.Remove("personal")}, table.Exists("personal"))); err != nil {
			t.Fatal(err)
		}
		c.reaches("an old secret", k.Secret, want)
	}
}
