package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func rotations() []Case {
	return []Case{
		{ID: "rotate.at-once", Guarantee: "a rotation keeps the key, and the old secret is refused on the next request", Run: rotateAtOnce},
		{ID: "rotate.overlap", Guarantee: "the old secret works until the end of an overlap and no longer; both use one quota", Run: rotateOverlap},
		{ID: "rotate.again", Guarantee: "a rotation during an overlap is refused unless forced, which ends the old secrets immediately", Run: rotateAgain},
		{ID: "rotate.too-long", Guarantee: "an overlap longer than the contract allows is refused", Run: rotateTooLong},
	}
}

// shortSeconds is the length of lives and overlaps that a run waits for.
const shortSeconds = 2

func rotateAtOnce(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	r := t.mustOp(t.home.admin, "rotateKey", in{"key": k.id})
	t.wantInvalidSecret(t.call(k.secret, d))
	t.wantStatus(t.call(r.text("secret"), d), http.StatusOK)
	if r.text("id") != k.id || r.value("previous_expires_at") != nil || r.text("secret") == k.secret {
		t.Errorf("rotateKey: got id %q and previous_expires_at %v, want the same id, no overlap and a new secret", r.text("id"), r.value("previous_expires_at"))
	}
	if total := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).number("usage", "total"); total != 3 {
		t.Errorf("getKey: usage is %v, want 3: two requests before the rotation and one after", total)
	}
}

// rotateWithOverlap rotates a key with an overlap. The case does not apply where the contract
// has no overlap of that length.
func (t *T) rotateWithOverlap(k key, seconds int) (fresh string, ends time.Time) {
	if t.contract.Keys.MaxOverlap < int64(seconds) {
		t.NotApplicable("the contract allows overlaps of %d s", t.contract.Keys.MaxOverlap)
	}
	r := t.mustOp(t.home.admin, "rotateKey", in{"key": k.id, "overlap": fmt.Sprintf("%ds", seconds)})
	ends, err := time.Parse(time.RFC3339, r.text("previous_expires_at"))
	if err != nil {
		t.Fatalf("rotateKey: previous_expires_at: %v", err)
	}
	return r.text("secret"), ends
}

func rotateOverlap(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	fresh, ends := t.rotateWithOverlap(k, shortSeconds)
	t.wantAliveUntil(k.secret, d, ends)
	t.wantStatus(t.call(fresh, d), http.StatusOK)
	t.until(ends)
	t.wantInvalidSecret(t.call(k.secret, d))
	t.wantStatus(t.call(fresh, d), http.StatusOK)
}

// wantAliveUntil checks that a secret is accepted, unless it expired while the request was
// under way.
func (t *T) wantAliveUntil(secret string, d endpoint, ends time.Time) {
	r := t.call(secret, d)
	if at, ok := r.sentAt(); ok && !at.Before(ends) {
		if r.Status != http.StatusOK {
			t.ledger.refusedAtItsEnd(secret, d.route.Operation)
		}
		return
	}
	t.wantStatus(r, http.StatusOK)
}

func rotateAgain(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	second, _ := t.rotateWithOverlap(k, 600)
	t.wantError(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictRotation)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	third := t.mustOp(t.home.admin, "rotateKey", in{"key": k.id, "force": true}).text("secret")
	t.wantInvalidSecret(t.call(k.secret, d))
	t.wantInvalidSecret(t.call(second, d))
	t.wantStatus(t.call(third, d), http.StatusOK)
}

func rotateTooLong(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.wantError(t.op(t.home.admin, "rotateKey", in{"key": k.id, "overlap": fmt.Sprintf("%ds", t.contract.Keys.MaxOverlap+1)}), api.InputField)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
}
