package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func expiries() []Case {
	return []Case{
		{ID: "expiry.short", Guarantee: "a key with a life of 2 seconds works, expires at its time, and is shown as expired", Run: expiryShort},
		{ID: "expiry.brought", Guarantee: "an expiry that is moved forward or back holds for a key in use", Run: expiryBrought},
		{ID: "expiry.revived", Guarantee: "an expired key works again after it gets a later expiry", Run: expiryRevived},
		{ID: "expiry.maker", Guarantee: "a key that expires can neither lift its own expiry nor create, prolong or rotate a key that lasts longer", Run: expiryMaker},
		{ID: "expiry.bounds", Guarantee: "an expiry in the past, or later than the contract allows, is refused", Run: expiryBounds},
	}
}

func expiryShort(t *T) {
	d := t.endpoint()
	k := t.key(t.home.admin, t.home, t.withExpiry(in{"scopes": d.scopes}, shortSeconds))
	ends := t.expiry(t.mustOp(t.home.admin, "getKey", in{"key": k.id}))
	t.wantAliveUntil(k.secret, d, ends)
	t.until(ends)
	t.wantInvalidSecret(t.call(k.secret, d))
	if state := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).text("state"); state != "expired" {
		t.Errorf("getKey: the state is %q, want expired", state)
	}
	t.wantError(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictFinal)
}

// minSecondsAhead is the least distance of an absolute expiry. It must still be in the future
// when a busy deployment reads it.
const minSecondsAhead = 10

// withExpiry adds an expiry to the input, the given number of seconds away. Contracts with
// fixed lifetimes get an absolute time instead of a duration.
func (t *T) withExpiry(input in, seconds int) in {
	if len(t.contract.Keys.ExpiryChoices) == 0 {
		input["expires_in"] = fmt.Sprintf("%ds", seconds)
		return input
	}
	now := time.Now()
	if at, ok := t.op("", "getHealth", nil).sentAt(); ok && at.After(now) {
		now = at // the deployment's clock is ahead of ours
	}
	input["expires_at"] = now.Add(time.Duration(max(seconds, minSecondsAhead)) * time.Second).UTC().Format(time.RFC3339)
	return input
}

func (t *T) expiry(r Reply) time.Time {
	at, err := time.Parse(time.RFC3339, r.text("expires_at"))
	if err != nil {
		t.Fatalf("%s: expires_at: %v", r.asked, err)
	}
	return at
}

func expiryBrought(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	first := t.expiry(t.mustOp(t.home.admin, "updateKey", t.withExpiry(in{"key": k.id}, shortSeconds)))
	t.wantAliveUntil(k.secret, d, first)
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "expires_in": "30d"})
	t.until(first)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	last := t.expiry(t.mustOp(t.home.admin, "updateKey", t.withExpiry(in{"key": k.id}, 1)))
	t.until(last)
	t.wantInvalidSecret(t.call(k.secret, d))
}

// expiryRevived first uses the key after the change, so that no cache remembers its expiry.
func expiryRevived(t *T) {
	d := t.endpoint()
	k := t.key(t.home.admin, t.home, t.withExpiry(in{"scopes": d.scopes}, 1))
	t.until(t.expiry(t.mustOp(t.home.admin, "getKey", in{"key": k.id})))
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "expires_in": "30d"})
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
}

func expiryMaker(t *T) {
	lasting := t.clientKey(t.endpoint())
	k := t.key(t.home.admin, t.home, t.withExpiry(in{"scopes": t.manageScopes()}, 600))
	ends := t.expiry(t.mustOp(k.secret, "getKey", in{"key": k.id}))
	later := ends.Add(time.Hour).UTC().Format(time.RFC3339)
	for _, e := range []in{{"key": k.id, "expires_at": nil}, {"key": k.id, "expires_at": later}, {"key": lasting.id, "expires_at": nil}} {
		if e["key"] == lasting.id && !t.contract.Keys.ExpiryRequired {
			t.mustOp(t.home.admin, "updateKey", in{"key": lasting.id, "expires_at": later})
		}
		t.wantError(t.op(k.secret, "updateKey", e), api.InputField)
	}
	t.wantError(t.op(k.secret, "rotateKey", in{"key": lasting.id}), api.PermissionExpiry)
	spec := in{"name": t.id, "scopes": t.endpoint().scopes, "expires_at": later}
	t.wantError(t.op(k.secret, "createKey", spec), api.InputField)
	delete(spec, "expires_at")
	if t.contract.Keys.ExpiryRequired {
		spec["expires_in"] = "30d" // a choice is shortened
	}
	made := t.op(k.secret, "createKey", spec)
	t.wantStatus(made, http.StatusCreated)
	if got := t.expiry(made); !got.Equal(ends) {
		t.Errorf("createKey: the new key ends at %s, want the end of the key that created it, %s", got, ends)
	}
}

func expiryBounds(t *T) {
	spec := in{"name": t.id, "scopes": t.endpoint().scopes, "expires_at": "2020-01-01T00:00:00Z"}
	t.wantError(t.op(t.home.admin, "createKey", spec), api.InputField)
	if most := t.contract.Keys.MaxLife; most > 0 {
		spec["expires_at"] = time.Now().UTC().Add(time.Duration(most)*time.Second + time.Hour).Format(time.RFC3339)
		t.wantError(t.op(t.home.admin, "createKey", spec), api.InputField)
	}
	if t.contract.Keys.ExpiryRequired {
		delete(spec, "expires_at")
		t.wantError(t.op(t.home.admin, "createKey", spec), api.InputField)
	}
}

func widenings() []Case {
	return []Case{
		{ID: "widen.scope", Guarantee: "an added scope works from the time in effective_by", Run: widenScope},
		{ID: "widen.role", Guarantee: "a raised role works from the time in effective_by", Run: widenRole},
	}
}

// awaitEffective waits until a widening takes effect, as effective_by says.
func (t *T) awaitEffective(r Reply) {
	at, err := time.Parse(time.RFC3339, r.text("effective_by"))
	if err != nil {
		t.Fatalf("%s: effective_by: %v", r.asked, err)
	}
	if away := time.Until(at); away > maxTTL {
		t.Errorf("%s: effective_by is %s away, but a policy is cached for %s at most", r.asked, away.Round(time.Second), maxTTL)
	}
	t.until(at)
}

// maxTTL is the longest that a policy may be cached, plus 5 s for clocks that differ.
const maxTTL = 300*time.Second + 5*time.Second

func widenScope(t *T) {
	a, b := t.twoEndpoints()
	k := t.clientKey(a)
	t.warm(k.secret, a)
	t.wantError(t.call(k.secret, b), api.Permission)
	wider := t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	t.wantStatus(t.call(k.secret, a), http.StatusOK)
	t.awaitEffective(wider)
	t.wantStatus(t.call(k.secret, b), http.StatusOK)
}

func widenRole(t *T) {
	user := t.addMember("admin")
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": t.manageScopeFor("listKeys")})
	t.mustOp(k.secret, "listKeys", nil)
	t.mustOp(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "role": "member"})
	t.wantError(t.op(k.secret, "listKeys", nil), api.Permission, api.PermissionRole)
	wider := t.mustOp(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "role": "admin"})
	t.awaitEffective(wider)
	t.wantStatus(t.op(k.secret, "listKeys", nil), http.StatusOK)
}
