package keys_test

import (
	"strings"
	"testing"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// The person who has the address of a member may sign in as them. An admin can set that address to their
// own, so the session that follows must not reach what is the member's alone.
func TestSessionByAnAddressEndsWithItAndOneThatAnAdminSetIsNotTheMembersOwn(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "teambattles")
	operator := w.Bootstrap(t).Secret
	org, _, admin := w.Org(t, operator, "north", "GENERAL")
	m, err := w.Orgs.AddMember(t.Context(), w.By(t, operator), org.ID, "Ada@example.com", api.RoleMember)
	must(t, err)
	begin := func(email string) keys.Opened {
		t.Helper()
		o, err := w.Keys.BeginAs(t.Context(), keys.SignIn{RequestID: "begin", At: w.Now()}, org.ID, m.User, email)
		must(t, err)
		return o
	}
	move := func(by, email string) {
		t.Helper()
		_, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, by), org.ID, m.User, orgs.MemberEdit{Email: text(email)})
		must(t, err)
	}
	own := func(o keys.Opened, want bool, when string) {
		t.Helper()
		if got := !w.By(t, o.AccessToken).Caller.Unclaimed; got != want {
			t.Errorf("%s: the session is the member's own: got %v, want %v", when, got, want)
		}
	}
	first := begin("ada@example.com")
	move(admin.Secret, strings.ToLower("Ada@example.com"))
	own(first, true, "after a change of case")
	move(admin.Secret, "admin@example.com")
	if _, err := w.Keys.Authenticate(t.Context(), first.AccessToken); keystest.Condition(err) != api.SecretRevoked {
		t.Errorf("token of a session by the old address: got %v, want it revoked", err)
	}
	if _, err := w.Keys.Renew(t.Context(), w.Now(), first.Cookie); keystest.Condition(err) != api.SecretRevoked {
		t.Errorf("renewal of a session by the old address: got %v, want it revoked", err)
	}
	own(begin("admin@example.com"), false, "at an address that an admin set")
	must(t, w.Orgs.Connect(t.Context(), w.By(t, operator), org.ID, m.User, []orgs.Account{{Platform: "github", ID: "1", Name: "ada"}}))
	own(begin("admin@example.com"), true, "after an operator set the member's accounts")
	move(admin.Secret, "again@example.com")
	own(begin("again@example.com"), false, "at the next address that an admin set")
	move(operator, "ada@example.com")
	own(begin("ada@example.com"), true, "at an address that an operator set")
}
