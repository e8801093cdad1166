package keys_test

import (
	"testing"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api"
)

// A request is admitted with its caller's rights of that moment. These tests change the
// caller's key between the admission and the act.

func TestARequestAdmittedBeforeItsKeyWasRestrictedDoesNotUndoTheRestriction(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	bot := w.Key(t, admin.Secret, keys.Spec{Name: "bot", Scopes: []string{"keys:read", "keys:write", "orgs:write"}})
	admitted := w.By(t, bot.Secret)
	update(t, w, admin.Secret, bot.ID, []string{"keys:read", "keys:write"})
	_, _, err := w.Keys.Update(t.Context(), w.By(t, admin.Secret), bot.ID, keys.Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: "1h"}})
	must(t, err)
	end := w.Now().Add(time.Hour)

	_, _, err = w.Keys.Update(t.Context(), admitted, bot.ID, keys.Edit{ExpiresAt: api.Nullable[string]{Sent: true, Null: true}})
	if len(api.ErrorOf(err).Fields["expires_at"]) != 1 {
		t.Errorf("its own expiry lifted: got %v, want expires_at refused", err)
	}
	_, _, err = w.Keys.Update(t.Context(), admitted, bot.ID, keys.Edit{Scopes: []string{"keys:read", "keys:write", "orgs:write"}})
	if got := keystest.Condition(err); got != api.PermissionRole {
		t.Errorf("its own scope restored: got %q (%v)", got, err)
	}
	child, err := w.Keys.Create(t.Context(), admitted, reading("child"))
	if err != nil || child.ExpiresAt == nil || child.ExpiresAt.After(end.Add(time.Second)) {
		t.Errorf("a key made with it: got %v, %v, want no end after %s", child.ExpiresAt, err, end)
	}
	_, err = w.Keys.Create(t.Context(), admitted, keys.Spec{Name: "child", Scopes: []string{"orgs:write"}})
	if got := keystest.Condition(err); got != api.PermissionRole {
		t.Errorf("a key with a scope that it has lost: got %q (%v)", got, err)
	}
}

func TestARequestAdmittedBeforeItsSecretEndedObtainsNoOther(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	ends := map[string]func(id string) error{
		"rotated": func(id string) error {
			_, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), id, "", false)
			return err
		},
		"revoked": func(id string) error {
			_, err := w.Keys.Revoke(t.Context(), w.By(t, admin.Secret), id)
			return err
		},
	}
	for how, end := range ends {
		bot := w.Key(t, admin.Secret, keys.Spec{Name: how, Scopes: []string{"keys:read", "keys:write"}})
		admitted := w.By(t, bot.Secret)
		must(t, end(bot.ID))
		_, err := w.Keys.Rotate(t.Context(), admitted, bot.ID, "", true)
		if got := keystest.Condition(err); got != api.SecretRevoked {
			t.Errorf("%s: rotating itself: got %q (%v)", how, got, err)
		}
		_, err = w.Keys.Create(t.Context(), admitted, reading("child"))
		if got := keystest.Condition(err); got != api.SecretRevoked {
			t.Errorf("%s: making a key: got %q (%v)", how, got, err)
		}
		_, _, err = w.Keys.Update(t.Context(), admitted, bot.ID, keys.Edit{Name: text("mine")})
		if got := keystest.Condition(err); got != api.SecretRevoked {
			t.Errorf("%s: changing itself: got %q (%v)", how, got, err)
		}
	}
	// During an overlap the replaced secret ends, so it no longer takes the key over.
	bot := w.Key(t, admin.Secret, keys.Spec{Name: "overlap", Scopes: []string{"keys:read", "keys:write"}})
	admitted := w.By(t, bot.Secret)
	_, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), bot.ID, "1h", false)
	must(t, err)
	_, err = w.Keys.Rotate(t.Context(), admitted, bot.ID, "", true)
	if got := keystest.Condition(err); got != api.PermissionExpiry {
		t.Errorf("overlap: rotating itself: got %q (%v)", got, err)
	}
}
