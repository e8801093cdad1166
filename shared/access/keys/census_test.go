package keys_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
	"statgate/shared/table"
)

// census returns a deployment's live secrets by version, and how many reads it took.
func census(t *testing.T, w *keystest.Fixture) (found keys.Census, reads int) {
	t.Helper()
	pages := func(ctx context.Context, after string) ([]string, string, error) { // pages of one, so that there are several
		list, next, err := w.Orgs.List(ctx, &api.Caller{Role: api.RoleOperator}, 1, after)
		var ids []string
		for _, o := range list {
			ids = append(ids, o.ID)
		}
		return ids, next, err
	}
	found, err := w.Keys.Census(t.Context(), w.Now(), pages, func(context.Context) error { reads++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return found, reads
}

func counts(c keys.Census) string {
	n := map[string]int{}
	for version, holders := range c {
		n[version] = len(holders)
	}
	return fmt.Sprint(n)
}

func TestCensusCountsEveryLiveSecretUnderItsPepperAndNoOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		root := w.Bootstrap(t)
		_, _, admin := w.Org(t, root.Secret, "Acme", "PRO")
		_, _, idle := w.Org(t, root.Secret, "Idle", "PRO")
		hour := "1h"
		brief := w.Key(t, admin.Secret, keys.Spec{Name: "brief", Scopes: w.Management()[:1], ExpiresIn: &hour})
		gone := w.Key(t, admin.Secret, keys.Spec{Name: "gone", Scopes: w.Management()[:1]})
		if got, _ := census(t, w); counts(got) != "map[1:5]" {
			t.Fatalf("got %s, want map[1:5]", counts(got))
		}
		if _, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), gone.ID); err != nil {
			t.Fatal(err)
		}
		w.Peppers.Rotate(t)
		w.Pass(90 * time.Second)
		authenticate(t, w, admin.Secret, "") // moves to the current version
		if _, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), brief.ID, "10m", false); err != nil {
			t.Fatal(err)
		}
		// 1: the operator's, the idle and the replaced secret; 2: the admin's and the new
		// one.
		if got, _ := census(t, w); counts(got) != "map[1:3 2:2]" || !holds(got["1"], idle.ID) {
			t.Errorf("got %s, want map[1:3 2:2] with the idle key", counts(got))
		}
		w.Pass(11 * time.Minute)
		if got, _ := census(t, w); counts(got) != "map[1:2 2:2]" {
			t.Errorf("after the overlap: got %s, want map[1:2 2:2]", counts(got))
		}
		w.Pass(time.Hour)
		got, reads := census(t, w)
		if counts(got) != "map[1:2 2:1]" {
			t.Errorf("after a key's expiry: got %s, want map[1:2 2:1]", counts(got))
		}
		if want := 3 * 3; reads != want { // three organisations: a page, its keys, their secrets
			t.Errorf("got %d reads, want %d", reads, want)
		}
	})
}

func beginSession(t *testing.T, w *keystest.Fixture, secret string) keys.Opened {
	t.Helper()
	is, err := w.Keys.BeginWithKey(t.Context(), keys.SignIn{RequestID: "r", At: w.Now()}, secret)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// wantCensus compares the numbers of live secrets, and finds holders under pepper 1.
func wantCensus(t *testing.T, w *keystest.Fixture, when, numbers string, listed ...keys.Holder) {
	t.Helper()
	got, _ := census(t, w)
	if counts(got) != numbers {
		t.Errorf("%s: got %s, want %s", when, counts(got), numbers)
	}
	for _, h := range listed {
		if !holdsExactly(got["1"], h) {
			t.Errorf("%s: got %+v, want %+v", when, got["1"], h)
		}
	}
}

// TestCensusListsSessionsWhoseCookieOrAccessTokenNeedsAPepper moves a session to another pepper by
// its renewal. Its earlier access token stays under the one before.
func TestCensusListsSessionsWhoseCookieOrAccessTokenNeedsAPepper(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, keysTable table.Table) {
		w := keystest.New(t, keysTable, "statgate")
		root := w.Bootstrap(t)
		org, _, admin := w.Org(t, root.Secret, "Acme", "PRO")
		other := w.Key(t, admin.Secret, keys.Spec{Name: "other", Scopes: w.Management()[:1]})
		begin := func(secret string) keys.Opened { return beginSession(t, w, secret) }
		want := func(when, numbers string, listed ...keys.Holder) { wantCensus(t, w, when, numbers, listed...) }
		is := begin(admin.Secret)
		if _, err := w.Keys.CreateLink(t.Context(), w.By(t, root.Secret), org.ID, is.Session.User); err != nil {
			t.Fatal(err)
		}
		// A link needs no pepper.
		want("begun", "map[1:4]", keys.Holder{Key: is.Session.ID, Org: org.ID, SessionUntil: is.Session.IdleUntil})
		w.Peppers.Rotate(t)
		w.Pass(90 * time.Second)
		for _, secret := range []string{root.Secret, admin.Secret, other.Secret} {
			authenticate(t, w, secret, "")
		}
		want("rotated", "map[1:1 2:3]", keys.Holder{Key: is.Session.ID, Org: org.ID, SessionUntil: is.Session.IdleUntil})
		if _, err := w.Keys.Renew(t.Context(), w.Now(), is.Cookie); err != nil {
			t.Fatal(err)
		}
		want("renewed", "map[1:1 2:4]", keys.Holder{Key: is.Session.ID, Org: org.ID, TokensUntil: is.ExpiresAt})
		w.Pass(keys.AccessLife)
		want("after the access token", "map[2:4]")
		begin(other.Secret)
		want("two sessions", "map[2:5]")
		if _, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), other.ID); err != nil {
			t.Fatal(err)
		}
		want("one began with a key that is revoked", "map[2:3]")
		if err := w.Keys.EndSessions(t.Context(), w.By(t, admin.Secret), ""); err != nil {
			t.Fatal(err)
		}
		want("ended", "map[2:2]")
		begin(admin.Secret)
		w.Pass(keys.IdleLife - time.Second)
		want("idle", "map[2:3]")
		w.Pass(time.Second)
		want("idle for too long", "map[2:2]")
	})
}

func holds(list []keys.Holder, key string) bool {
	return slices.ContainsFunc(list, func(h keys.Holder) bool { return h.Key == key })
}

func TestRetiredPepperIsUnavailableForLiveSecretsAndRefusesEndedOnes(t *testing.T) {
	t.Parallel()
	for _, contract := range []string{"statgate", "balla"} {
		w := keystest.New(t, keystest.Memory(t), contract)
		root := w.Bootstrap(t)
		year := "365d"
		live := w.Key(t, root.Secret, keys.Spec{Name: "live", Scopes: w.Management()[:1], ExpiresIn: &year})
		revoked := w.Key(t, root.Secret, keys.Spec{Name: "revoked", Scopes: w.Management()[:1], ExpiresIn: &year})
		if _, err := w.Keys.Revoke(t.Context(), w.By(t, root.Secret), revoked.ID); err != nil {
			t.Fatal(err)
		}
		w.Peppers.Rotate(t)
		w.Pass(2 * time.Minute)
		authenticate(t, w, root.Secret, "")
		w.Peppers.Retire(t, "1")
		w.Pass(2 * time.Minute)
		authenticate(t, w, root.Secret, "") // its tag is the root's, which stays
		authenticate(t, w, live.Secret, api.Unavailable)
		authenticate(t, w, revoked.Secret, api.SecretRevoked)
	}
}
