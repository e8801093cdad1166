package keys_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// derive makes a token of the key of a secret; with life "" it has the default life.
func derive(t *testing.T, w *keystest.Fixture, secret, life string, scopes ...string) keys.Token {
	t.Helper()
	spec := keys.TokenSpec{Scopes: scopes}
	if life != "" {
		spec.ExpiresIn = &life
	}
	token, err := w.Keys.Derive(t.Context(), w.By(t, secret), spec)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// parent is a client key that reads matches and leagues, of an organisation's member.
type parent struct {
	*keystest.Fixture
	org   orgs.Org
	admin keys.Minted
	user  orgs.Member
	key   keys.Minted
}

func newParent(t *testing.T, keysTable table.Table) *parent {
	t.Helper()
	p := &parent{Fixture: keystest.New(t, keysTable, "statgate")}
	p.org, _, p.admin = p.Org(t, p.Bootstrap(t).Secret, "north", "TEAM")
	var err error
	if p.user, err = p.Orgs.AddMember(t.Context(), p.By(t, p.admin.Secret), p.org.ID, "m@north.example", "member"); err != nil {
		t.Fatal(err)
	}
	p.key = p.Key(t, p.admin.Secret, keys.Spec{Name: "bot", User: &p.user.User, Scopes: []string{"read:matches", "read:leagues"}})
	return p
}

func TestTokenIsItsKeyNarrowed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		p := newParent(t, keysTable)
		token := derive(t, p.Fixture, p.key.Secret, "15m", "read:matches", "read:matches")
		if token.Key != p.key.ID || !reflect.DeepEqual(token.Scopes, []string{"read:matches"}) || token.ExpiresAt.Sub(token.CreatedAt) != 15*time.Minute {
			t.Errorf("got %+v", token)
		}
		c, err := p.Keys.Authenticate(t.Context(), token.Token)
		if err != nil {
			t.Fatal(err)
		}
		want, err := p.Keys.Authenticate(t.Context(), p.key.Secret)
		if err != nil {
			t.Fatal(err)
		}
		want.Secret, want.Token, want.NotAfter = apikey.ID(token.Token), true, token.ExpiresAt
		want.Scopes, want.Permissions = []string{"read:matches"}, []string{"matches:read"}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("got %+v, want %+v", c, want)
		}
		again, err := p.Keys.Resolve(t.Context(), c.Secret)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("read again: got %+v, %v, want %+v", again, err, c)
		}
		usual := derive(t, p.Fixture, p.key.Secret, "")
		if !reflect.DeepEqual(usual.Scopes, p.key.Scopes) || usual.ExpiresAt.Sub(usual.CreatedAt) != time.Hour {
			t.Errorf("by default: got %+v", usual)
		}
		e := p.Entries(t, p.org.ID)[1]
		text, _ := json.Marshal(e)
		if e.Action != "token.create" || e.Target != p.key.ID || *e.Actor.Key != p.key.ID || e.After["token"] != c.Secret || strings.Contains(string(text), token.Token[8:]) {
			t.Errorf("audit: got %s", text)
		}
	})
}

