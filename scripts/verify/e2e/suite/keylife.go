package suite

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"statgate/shared/api"
)

func keyLife() []Case {
	return []Case{
		{ID: "key.create", Says: "a new key works at once, and is shown with its last characters but never with its secret", Run: keyCreate},
		{ID: "key.self", Says: "a key can tell who it is, what it may call and what is left", Run: keySelf},
		{ID: "key.repeat", Says: "creating repeated with an Idempotency-Key makes one key and names it", Run: keyRepeat},
		{ID: "key.edit", Says: "name and metadata can be changed, and nothing else changes with them", Run: keyEdit},
		{ID: "key.scope-cut", Says: "a scope that is taken away is gone on the very next request", Run: keyScopeCut},
		{ID: "key.revoke", Says: "a revoked key is refused on the very next request, and revoking is final", Run: keyRevoke},
		{ID: "key.revoke-self", Says: "whoever holds a key can revoke it, and it is refused on the very next request", Run: keyRevokeSelf},
		{ID: "key.revoke-load", Says: "of calls in full flight, none that begins after a revocation's answer is admitted", Run: keyRevokeLoad},
	}
}

// warm calls often enough for the deployment to have cached what the key may do.
func (t *T) warm(secret string, d door) {
	for range 2 {
		t.must(t.knock(secret, d), http.StatusOK)
	}
}

func keyCreate(t *T) {
	d := t.door()
	spec := in{"name": "made", "scopes": d.scopes, "metadata": in{"of": "the run"}}
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	made := t.op(t.home.admin, "createKey", spec)
	t.must(made, http.StatusCreated)
	secret, id := made.text("secret"), made.text("id")
	t.must(t.knock(secret, d), http.StatusOK)
	seen := t.does(t.home.admin, "getKey", in{"key": id})
	for name, want := range map[string]string{"id": id, "name": "made", "state": "active", "prefix": made.text("prefix"), "user": t.home.owner, "plan": t.largest().Name} {
		if got := seen.text(name); got != want {
			t.Errorf("getKey: %s is %q, want %q", name, got, want)
		}
	}
	if last := seen.text("last_four"); !strings.HasSuffix(secret, last) || !strings.HasPrefix(secret, seen.text("prefix")) || seen.value("secret") != nil {
		t.Errorf("getKey: shows prefix %q, last characters %q, or the secret", seen.text("prefix"), last)
	}
	if seen.text("metadata", "of") != "the run" || seen.text("last_used_at") == "" {
		t.Errorf("getKey: metadata %v, last used %q", seen.value("metadata"), seen.text("last_used_at"))
	}
	found := t.listed(t.home.admin, "listKeys", in{"state": "active"})
	if !slices.ContainsFunc(found, func(k map[string]any) bool { return k["id"] == id }) {
		t.Errorf("listKeys: the new key is not among %d", len(found))
	}
}

