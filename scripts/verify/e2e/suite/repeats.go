package suite

import (
	"net/http"
	"strings"
	"time"

	"statgate/shared/api"
)

func repeats() []Case {
	return []Case{
		{ID: "repeat.operations", Guarantee: "an Idempotency-Key that served one operation is refused by all others, and a repeat never shows a secret again", Run: repeatOperations},
		{ID: "repeat.deleted", Guarantee: "a repeated creation is refused if what it created has been deleted", Run: repeatDeleted},
	}
}

// repeatable is a request that takes an Idempotency-Key.
type repeatable struct {
	secret string
	input  in
	shown  string // field of the answer with the secret, "" without one
}

// repeatables returns a request of each operation that takes an Idempotency-Key and that a
// run can make without an approval. All keys belong to one user. clean ends what they need.
func (t *T) repeatables() (all map[string]repeatable, clean func()) {
	k := t.clientKey(t.endpoint())
	all = map[string]repeatable{
		"createKey": {t.home.admin, t.spec(), "secret"},
		"rotateKey": {t.home.admin, in{"key": k.id, "force": true}, "secret"},
	}
	data := t.allDataKey(t.home)
	for operation, request := range map[string]repeatable{
		"createToken":   {data, in{"expires_in": tokenLife}, "token"},
		"createMatch":   {data, t.matchInput(nil), ""},
		"createWebhook": {data, in{"url": "https://example.com/repeated"}, "signing_secret"},
	} {
		if route, ok := t.routes[operation]; ok && !t.needsApproval(route) {
			all[operation] = request
		}
	}
	if _, ok := t.routes["createReplay"]; ok {
		if match, _, ok := t.findReplayable(data); ok {
			later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339) // until then it makes no events
			all["createReplay"] = repeatable{data, in{"match": match, "start_at": later}, ""}
		}
	}
	if route, ok := t.routes["rotateWebhook"]; !ok || t.needsApproval(route) {
		return all, func() {}
	}
	hook := t.op(data, "createWebhook", in{"url": "https://example.com/rotated"})
	t.wantStatus(hook, http.StatusCreated)
	id := hook.text("id")
	all["rotateWebhook"] = repeatable{data, in{"webhook": id, "force": true}, "signing_secret"}
	return all, func() { t.mustOp(data, "deleteWebhook", in{"webhook": id}) }
}

func repeatOperations(t *T) {
	all, clean := t.repeatables()
	defer clean()
	for first, asked := range all {
		token := first + "-" + t.mark
		made := t.op(asked.secret, first, asked.input, "Idempotency-Key", token)
		t.wantSuccess(made)
		for second, other := range all {
			if second != first {
				t.wantError(t.op(other.secret, second, other.input, "Idempotency-Key", token), api.ConflictRepeat)
			}
		}
		again := t.op(asked.secret, first, asked.input, "Idempotency-Key", token)
		switch {
		case asked.shown == "":
			if string(again.Body) != string(made.Body) {
				t.Errorf("%s: got %s, but the first answer was %.200s", again.asked, again.brief(), made.Body)
			}
		default:
			t.wantError(again, api.ConflictRepeat)
			if secret := made.text(asked.shown); secret == "" || strings.Contains(string(again.Body), secret) {
				t.Errorf("%s: the first answer has no %s, or the repeat shows it again", again.asked, asked.shown)
			}
		}
		switch first {
		case "createWebhook":
			t.mustOp(asked.secret, "deleteWebhook", in{"webhook": made.text("id")})
		case "createReplay":
			t.mustOp(asked.secret, "deleteReplay", in{"replay": made.text("id")})
		}
	}
}

func repeatDeleted(t *T) {
	secret, token := t.writerKey(t.home), "deleted-"+t.mark
	m, _ := t.createMatch(secret, nil, "Idempotency-Key", token)
	t.mustOp(secret, "deleteMatch", in{"match": m["id"]})
	t.wantError(t.op(secret, "createMatch", t.matchInput(nil), "Idempotency-Key", token), api.ConflictRepeat)
	if route, ok := t.routes["createWebhook"]; !ok || t.needsApproval(route) {
		return
	}
	spec := in{"url": "https://example.com/deleted"}
	made := t.op(secret, "createWebhook", spec, "Idempotency-Key", "hook-"+token)
	t.wantStatus(made, http.StatusCreated)
	t.mustOp(secret, "deleteWebhook", in{"webhook": made.text("id")})
	t.wantError(t.op(secret, "createWebhook", spec, "Idempotency-Key", "hook-"+token), api.ConflictRepeat)
}
