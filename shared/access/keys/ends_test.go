package keys_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// heirs are a secret that ends, and all secrets that were obtained with it or with one of them.
type heirs struct {
	*keystest.Fixture
	t       *testing.T
	end     time.Time
	secrets []string
	keys    []string // ids of all keys of the organisation, the heirs' and others
	done    map[string]int
}

// by returns a request of one of the heirs that is still valid; nil if none is.
func (h *heirs) by(rt *rapid.T) *api.Request {
	var valid []*api.Caller
	for _, secret := range h.secrets {
		if c, err := h.Keys.Authenticate(h.t.Context(), secret); err == nil {
			valid = append(valid, c)
		}
	}
	if len(valid) == 0 {
		return nil
	}
	return h.Request(rapid.SampledFrom(valid).Draw(rt, "caller"))
}

// life draws an expiry: none, a duration or a time, some of them later than the heirs' end.
func (h *heirs) life(rt *rapid.T) (in, at *string) {
	away := time.Duration(rapid.IntRange(1, 7200).Draw(rt, "away")) * time.Second
	switch rapid.IntRange(0, 2).Draw(rt, "expiry") {
	case 0:
		in = text(fmt.Sprintf("%ds", away/time.Second))
	case 1:
		at = text(h.Now().Add(away).Format(time.RFC3339))
	}
	return in, at
}

func (h *heirs) create(rt *rapid.T, r *api.Request) error {
	in, at := h.life(rt)
	scopes := append(h.Management(), "read:matches")[rapid.IntRange(0, len(h.Management())).Draw(rt, "from"):]
	made, err := h.Keys.Create(h.t.Context(), r, keys.Spec{Name: "heir", Scopes: scopes, ExpiresIn: in, ExpiresAt: at})
	if err == nil {
		h.secrets, h.keys = append(h.secrets, made.Secret), append(h.keys, made.ID)
	}
	return err
}

func (h *heirs) update(rt *rapid.T, r *api.Request) error {
	in, at := h.life(rt)
	e := keys.Edit{ExpiresAt: api.Nullable[string]{Sent: true, Null: true}}
	switch {
	case in != nil:
		e = keys.Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: *in}}
	case at != nil:
		e = keys.Edit{ExpiresAt: api.Nullable[string]{Sent: true, Value: *at}}
	}
	_, _, err := h.Keys.Update(h.t.Context(), r, rapid.SampledFrom(h.keys).Draw(rt, "key"), e)
	return err
}

func (h *heirs) rotate(rt *rapid.T, r *api.Request) error {
	overlap := rapid.SampledFrom([]string{"0s", "10s", "2h"}).Draw(rt, "overlap")
	made, err := h.Keys.Rotate(h.t.Context(), r, rapid.SampledFrom(h.keys).Draw(rt, "key"), overlap, rapid.Bool().Draw(rt, "force"))
	if err == nil {
		h.secrets = append(h.secrets, made.Secret)
	}
	return err
}

func (h *heirs) token(rt *rapid.T, r *api.Request) error {
	made, err := h.Keys.Derive(h.t.Context(), r, keys.TokenSpec{ExpiresIn: text(rapid.SampledFrom([]string{"1m", "24h"}).Draw(rt, "life"))})
	if err == nil {
		h.secrets = append(h.secrets, made.Token)
	}
	return err
}

func (h *heirs) check(rt *rapid.T) {
	if h.Now().Before(h.end) {
		return
	}
	for _, secret := range h.secrets {
		if c, err := h.Keys.Authenticate(h.t.Context(), secret); err == nil {
			rt.Fatalf("%s after their end, key %s still works (token: %v, until %s)", h.Now().Sub(h.end), c.Key, c.Token, c.NotAfter)
		}
	}
}