// endings end a token's key or parent; the value is the error of its next request.
var endings = map[string]struct {
	end  func(t *testing.T, p *parent)
	want string
}{
	"its own expiry": {func(_ *testing.T, p *parent) { p.Pass(30 * time.Minute) }, api.SecretExpired},
	"the key's revocation": {func(t *testing.T, p *parent) {
		_, err := p.Keys.Revoke(t.Context(), p.By(t, p.admin.Secret), p.key.ID)
		must(t, err)
	}, api.SecretRevoked},
	"an earlier expiry of the key": {func(t *testing.T, p *parent) {
		_, _, err := p.Keys.Update(t.Context(), p.By(t, p.admin.Secret), p.key.ID, keys.Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: "5m"}})
		must(t, err)
		authenticate(t, p.Fixture, p.key.Secret, "")
		p.Pass(5*time.Minute + time.Second)
	}, api.SecretExpired},
	"a rotation without overlap": {func(t *testing.T, p *parent) {
		_, err := p.Keys.Rotate(t.Context(), p.By(t, p.admin.Secret), p.key.ID, "0s", false)
		must(t, err)
	}, api.SecretRevoked},
	"the end of an overlap": {func(t *testing.T, p *parent) {
		_, err := p.Keys.Rotate(t.Context(), p.By(t, p.admin.Secret), p.key.ID, "10m", false)
		must(t, err)
		p.Pass(9 * time.Minute)
		authenticate(t, p.Fixture, p.key.Secret, "")
		p.Pass(time.Minute + time.Second)
	}, api.SecretExpired},
	"the owner's removal": {func(t *testing.T, p *parent) {
		must(t, p.Orgs.RemoveMember(t.Context(), p.By(t, p.admin.Secret), p.org.ID, p.user.User))
	}, api.SecretRevoked},
	"the owner's suspension": {func(t *testing.T, p *parent) {
		_, _, err := p.Orgs.UpdateMember(t.Context(), p.By(t, p.admin.Secret), p.org.ID, p.user.User, orgs.MemberEdit{State: text(orgs.Suspended)})
		must(t, err)
	}, api.Suspended},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestATokenEndsWithItsKeyOrParent(t *testing.T) {
	t.Parallel()
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParent(t, keystest.Memory(t))
			token := derive(t, p.Fixture, p.key.Secret, "30m")
			cached, err := p.Keys.Authenticate(t.Context(), token.Token)
			must(t, err)
			route, _ := api.Find("listMatches")
			if _, err := p.Gate.Admit(t.Context(), cached, route, contract.Requests); err != nil {
				t.Fatal(err)
			}
			c.end(t, p)
			// With the caller that API Gateway has cached.
			_, err = p.Gate.Admit(t.Context(), cached, route, contract.Requests)
			if got := keystest.Condition(err); got != c.want {
				t.Errorf("the next request: got %q (%v), want %q", got, err, c.want)
			}
			if c.want != api.Suspended {
				authenticate(t, p.Fixture, token.Token, c.want)
			}
		})
	}
}

func TestTokenMayNeverDoMoreThanItsKey(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "balla") // where a verb alone reaches further than a verb of one resource
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	sets := [][]string{{"read"}, {"matches"}, {"read", "matches"}, {"write", "matches"}, {"read", "write", "teams"}, {"read", "keys:read", "stats"}}
	key := w.Key(t, admin.Secret, keys.Spec{Name: "bot", Scopes: sets[0]})
	checked := 0
	for _, had := range sets {
		update(t, w, admin.Secret, key.ID, had)
		for _, asked := range append(sets, nil) {
			token, err := w.Keys.Derive(t.Context(), w.By(t, key.Secret), keys.TokenSpec{Scopes: asked})
			if err != nil {
				continue // not a part of the key's
			}
			for _, has := range sets {
				update(t, w, admin.Secret, key.ID, has)
				mine, err := w.Keys.Authenticate(t.Context(), key.Secret)
				if err != nil {
					t.Fatal(err)
				}
				its, err := w.Keys.Authenticate(t.Context(), token.Token)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range api.Routes {
					if len(r.Permissions) > 0 && r.Allowed(its.Permissions) && (!r.Allowed(mine.Permissions) || r.Management) {
						t.Errorf("key %v, then %v; token %v: reaches %s", had, has, asked, r.Operation)
					}
					checked++
				}
			}
			update(t, w, admin.Secret, key.ID, had)
		}
	}
	if checked < 1000 {
		t.Errorf("%d cases: too few tokens were made", checked)
	}
}

func update(t *testing.T, w *keystest.Fixture, by, id string, scopes []string) {
	t.Helper()
	if _, _, err := w.Keys.Update(t.Context(), w.By(t, by), id, keys.Edit{Scopes: scopes}); err != nil {
		t.Fatal(err)
	}
}

