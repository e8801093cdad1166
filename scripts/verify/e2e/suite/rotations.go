package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func rotations() []Case {
	return []Case{
		{ID: "rotate.at-once", Says: "a rotation keeps the key, and its old secret is refused on the very next request", Run: rotateAtOnce},
		{ID: "rotate.overlap", Says: "an overlap keeps the old secret until its end and no longer; both spend one quota", Run: rotateOverlap},
		{ID: "rotate.again", Says: "a rotation inside an overlap is refused unless forced, which ends the old secret at once", Run: rotateAgain},
		{ID: "rotate.too-long", Says: "an overlap that is longer than the contract allows is refused", Run: rotateTooLong},
	}
}

// short is how long what the run lets pass away is made to last, in seconds.
const short = 2

func rotateAtOnce(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	r := t.does(t.home.admin, "rotateKey", in{"key": k.id})
	t.dead(t.knock(k.secret, d))
	t.must(t.knock(r.text("secret"), d), http.StatusOK)
	if r.text("id") != k.id || r.value("previous_expires_at") != nil || r.text("secret") == k.secret {
		t.Errorf("rotateKey: id %q, previous_expires_at %v, or the same secret", r.text("id"), r.value("previous_expires_at"))
	}
	if total := t.does(t.home.admin, "getKey", in{"key": k.id}).number("usage", "total"); total != 3 {
		t.Errorf("getKey: usage is %v, want the 2 calls before and the 1 after", total)
	}
}

// overlapping rotates with an overlap, or ends the case where there can be none.
func (t *T) overlapping(k key, seconds int) (fresh string, ends time.Time) {
	if t.contract.Keys.MaxOverlap < int64(seconds) {
		t.Void("the contract allows overlaps of %d s", t.contract.Keys.MaxOverlap)
	}
	r := t.does(t.home.admin, "rotateKey", in{"key": k.id, "overlap": fmt.Sprintf("%ds", seconds)})
	ends, err := time.Parse(time.RFC3339, r.text("previous_expires_at"))
	if err != nil {
		t.Fatalf("rotateKey: previous_expires_at: %v", err)
	}
	return r.text("secret"), ends
}

func rotateOverlap(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	fresh, ends := t.overlapping(k, short)
	t.aliveUntil(k.secret, d, ends)
	t.must(t.knock(fresh, d), http.StatusOK)
	t.until(ends)
	t.dead(t.knock(k.secret, d))
	t.must(t.knock(fresh, d), http.StatusOK)
}

// aliveUntil wants a secret to be taken, unless its end came while it was on its way.
func (t *T) aliveUntil(secret string, d door, ends time.Time) {
	r := t.knock(secret, d)
	if at, ok := r.at(); ok && !at.Before(ends) {
		return
	}
	t.must(r, http.StatusOK)
}

func rotateAgain(t *T) {
	d := t.door()
	k := t.clientKey(d)
	second, _ := t.overlapping(k, 600)
	t.refused(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictRotation)
	t.must(t.knock(k.secret, d), http.StatusOK)
	third := t.does(t.home.admin, "rotateKey", in{"key": k.id, "force": true}).text("secret")
	t.dead(t.knock(k.secret, d))
	t.dead(t.knock(second, d))
	t.must(t.knock(third, d), http.StatusOK)
}

func rotateTooLong(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.refused(t.op(t.home.admin, "rotateKey", in{"key": k.id, "overlap": fmt.Sprintf("%ds", t.contract.Keys.MaxOverlap+1)}), api.InputField)
	t.must(t.knock(k.secret, d), http.StatusOK)
}