func keySelf(t *T) {
	d := t.door()
	k := t.clientKey(d)
	self := t.does(k.secret, "getSelf", nil)
	if self.text("id") != k.id || self.text("org") != t.home.id || self.text("role") != "owner" {
		t.Errorf("getSelf: id %q, org %q, role %q", self.text("id"), self.text("org"), self.text("role"))
	}
	var got []string
	list, _ := self.value("operations").([]any)
	for _, one := range list {
		name, _ := one.(string)
		got = append(got, name)
	}
	var want []string
	for _, r := range t.keyed() {
		if t.opens(d.scopes, r) {
			want = append(want, r.Operation)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("getSelf: operations %q, want %q", got, want)
	}
	if self.number("usage", "window", "limit") != float64(limit(t.largest())) {
		t.Errorf("getSelf: the limit is %v, want %d", self.number("usage", "window", "limit"), limit(t.largest()))
	}
}

func keyRepeat(t *T) {
	d := t.door()
	token := "repeat-" + t.mark
	spec := in{"name": t.id, "scopes": d.scopes}
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	var made atomic.Int64
	t.each(6, func(int) {
		r := t.op(t.home.admin, "createKey", spec, "Idempotency-Key", token)
		if r.Status == http.StatusCreated {
			made.Add(1)
			return
		}
		t.refused(r, api.ConflictRepeat)
	})
	if made.Load() != 1 {
		t.Fatalf("6 calls with one Idempotency-Key made %d keys", made.Load())
	}
	late := t.op(t.home.admin, "createKey", spec, "Idempotency-Key", token)
	t.refused(late, api.ConflictRepeat)
	id := ""
	for _, k := range t.listed(t.home.admin, "listKeys", in{"state": "active"}) {
		if k["name"] == t.id {
			id = textOf(k, "id")
		}
	}
	details, named := slot(t.contract.Shapes.Error, late.value(), "details"), false
	if text, ok := slot(t.contract.Shapes.Error, late.value(), "summary").(string); ok {
		named = strings.Contains(text, id) // a contract whose details are a text
	} else {
		named = within(details, "key") == id
	}
	if id == "" || !named {
		t.Errorf("createKey again: %s does not name key %q", late.brief(), id)
	}
}

func keyEdit(t *T) {
	d := t.door()
	k := t.clientKey(d)
	before := t.does(t.home.admin, "getKey", in{"key": k.id})
	edited := t.does(t.home.admin, "updateKey", in{"key": k.id, "name": "edited", "metadata": in{"n": 1}})
	if edited.text("name") != "edited" || within(edited.value("metadata"), "n") != 1.0 || edited.value("effective_by") != nil {
		t.Errorf("updateKey: got %s", edited.brief())
	}
	after := t.does(t.home.admin, "getKey", in{"key": k.id})
	for _, name := range []string{"id", "prefix", "last_four", "environment", "plan", "state", "created_at", "expires_at", "revoked_at", "user"} {
		if before.value(name) != after.value(name) {
			t.Errorf("%s was %v and is %v", name, before.value(name), after.value(name))
		}
	}
	if after.text("name") != "edited" {
		t.Errorf("getKey: the name is %q", after.text("name"))
	}
	t.must(t.knock(k.secret, d), http.StatusOK)
	t.refused(t.op(t.home.admin, "updateKey", in{"key": k.id}), api.InputField)
}

func keyScopeCut(t *T) {
	a, b := t.twoDoors()
	k := t.key(t.home.admin, t.home, in{"scopes": slices.Concat(a.scopes, b.scopes)})
	t.warm(k.secret, a)
	t.warm(k.secret, b)
	t.does(t.home.admin, "updateKey", in{"key": k.id, "scopes": b.scopes})
	t.refused(t.knock(k.secret, a), api.Permission)
	t.must(t.knock(k.secret, b), http.StatusOK)
}

func keyRevoke(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	revoked := t.does(t.home.admin, "revokeKey", in{"key": k.id})
	t.dead(t.knock(k.secret, d))
	t.dead(t.op(k.secret, "getSelf", nil))
	if revoked.text("state") != "revoked" || revoked.text("revoked_at") == "" {
		t.Errorf("revokeKey: state %q, revoked at %q", revoked.text("state"), revoked.text("revoked_at"))
	}
	t.must(t.op(t.home.admin, "revokeKey", in{"key": k.id}), http.StatusOK)
	t.refused(t.op(t.home.admin, "updateKey", in{"key": k.id, "name": "again"}), api.ConflictFinal)
	t.refused(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictFinal)
	t.dead(t.knock(k.secret, d))
}

func keyRevokeSelf(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	t.must(t.op(k.secret, "revokeSelf", nil), http.StatusOK)
	t.dead(t.knock(k.secret, d))
	if state := t.does(t.home.admin, "getKey", in{"key": k.id}).text("state"); state != "revoked" {
		t.Errorf("getKey: the state is %q", state)
	}
}

func keyRevokeLoad(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	var answered atomic.Bool
	var late atomic.Int64
	t.each(9, func(i int) {
		if i == 0 {
			defer answered.Store(true)
			for range 8 {
				t.must(t.knock(k.secret, d), http.StatusOK)
			}
			t.does(t.home.admin, "revokeKey", in{"key": k.id})
			return
		}
		for range 3 {
			for after := false; !after; {
				after = answered.Load()
				r := t.knock(k.secret, d)
				switch {
				case r.Status != http.StatusOK:
					t.dead(r)
				case after:
					late.Add(1)
				}
			}
		}
	})
	if late.Load() > 0 {
		t.Errorf("%d calls that began after the answer were admitted", late.Load())
	}
}
