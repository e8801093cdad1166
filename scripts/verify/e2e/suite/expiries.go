package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func expiries() []Case {
	return []Case{
		{ID: "expiry.short", Says: "a key that lives 2 seconds works, ends when it says, and is shown as expired", Run: expiryShort},
		{ID: "expiry.brought", Says: "an end that is brought forward, or put off, holds for a key in use", Run: expiryBrought},
		{ID: "expiry.revived", Says: "a key that has expired works again once it is given another end", Run: expiryRevived},
		{ID: "expiry.bounds", Says: "an end that is past, or later than the contract allows, is refused", Run: expiryBounds},
	}
}

func expiryShort(t *T) {
	d := t.door()
	k := t.key(t.home.admin, t.home, t.lasting(in{"scopes": d.scopes}, short))
	ends := t.ends(t.does(t.home.admin, "getKey", in{"key": k.id}))
	t.aliveUntil(k.secret, d, ends)
	t.until(ends)
	t.dead(t.knock(k.secret, d))
	if state := t.does(t.home.admin, "getKey", in{"key": k.id}).text("state"); state != "expired" {
		t.Errorf("getKey: the state is %q, want expired", state)
	}
	t.refused(t.op(t.home.admin, "rotateKey", in{"key": k.id}), api.ConflictFinal)
}

// ahead is how many seconds a moment is put off at least: it must be one to come
// when a deployment that is busy gets to read it.
const ahead = 10

// lasting adds an end to the input, so many seconds away: as a life, or as a moment
// where the contract has no life that is as short.
func (t *T) lasting(input in, seconds int) in {
	if len(t.contract.Keys.ExpiryChoices) == 0 {
		input["expires_in"] = fmt.Sprintf("%ds", seconds)
		return input
	}
	now := time.Now()
	if at, ok := t.op("", "getHealth", nil).at(); ok && at.After(now) {
		now = at // the deployment's clock is ahead of ours
	}
	input["expires_at"] = now.Add(time.Duration(max(seconds, ahead)) * time.Second).UTC().Format(time.RFC3339)
	return input
}

func (t *T) ends(r Reply) time.Time {
	at, err := time.Parse(time.RFC3339, r.text("expires_at"))
	if err != nil {
		t.Fatalf("%s: expires_at: %v", r.asked, err)
	}
	return at
}

func expiryBrought(t *T) {
	d := t.door()
	k := t.clientKey(d)
	t.warm(k.secret, d)
	first := t.ends(t.does(t.home.admin, "updateKey", t.lasting(in{"key": k.id}, short)))
	t.aliveUntil(k.secret, d, first)
	t.does(t.home.admin, "updateKey", in{"key": k.id, "expires_in": "30d"})
	t.until(first)
	t.must(t.knock(k.secret, d), http.StatusOK)
	last := t.ends(t.does(t.home.admin, "updateKey", t.lasting(in{"key": k.id}, 1)))
	t.until(last)
	t.dead(t.knock(k.secret, d))
}

// expiryRevived uses the key only then, so that nobody remembers that it had ended.
func expiryRevived(t *T) {
	d := t.door()
	k := t.key(t.home.admin, t.home, t.lasting(in{"scopes": d.scopes}, 1))
	t.until(t.ends(t.does(t.home.admin, "getKey", in{"key": k.id})))
	t.does(t.home.admin, "updateKey", in{"key": k.id, "expires_in": "30d"})
	t.must(t.knock(k.secret, d), http.StatusOK)
}

func expiryBounds(t *T) {
	spec := in{"name": t.id, "scopes": t.door().scopes, "expires_at": "2020-01-01T00:00:00Z"}
	t.refused(t.op(t.home.admin, "createKey", spec), api.InputField)
	if most := t.contract.Keys.MaxLife; most > 0 {
		spec["expires_at"] = time.Now().UTC().Add(time.Duration(most)*time.Second + time.Hour).Format(time.RFC3339)
		t.refused(t.op(t.home.admin, "createKey", spec), api.InputField)
	}
	if t.contract.Keys.ExpiryRequired {
		delete(spec, "expires_at")
		t.refused(t.op(t.home.admin, "createKey", spec), api.InputField)
	}
}

func widenings() []Case {
	return []Case{
		{ID: "widen.scope", Says: "a scope that is added holds by the moment that the change names", Run: widenScope},
		{ID: "widen.role", Says: "a role that is raised holds by the moment that the change names", Run: widenRole},
	}
}

// effective waits for the moment that a widening names.
func (t *T) effective(r Reply) {
	at, err := time.Parse(time.RFC3339, r.text("effective_by"))
	if err != nil {
		t.Fatalf("%s: effective_by: %v", r.asked, err)
	}
	if away := time.Until(at); away > mostTTL {
		t.Errorf("%s: effective_by is %s away, but a policy is cached for %s at most", r.asked, away.Round(time.Second), mostTTL)
	}
	t.until(at)
}

// mostTTL is the longest that a policy may be cached, with room for clocks that differ.
const mostTTL = 300*time.Second + 5*time.Second

func widenScope(t *T) {
	a, b := t.twoDoors()
	k := t.clientKey(a)
	t.warm(k.secret, a)
	t.refused(t.knock(k.secret, b), api.Permission)
	wider := t.does(t.home.admin, "updateKey", in{"key": k.id, "scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	t.must(t.knock(k.secret, a), http.StatusOK)
	t.effective(wider)
	t.must(t.knock(k.secret, b), http.StatusOK)
}

func widenRole(t *T) {
	user := t.member("admin")
	k := t.key(t.home.admin, t.home, in{"user": user, "scopes": t.managingTo("listKeys")})
	t.does(k.secret, "listKeys", nil)
	t.does(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "role": "member"})
	t.refused(t.op(k.secret, "listKeys", nil), api.Permission, api.PermissionRole)
	wider := t.does(t.home.admin, "updateMember", in{"org": t.home.id, "user": user, "role": "admin"})
	t.effective(wider)
	t.must(t.op(k.secret, "listKeys", nil), http.StatusOK)
}
