package suite

import (
	"net/http"
	"slices"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// tokens returns the cases of contracts with tokens.
func tokens(c *contract.Contract) []Case {
	if _, has := c.Operations["createToken"]; !has {
		return nil
	}
	return []Case{
		{ID: "token.narrow", Guarantee: "a token reaches what its scopes allow, and can neither create tokens nor manage keys", Run: tokenNarrow},
		{ID: "token.lasting", Guarantee: "a token makes, changes and ends nothing that outlives it", Run: tokenLasting},
		{ID: "token.narrowed", Guarantee: "a scope removed from a key is refused to its tokens on the next request", Run: tokenNarrowed},
		{ID: "token.dies", Guarantee: "a token is refused on the next request when its key is revoked or its secret rotated", Run: tokenEnds},
		{ID: "token.quota", Guarantee: "a token uses its key's quota", Run: tokenQuota},
		{ID: "token.bounds", Guarantee: "a token lives from a minute to a day, and has only scopes of its key", Run: tokenBounds},
	}
}

// tokenLife is short because a pepper cannot be retired before its tokens expire.
const tokenLife = "1m"

// renewAfter is the age from which a case that sends many requests takes another token. On a
// busy machine they may take longer than a token lives.
const renewAfter = 15 * time.Second

func (t *T) token(k key, spec in) string {
	if spec["expires_in"] == nil {
		spec["expires_in"] = tokenLife
	}
	made := t.op(k.secret, "createToken", spec)
	t.wantStatus(made, http.StatusCreated)
	if made.text("token") == "" || made.text("key") != k.id {
		t.Fatalf("createToken: %s without a token of the key", made.brief())
	}
	return made.text("token")
}

func tokenNarrow(t *T) {
	a, b := t.twoEndpoints()
	k := t.key(t.home.admin, t.home, in{"scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	narrow, wide := t.token(k, in{"scopes": a.scopes}), t.token(k, in{})
	t.wantStatus(t.call(narrow, a), http.StatusOK)
	t.wantError(t.call(narrow, b), api.Permission)
	t.wantStatus(t.call(wide, b), http.StatusOK)
	t.wantError(t.op(wide, "createToken", in{}), api.PermissionToken)
	t.wantError(t.op(wide, "revokeSelf", nil), api.PermissionToken)
	t.wantError(t.op(wide, "listKeys", nil), api.Permission)
	t.wantStatus(t.call(k.secret, b), http.StatusOK)
}

func tokenLasting(t *T) {
	k := key{secret: t.allDataKey(t.home)}
	k.id = t.mustOp(k.secret, "getSelf", nil).text("id")
	token, made := "", time.Time{}
	for _, r := range t.deployed {
		if !r.Lasts {
			continue
		}
		if time.Since(made) > renewAfter {
			made = time.Now()
			token = t.token(k, in{})
		}
		ids := map[string]string{"key": k.id, "org": t.home.id, "user": t.home.owner}
		reply := t.send(request{method: r.Method, path: pathOf(r, ids), secret: token})
		if slices.ContainsFunc(r.Permissions, contract.IsManagement) {
			t.wantError(reply, api.Permission)
		} else {
			t.wantError(reply, api.PermissionToken)
		}
	}
	t.wantStatus(t.op(k.secret, "getSelf", nil), http.StatusOK)
}

func tokenNarrowed(t *T) {
	a, b := t.twoEndpoints()
	k := t.key(t.home.admin, t.home, in{"scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	token := t.token(k, in{})
	t.warm(token, a)
	t.mustOp(t.home.admin, "updateKey", in{"key": k.id, "scopes": b.scopes})
	t.wantError(t.call(token, a), api.Permission)
	t.wantStatus(t.call(token, b), http.StatusOK)
}

func tokenEnds(t *T) {
	d := t.endpoint()
	for _, end := range []string{"rotateKey", "revokeKey"} {
		k := t.clientKey(d)
		token := t.token(k, in{})
		t.warm(token, d)
		t.mustOp(t.home.admin, end, in{"key": k.id})
		t.wantInvalidSecret(t.call(token, d))
	}
}

func tokenQuota(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	token := t.token(k, in{})
	t.wantStatus(t.call(token, d), http.StatusOK)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	if total := t.mustOp(t.home.admin, "getKey", in{"key": k.id}).number("usage", "total"); total != 3 {
		t.Errorf("getKey: usage is %v, want 3: the token's creation, its request and the key's own", total)
	}
}

func tokenBounds(t *T) {
	a, b := t.twoEndpoints()
	k := t.clientKey(a)
	for _, spec := range []in{{"expires_in": "59s"}, {"expires_in": "25h"}, {"scopes": b.scopes}, {"scopes": t.manageScopes()[:1]}} {
		t.wantError(t.op(k.secret, "createToken", spec), api.InputField)
	}
	t.wantStatus(t.call(k.secret, a), http.StatusOK)
}