func TestTokensAreRefusedOperationsThatNeedTheKeyItself(t *testing.T) {
	t.Parallel()
	p := newParent(t, keystest.Memory(t))
	token := derive(t, p.Fixture, p.key.Secret, "")
	by := p.By(t, token.Token)
	for _, operation := range []string{"createToken", "revokeSelf"} {
		route, _ := api.Find(operation)
		if _, err := p.Gate.Admit(t.Context(), by.Caller, route, contract.Requests); keystest.Condition(err) != api.PermissionToken {
			t.Errorf("%s with a token: got %v, want it refused", operation, err)
		}
	}
	self, err := p.Keys.Self(t.Context(), by)
	if err != nil || !self.Token {
		t.Errorf("self: got %+v, %v", self, err)
	}
	for operation, want := range map[string]bool{"listMatches": true, "getSelf": true, "listTeams": false, "createToken": false, "revokeSelf": false, "listKeys": false} {
		if got := slices.Contains(self.Operations, operation); got != want {
			t.Errorf("self: operations contain %s: got %v, want %v", operation, got, want)
		}
	}
	for field, spec := range map[string]keys.TokenSpec{
		"scopes":                {Scopes: []string{"read:teams"}}, // not the key's
		"scopes empty":          {Scopes: []string{}},             // which would be all of the key's
		"scopes blank":          {Scopes: []string{"read:matches", ""}},
		"expires_in short":      {ExpiresIn: text("59s")},
		"expires_in long":       {ExpiresIn: text("86401s")},
		"expires_in unreadable": {ExpiresIn: text("soon")},
	} {
		_, err := p.Keys.Derive(t.Context(), p.By(t, p.key.Secret), spec)
		name, _, _ := strings.Cut(field, " ")
		if keystest.Condition(err) != api.InputField || len(api.ErrorOf(err).Fields[name]) != 1 {
			t.Errorf("%s: got %v", field, err)
		}
	}
	// Neither by name nor by default does a token manage keys.
	for _, scopes := range [][]string{nil, {"keys:read"}} {
		_, err := p.Keys.Derive(t.Context(), p.By(t, p.admin.Secret), keys.TokenSpec{Scopes: scopes})
		if keystest.Condition(err) != api.InputField {
			t.Errorf("a management key's token with %v: got %v", scopes, err)
		}
	}
}

func text(s string) *string { return &s }

func TestTokenEndsNoLaterThanTheSecretThatMadeIt(t *testing.T) {
	t.Parallel()
	p := newParent(t, keystest.Memory(t))
	if _, err := p.Keys.Rotate(t.Context(), p.By(t, p.admin.Secret), p.key.ID, "10m", false); err != nil {
		t.Fatal(err)
	}
	token := derive(t, p.Fixture, p.key.Secret, "24h")
	if left := token.ExpiresAt.Sub(token.CreatedAt); left > 10*time.Minute+time.Second {
		t.Errorf("got a token for %v of a secret that expires in 10m", left)
	}
}

func TestRepeatedIdempotencyKeyNeverMakesASecondToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		p := newParent(t, keysTable)
		got := runConcurrently(10, func(int) error {
			r := p.By(t, p.key.Secret)
			r.IdempotencyKey = "once"
			_, err := p.Keys.Derive(context.Background(), r, keys.TokenSpec{})
			return err
		})
		if got[""] != 1 || got[api.ConflictRepeat] != 9 {
			t.Errorf("got %v, want one token and 9 repeats", got)
		}
		made := 0
		for _, e := range p.Entries(t, p.org.ID) {
			if e.Action == "token.create" {
				made++
			}
		}
		if made != 1 {
			t.Errorf("got %d audit entries, want 1", made)
		}
	})
}

func TestTheCensusListsUntilWhenTokensNeedAPepper(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		p := newParent(t, keysTable)
		long := derive(t, p.Fixture, p.key.Secret, "10h")
		derive(t, p.Fixture, p.key.Secret, "5m")
		p.Peppers.Rotate(t)
		p.Pass(90 * time.Second)
		for _, secret := range []string{p.admin.Secret, p.key.Secret} {
			authenticate(t, p.Fixture, secret, "")
		}
		authenticate(t, p.Fixture, long.Token, "") // stays under its pepper
		derive(t, p.Fixture, p.key.Secret, "1m")
		got, _ := census(t, p.Fixture)
		if counts(got) != "map[1:2 2:3]" { // the operator's key and tokens; two keys and a token
			t.Fatalf("got %s", counts(got))
		}
		if want := (keys.Holder{Key: p.key.ID, Org: p.org.ID, TokensUntil: long.ExpiresAt}); !holdsExactly(got["1"], want) {
			t.Errorf("got %+v, want %+v", got["1"], want)
		}
		p.Pass(10 * time.Hour)
		if got, _ := census(t, p.Fixture); counts(got) != "map[1:1 2:2]" {
			t.Errorf("after their expiry: got %s", counts(got))
		}
	})
}

func holdsExactly(list []keys.Holder, want keys.Holder) bool {
	for _, h := range list {
		if h == want {
			return true
		}
	}
	return false
}
