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
		{ID: "key.create", Guarantee: "a new key works immediately; later answers show its last characters but never its secret", Run: keyCreate},
		{ID: "key.filters", Guarantee: "keys are found by their owner and by part of what people see, in any case", Run: keyFilters},
		{ID: "key.self", Guarantee: "a key can read its identity, its operations and its remaining quota", Run: keySelf},
		{ID: "key.repeat", Guarantee: "a creation that is repeated with its Idempotency-Key creates one key, and the error names it", Run: keyRepeat},
		{ID: "key.edit", Guarantee: "name and metadata can be changed without changing other fields", Run: keyEdit},
		{ID: "key.scope-none", Guarantee: "an empty list of scopes is refused; where the owner's role decides, it means no management scope", Run: keyScopeNone},
		{ID: "key.scope-cut", Guarantee: "a removed scope is refused on the next request", Run: keyScopeCut},
		{ID: "key.revoke", Guarantee: "a revoked key is refused on the next request, and a revocation is final", Run: keyRevoke},
		{ID: "key.revoke-self", Guarantee: "a key can revoke itself, and is refused on the next request", Run: keyRevokeSelf},
		{ID: "key.revoke-load", Guarantee: "under load, no request that begins after a revocation's answer is admitted", Run: keyRevokeLoad},
	}
}

// warm sends two requests, so that the deployment caches what the key may do.
func (t *T) warm(secret string, d endpoint) {
	for range 2 {
		t.wantStatus(t.call(secret, d), http.StatusOK)
	}
}

func keyCreate(t *T) {
	d := t.endpoint()
	spec := in{"name": "made", "scopes": d.scopes, "metadata": in{"of": "the run"}}
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d"
	}
	made := t.op(t.home.admin, "createKey", spec)
	t.wantStatus(made, http.StatusCreated)
	secret, id := made.text("secret"), made.text("id")
	t.wantStatus(t.call(secret, d), http.StatusOK)
	seen := t.mustOp(t.home.admin, "getKey", in{"key": id})
	for name, want := range map[string]string{"id": id, "name": "made", "state": "active", "prefix": made.text("prefix"), "user": t.home.owner, "plan": t.largest().Name} {
		if got := seen.text(name); got != want {
			t.Errorf("getKey: %s is %q, want %q", name, got, want)
		}
	}
	if last := seen.text("last_four"); !strings.HasSuffix(secret, last) || !strings.HasPrefix(secret, seen.text("prefix")) || seen.value("secret") != nil {
		t.Errorf("getKey: prefix %q or last characters %q do not match, or it shows the secret", seen.text("prefix"), last)
	}
	if seen.text("metadata", "of") != "the run" || seen.text("last_used_at") == "" {
		t.Errorf("getKey: metadata %v, last used %q", seen.value("metadata"), seen.text("last_used_at"))
	}
	found := t.listed(t.home.admin, "listKeys", in{"state": "active"})
	if !slices.ContainsFunc(found, func(k map[string]any) bool { return k["id"] == id }) {
		t.Errorf("listKeys: the new key is not among the %d keys", len(found))
	}
}

func keySelf(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	self := t.mustOp(k.secret, "getSelf", nil)
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
	for _, r := range t.keyedRoutes() {
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
	d := t.endpoint()
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
		t.wantError(r, api.ConflictRepeat)
	})
	if made.Load() != 1 {
		t.Fatalf("6 requests with one Idempotency-Key created %d keys, want 1", made.Load())
	}
	late := t.op(t.home.admin, "createKey", spec, "Idempotency-Key", token)
	t.wantError(late, api.ConflictRepeat)
	id := ""
	for _, k := range t.listed(t.home.admin, "listKeys", in{"state": "active"}) {
		if k["name"] == t.id {
			id = textOf(k, "id")
		}
	}
	details, named := slot(t.contract.Shapes.Error, late.value(), "details"), false
	if text, ok := slot(t.contract.Shapes.Error, late.value(), "summary").(string); ok {
		named = strings.Contains(text, id) // a contract whose details are text
	} else {
		named = within(details, "key") == id
	}
	if id == "" || !named {
		t.Errorf("repeated createKey: %s does not name key %q", late.brief(), id)
	}
}

func keyEdit(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	before := t.mustOp(t.home.admin, "getKey", in{"key": k.id})
	edited := t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "name": "edited", "metadata": in{"n": 1}})
	if edited.text("name") != "edited" || within(edited.value("metadata"), "n") != 1.0 || edited.value("effective_by") != nil {
		t.Errorf("updateKey: got %s", edited.brief())
	}
	after := t.mustOp(t.home.admin, "getKey", in{"key": k.id})
	for _, name := range []string{"id", "prefix", "last_four", "environment", "plan", "state", "created_at", "expires_at", "revoked_at", "user"} {
		if before.value(name) != after.value(name) {
			t.Errorf("updateKey: %s changed from %v to %v", name, before.value(name), after.value(name))
		}
	}
	if after.text("name") != "edited" {
		t.Errorf("getKey: the name is %q", after.text("name"))
	}
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
}