// newHeirs returns a secret that ends: that of a key with an expiry, or one that a rotation has
// replaced. The organisation has keys without an end beside it.
func newHeirs(t *testing.T, rt *rapid.T, w *keystest.Fixture, root string, done map[string]int) *heirs {
	h := &heirs{Fixture: w, t: t, done: done}
	o, owner, err := w.Orgs.Create(t.Context(), w.By(t, root), orgs.Spec{Name: "north", Plan: "ENTERPRISE", Owner: "owner@north.example"})
	must(t, err)
	admin := w.Key(t, root, keys.Spec{Name: "admin", Scopes: w.Management(), Org: &o.ID})
	bot := w.Key(t, admin.Secret, keys.Spec{Name: "bot", Scopes: []string{"read:matches"}, User: &owner.User})
	life := time.Duration(rapid.IntRange(60, 3600).Draw(rt, "life")) * time.Second
	h.end = w.Now().Truncate(time.Second).Add(life + time.Second)
	h.keys = []string{admin.ID, bot.ID}
	in := fmt.Sprintf("%ds", life/time.Second)
	if rapid.Bool().Draw(rt, "replaced") {
		_, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), admin.ID, in, false)
		must(t, err)
		h.secrets = []string{admin.Secret}
		return h
	}
	first := w.Key(t, admin.Secret, keys.Spec{Name: "first", Scopes: append(w.Management(), "read:matches"), ExpiresIn: &in})
	h.secrets, h.keys = []string{first.Secret}, append(h.keys, first.ID)
	return h
}

func TestNothingObtainedWithASecretThatEndsOutlivesIt(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	root := w.Bootstrap(t).Secret
	done := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		h := newHeirs(t, rt, w, root, done)
		steps := map[string]func(*rapid.T, *api.Request) error{"create": h.create, "update": h.update, "rotate": h.rotate, "token": h.token}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			name := rapid.SampledFrom([]string{"create", "update", "rotate", "token", "pass"}).Draw(rt, "step")
			if name == "pass" {
				w.Pass(time.Duration(rapid.IntRange(1, 900).Draw(rt, "seconds")) * time.Second)
			} else if r := h.by(rt); r != nil {
				if err := steps[name](rt, r); err == nil {
					done[name]++
				} else if c := keystest.Condition(err); c == api.Internal || c == api.Unavailable {
					rt.Fatalf("%s: %v", name, err)
				}
			}
			h.check(rt)
		}
		w.Pass(max(0, h.end.Sub(w.Now())))
		h.check(rt)
	})
	for _, name := range []string{"create", "update", "rotate", "token"} {
		if done[name] < 5 {
			t.Errorf("%s succeeded %d times: the sequences prove too little", name, done[name])
		}
	}
}

func TestAnEarlierEndOfTheMakerBoundsTheExpiryByField(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	hour := "1h"
	temp := w.Key(t, admin.Secret, keys.Spec{Name: "temp", Scopes: []string{"keys:read", "keys:write"}, ExpiresIn: &hour})
	lasting := w.Key(t, admin.Secret, reading("lasting"))
	end := *temp.ExpiresAt
	created := func(in, at *string) (keys.Minted, error) {
		spec := reading("made")
		spec.ExpiresIn, spec.ExpiresAt = in, at
		return w.Keys.Create(t.Context(), w.By(t, temp.Secret), spec)
	}
	if k, err := created(nil, nil); err != nil || k.ExpiresAt == nil || !k.ExpiresAt.Equal(end) {
		t.Errorf("without an expiry: got %v, %v, want the maker's end %s", k.ExpiresAt, err, end)
	}
	if k, err := created(nil, text(end.Format(time.RFC3339))); err != nil || !k.ExpiresAt.Equal(end) {
		t.Errorf("at the maker's end: got %v, %v", k.ExpiresAt, err)
	}
	wantField := func(what, field string, err error) {
		t.Helper()
		if keystest.Condition(err) != api.InputField || len(api.ErrorOf(err).Fields[field]) != 1 {
			t.Errorf("%s: got %v, want %s refused", what, err, field)
		}
	}
	_, err := created(text("61m"), nil)
	wantField("a later life", "expires_in", err)
	_, err = created(nil, text(end.Add(time.Second).Format(time.RFC3339)))
	wantField("a second later", "expires_at", err)
	edited := func(id string, e keys.Edit) error {
		_, _, err := w.Keys.Update(t.Context(), w.By(t, temp.Secret), id, e)
		return err
	}
	none, day, soon := api.Nullable[string]{Sent: true, Null: true}, api.Nullable[string]{Sent: true, Value: "1d"}, api.Nullable[string]{Sent: true, Value: "30m"}
	wantField("its own expiry lifted", "expires_at", edited(temp.ID, keys.Edit{ExpiresAt: none}))
	wantField("its own expiry lifted", "expires_in", edited(temp.ID, keys.Edit{ExpiresIn: none}))
	wantField("its own expiry moved", "expires_in", edited(temp.ID, keys.Edit{ExpiresIn: day}))
	must(t, edited(lasting.ID, keys.Edit{ExpiresIn: day})) // earlier than before, although later than the caller's
	must(t, edited(lasting.ID, keys.Edit{ExpiresIn: soon}))
	wantField("another's expiry moved", "expires_in", edited(lasting.ID, keys.Edit{ExpiresIn: day}))
	wantField("another's expiry lifted", "expires_at", edited(lasting.ID, keys.Edit{ExpiresAt: none}))
	must(t, edited(temp.ID, keys.Edit{ExpiresIn: soon}))
	_, _, err = w.Keys.Update(t.Context(), w.By(t, admin.Secret), temp.ID, keys.Edit{ExpiresAt: none}) // by a key without an end
	must(t, err)
}

