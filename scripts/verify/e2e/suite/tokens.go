package suite

import (
	"net/http"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// tokens are guarantees of the contracts that have them.
func tokens(c *contract.Contract) []Case {
	if _, has := c.Operations["createToken"]; !has {
		return nil
	}
	return []Case{
		{ID: "token.narrow", Says: "a token reaches what its scopes say, makes no tokens and manages no keys", Run: tokenNarrow},
		{ID: "token.narrowed", Says: "what is taken from a key is taken from its tokens on the very next request", Run: tokenNarrowed},
		{ID: "token.dies", Says: "a token dies with its key, and with the secret that made it, on the very next request", Run: tokenDies},
		{ID: "token.quota", Says: "a token spends its key's quota", Run: tokenQuota},
		{ID: "token.bounds", Says: "a token lives from a minute to a day, and has its key's scopes alone", Run: tokenBounds},
	}
}

// brief is how long tokens of the run live: a pepper cannot be retired before.
const brief = "1m"

func (t *T) token(k key, spec in) string {
	if spec["expires_in"] == nil {
		spec["expires_in"] = brief
	}
	made := t.op(k.secret, "createToken", spec)
	t.must(made, http.StatusCreated)
	if made.text("token") == "" || made.text("key") != k.id {
		t.Fatalf("createToken: %s without a token of the key", made.brief())
	}
	return made.text("token")
}

func tokenNarrow(t *T) {
	a, b := t.twoDoors()
	k := t.key(t.home.admin, t.home, in{"scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	narrow, wide := t.token(k, in{"scopes": a.scopes}), t.token(k, in{})
	t.must(t.knock(narrow, a), http.StatusOK)
	t.refused(t.knock(narrow, b), api.Permission)
	t.must(t.knock(wide, b), http.StatusOK)
	t.refused(t.op(wide, "createToken", in{}), api.Permission)
	t.refused(t.op(wide, "revokeSelf", nil), api.Permission)
	t.refused(t.op(wide, "listKeys", nil), api.Permission)
	t.must(t.knock(k.secret, b), http.StatusOK)
}

func tokenNarrowed(t *T) {
	a, b := t.twoDoors()
	k := t.key(t.home.admin, t.home, in{"scopes": append(append([]string{}, a.scopes...), b.scopes...)})
	token := t.token(k, in{})
	t.warm(token, a)
	t.does(t.home.admin, "updateKey", in{"key": k.id, "scopes": b.scopes})
	t.refused(t.knock(token, a), api.Permission)
	t.must(t.knock(token, b), http.StatusOK)
}

func tokenDies(t *T) {
	d := t.door()
	for _, end := range []string{"rotateKey", "revokeKey"} {
		k := t.clientKey(d)
		token := t.token(k, in{})
		t.warm(token, d)
		t.does(t.home.admin, end, in{"key": k.id})
		t.dead(t.knock(token, d))
	}
}

func tokenQuota(t *T) {
	d := t.door()
	k := t.clientKey(d)
	token := t.token(k, in{})
	t.must(t.knock(token, d), http.StatusOK)
	t.must(t.knock(k.secret, d), http.StatusOK)
	if total := t.does(t.home.admin, "getKey", in{"key": k.id}).number("usage", "total"); total != 3 {
		t.Errorf("getKey: usage is %v, want the token's making, its call and the key's own", total)
	}
}

func tokenBounds(t *T) {
	a, b := t.twoDoors()
	k := t.clientKey(a)
	for _, spec := range []in{{"expires_in": "59s"}, {"expires_in": "25h"}, {"scopes": b.scopes}, {"scopes": t.managing()[:1]}} {
		t.refused(t.op(k.secret, "createToken", spec), api.InputField)
	}
	t.must(t.knock(k.secret, a), http.StatusOK)
}