func keyScopeNone(t *T) {
	scopes := t.endpoint().scopes
	if t.contract.Scopes.Style == "role" {
		k := t.key(t.home.admin, t.home, in{"scopes": t.manageScopeFor("listAudit")})
		t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": []string{}})
		t.wantError(t.op(k.secret, "listAudit", nil), api.Permission, api.PermissionRole)
		return
	}
	k := t.key(t.home.admin, t.home, in{"scopes": scopes})
	t.wantError(t.op(t.home.admin, "updateKey", in{"key": k.id, "scopes": []string{}}), api.InputField)
	t.wantError(t.op(t.home.admin, "createKey", in{"name": t.id, "scopes": []string{}}), api.InputField)
	if got, _ := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).value("scopes").([]any); len(got) != len(scopes) {
		t.Errorf("getKey: the scopes are %v, want %v unchanged", got, scopes)
	}
}

func keyScopeCut(t *T) {
	a, b := t.twoEndpoints()
	k := t.key(t.home.admin, t.home, in{"scopes": slices.Concat(a.scopes, b.scopes)})
	t.warm(k.secret, a)
	t.warm(k.secret, b)
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": b.scopes})
	t.wantError(t.call(k.secret, a), api.Permission)
	t.wantStatus(t.call(k.secret, b), http.StatusOK)
}

func keyRevoke(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	revoked := t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
	t.wantInvalidSecret(t.call(k.secret, d))
	t.wantInvalidSecret(t.op(k.secret, "getSelf", nil))
	if revoked.text("state") != "revoked" || revoked.text("revoked_at") == "" {
		t.Errorf("revokeKey: state %q, revoked at %q", revoked.text("state"), revoked.text("revoked_at"))
	}
	t.wantStatus(t.op(t.home.admin, "revokeKey", in{"key": k.id}), http.StatusOK)
	t.wantError(t.op(t.home.admin, "updateKey", in{"key": k.id, "name": "again"}), api.ConflictFinal)
	t.wantError(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictFinal)
	t.wantInvalidSecret(t.call(k.secret, d))
}

func keyRevokeSelf(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	t.wantStatus(t.op(k.secret, "revokeSelf", nil), http.StatusOK)
	t.wantInvalidSecret(t.call(k.secret, d))
	if state := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).text("state"); state != "revoked" {
		t.Errorf("getKey: the state is %q, want revoked", state)
	}
}

func keyRevokeLoad(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	var answered atomic.Bool
	var late atomic.Int64
	t.each(9, func(i int) {
		if i == 0 {
			defer answered.Store(true)
			for range 8 {
				t.wantStatus(t.call(k.secret, d), http.StatusOK)
			}
			t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
			return
		}
		for range 3 {
			for after := false; !after; {
				after = answered.Load()
				r := t.call(k.secret, d)
				switch {
				case r.Status != http.StatusOK:
					t.wantInvalidSecret(r)
				case after:
					late.Add(1)
				}
			}
		}
	})
	if late.Load() > 0 {
		t.Errorf("%d requests that began after the answer were admitted", late.Load())
	}
}

// keyFilters makes a key whose name no other key has.
func keyFilters(t *T) {
	k := t.key(t.home.admin, t.home, in{"name": "Finding " + t.mark + " nr 7", "scopes": t.endpoint().scopes})
	shown := t.mustOp(t.home.admin, "getKey", in{"key": k.id})
	found := func(input in) map[string]bool {
		ids := map[string]bool{}
		for _, one := range t.listed(t.home.admin, "listKeys", input) {
			ids[textOf(one, "id")] = true
			if owner, asked := input["owner"]; asked && textOf(one, "user") != owner {
				t.Errorf("listKeys of %v: the key %s is of %s", owner, textOf(one, "id"), textOf(one, "user"))
			}
		}
		return ids
	}
	name := strings.ToUpper("finding " + t.mark)
	if ids := found(in{"q": name}); len(ids) != 1 || !ids[k.id] {
		t.Errorf("listKeys of %q: got %v, want %s alone", name, ids, k.id)
	}
	for _, q := range []string{shown.text("last_four"), strings.ToUpper(shown.text("prefix"))} {
		if q != "" && !found(in{"q": q, "owner": shown.text("user"), "state": "active"})[k.id] {
			t.Errorf("listKeys of %q: the key %s is missing", q, k.id)
		}
	}
	for _, none := range []in{{"q": "no key has this name"}, {"owner": unknownIDs["user"]}, {"q": name, "owner": unknownIDs["user"]}, {"q": name, "state": "revoked"}} {
		if ids := found(none); len(ids) != 0 {
			t.Errorf("listKeys of %v: got %v, want none", none, ids)
		}
	}
	t.wantError(t.op(t.home.admin, "listKeys", in{"q": strings.Repeat("x", 81)}), api.InputParameter)
	t.mustOp(t.home.admin, "revokeKey", in{"key": k.id})
}