func TestACallerThatEndsNeitherRotatesNorEmpowersAKeyThatLastsLonger(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	hour := "1h"
	temp := w.Key(t, admin.Secret, keys.Spec{Name: "temp", Scopes: []string{"keys:read", "keys:write"}, ExpiresIn: &hour})
	lasting := w.Key(t, admin.Secret, reading("lasting"))
	_, err := w.Keys.Rotate(t.Context(), w.By(t, temp.Secret), lasting.ID, "", false)
	if got := keystest.Condition(err); got != api.PermissionExpiry {
		t.Errorf("rotating a key that lasts longer: got %q (%v)", got, err)
	}
	_, _, err = w.Keys.Update(t.Context(), w.By(t, temp.Secret), lasting.ID, keys.Edit{Scopes: []string{"read:matches", "keys:write"}})
	if got := keystest.Condition(err); got != api.PermissionExpiry {
		t.Errorf("a management scope for a key that lasts longer: got %q (%v)", got, err)
	}
	update(t, w, temp.Secret, lasting.ID, []string{"read:matches", "read:teams"})
	own, err := w.Keys.Rotate(t.Context(), w.By(t, temp.Secret), temp.ID, "", false)
	if err != nil || !own.ExpiresAt.Equal(*temp.ExpiresAt) {
		t.Errorf("rotating itself: got %v, %v, want the same end", own.ExpiresAt, err)
	}
	// A replaced secret does not take the key over.
	rotated, err := w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), admin.ID, "1h", false)
	must(t, err)
	_, err = w.Keys.Rotate(t.Context(), w.By(t, admin.Secret), admin.ID, "", true)
	if got := keystest.Condition(err); got != api.PermissionExpiry {
		t.Errorf("a replaced secret rotates its key: got %q (%v)", got, err)
	}
	authenticate(t, w, rotated.Secret, "")
}

func TestAChoiceOfLifeIsShortenedToTheMakersEnd(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "fullengage")
	_, _, admin := newOrg(t, w, "STANDARD") // for 90 days
	for life, days := range map[string]int{"30d": 30, "60d": 60, "90d": 90, "1y": 90} {
		w.Pass(time.Minute)
		k := w.Key(t, admin.Secret, keys.Spec{Name: life, ExpiresIn: text(life)})
		if want := k.CreatedAt.Add(time.Duration(days) * 24 * time.Hour); k.ExpiresAt.After(want) || k.ExpiresAt.After(*admin.ExpiresAt) || days < 90 && !k.ExpiresAt.Equal(want) {
			t.Errorf("%s: got %s, want %d days at most, and no later than %s", life, k.ExpiresAt, days, admin.ExpiresAt)
		}
	}
	_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), keys.Spec{Name: "later", ExpiresAt: text(admin.ExpiresAt.Add(time.Second).Format(time.RFC3339))})
	if len(api.ErrorOf(err).Fields["expires_at"]) != 1 {
		t.Errorf("a later time: got %v, want expires_at refused", err)
	}
	_, _, err = w.Keys.Update(t.Context(), w.By(t, admin.Secret), admin.ID, keys.Edit{ExpiresIn: api.Nullable[string]{Sent: true, Value: "1y"}})
	if len(api.ErrorOf(err).Fields["expires_in"]) != 1 {
		t.Errorf("its own end moved: got %v, want expires_in refused", err)
	}
}
