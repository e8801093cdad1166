package deployment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"statgate/shared/api"
	"statgate/shared/platform/deployment/deploymenttest"
)

// repeater makes the requests of one user, each with an Idempotency-Key.
type repeater struct {
	*deploymenttest.Fixture
	secrets map[string]string // by operation
	paths   map[string]string
	bodies  map[string]string // with %s for a text that makes two bodies differ
	secret  map[string]bool   // the answer contains a secret, which is shown once
	id      map[string]string // name of the detail that identifies what was made
}

// repeaterOf creates a user with a management key and a data key, and the objects that the
// operations need.
func repeaterOf(t *testing.T, w *deploymenttest.Fixture) repeater {
	t.Helper()
	org, user := w.Org(t, "Repeaters", "ENTERPRISE", "r@example.com")
	key := func(name string, scopes ...string) (id, secret string) {
		made := ok(t, w.Call(t, w.Operator, "POST", "/keys", string(encoded(t, map[string]any{"name": name, "org": org, "user": user, "scopes": scopes}))), 201)
		return made["id"].(string), made["secret"].(string)
	}
	_, admin := key("admin", "keys:read", "keys:write")
	_, data := key("data", "read:matches", "read:teams", "read:leagues", "write:matches", "write:replays", "read:webhooks", "write:webhooks")
	rotated, _ := key("rotated", "read:matches")
	match := w.FinishedMatch(t)
	hook := ok(t, w.Call(t, data, "POST", "/webhooks", `{"url":"https://example.com/rotated"}`), 201)["id"].(string)
	return repeater{w,
		map[string]string{"createKey": admin, "rotateKey": admin, "createToken": data, "createWebhook": data, "rotateWebhook": data, "createMatch": data, "createReplay": data},
		map[string]string{"createKey": "/keys", "rotateKey": "/keys/" + rotated + "/rotate", "createToken": "/tokens", "createWebhook": "/webhooks",
			"rotateWebhook": "/webhooks/" + hook + "/rotate", "createMatch": "/football/matches", "createReplay": "/football/replays"},
		map[string]string{
			"createKey":     `{"name":"bot %s","scopes":["read:matches"]}`,
			"rotateKey":     `{"force":true,"overlap":"1%.1sm"}`,
			"createToken":   `{"expires_in":"1%.1sm"}`,
			"createWebhook": `{"url":"https://example.com/%s"}`,
			"rotateWebhook": `{"force":true,"overlap":"1%.1sm"}`,
			"createMatch":   `{"home":{"name":"Harbour Works"},"away":{"name":"Old Mill"},"date":"2026-05-02","round":"%s"}`,
			"createReplay":  `{"match":"` + match + `","speed":1%.1s}`,
		},
		map[string]bool{"createKey": true, "rotateKey": true, "createToken": true, "createWebhook": true, "rotateWebhook": true},
		map[string]string{"createKey": "key", "rotateKey": "key", "createToken": "key", "createWebhook": "webhook", "rotateWebhook": "webhook"},
	}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (r repeater) ask(t testing.TB, operation, variant, key string) deploymenttest.Reply {
	t.Helper()
	return r.Call(t, r.secrets[operation], "POST", r.paths[operation], fmt.Sprintf(r.bodies[operation], variant), "Idempotency-Key", key)
}

// repeated checks the answer to a request that was made before with the same body.
func (r repeater) repeated(t *testing.T, operation string, first, again deploymenttest.Reply) {
	t.Helper()
	if !r.secret[operation] {
		if again.Status != first.Status || string(again.Body) != string(first.Body) {
			t.Errorf("%s again: got %d %s, want the first answer %d %s", operation, again.Status, again.Body, first.Status, first.Body)
		}
		return
	}
	isError(t, again, 409, "idempotency_key_used")
	name := r.id[operation]
	made := first.JSON(t)
	want := made["id"]
	if operation == "createToken" {
		want = made["key"]
	}
	if details, _ := again.JSON(t)["details"].(map[string]any); details[name] != want {
		t.Errorf("%s again: got %s, want %s %v in its details", operation, again.Body, name, want)
	}
	for _, field := range []string{"secret", "token", "signing_secret"} {
		if secret, is := made[field].(string); is && strings.Contains(string(again.Body), secret) {
			t.Errorf("%s again: the answer shows the %s", operation, field)
		}
	}
}

// succeeded fails the test if the first request was refused.
func succeeded(t *testing.T, operation string, r deploymenttest.Reply) deploymenttest.Reply {
	t.Helper()
	if r.Status != 200 && r.Status != 201 {
		t.Fatalf("%s: got %d %s", operation, r.Status, r.Body)
	}
	return r
}

func TestAnIdempotencyKeyServesOneRequestOfOneOperationOnly(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		r := repeaterOf(t, w)
		for first := range r.paths {
			for second := range r.paths {
				key := first + "-" + second
				made := succeeded(t, first, r.ask(t, first, "1"+key, key))
				if first == second {
					r.repeated(t, first, made, r.ask(t, first, "1"+key, key))
					isError(t, r.ask(t, first, "2"+key, key), 409, "idempotency_key_used")
					continue
				}
				isError(t, r.ask(t, second, "1"+key, key), 409, "idempotency_key_used")
				r.repeated(t, first, made, r.ask(t, first, "1"+key, key))
			}
		}
	})
}

func TestOfManyOperationsWithOneIdempotencyKeyExactlyOneIsDone(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		r := repeaterOf(t, w)
		for round := range 4 {
			key := fmt.Sprint("race-", round)
			var mu sync.Mutex
			done := map[string]int{}
			var all sync.WaitGroup
			for operation := range r.paths {
				for range 3 {
					all.Go(func() {
						reply := r.ask(t, operation, "1"+key, key)
						mu.Lock()
						defer mu.Unlock()
						switch reply.Status {
						case 200, 201:
							done[operation]++
						case 409:
						default:
							t.Errorf("%s: got %d %s", operation, reply.Status, reply.Body)
						}
					})
				}
			}
			all.Wait()
			for operation, times := range done {
				if len(done) != 1 || times > 1 && r.secret[operation] {
					t.Errorf("round %d: got %v, want one operation, and one answer if it has a secret", round, done)
				}
			}
			if len(done) == 0 {
				t.Errorf("round %d: no operation was done", round)
			}
		}
	})
}

func TestARepeatedCreationOfWhatWasDeletedSinceIsRefused(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "statgate", func(t *testing.T, w *deploymenttest.Fixture) {
		r := repeaterOf(t, w)
		match := succeeded(t, "createMatch", r.ask(t, "createMatch", "1", "m")).JSON(t)["id"].(string)
		hook := succeeded(t, "createWebhook", r.ask(t, "createWebhook", "1", "w")).JSON(t)["id"].(string)
		key := succeeded(t, "createKey", r.ask(t, "createKey", "1", "k")).JSON(t)["id"].(string)
		replay := succeeded(t, "createReplay", r.ask(t, "createReplay", "1", "r")).JSON(t)["id"].(string)
		ok(t, w.Call(t, r.secrets["createReplay"], "DELETE", "/football/replays/"+replay, ""), 200)
		ok(t, w.Call(t, r.secrets["createMatch"], "DELETE", "/football/matches/"+match, ""), 200)
		ok(t, w.Call(t, r.secrets["createWebhook"], "DELETE", "/webhooks/"+hook, ""), 200)
		ok(t, w.Call(t, r.secrets["createKey"], "POST", "/keys/"+key+"/revoke", ""), 200)
		for operation, made := range map[string]struct{ key, name, id string }{
			"createMatch": {"m", "match", match}, "createWebhook": {"w", "webhook", hook}, "createKey": {"k", "key", key}, "createReplay": {"r", "replay", replay},
		} {
			again := r.ask(t, operation, "1", made.key)
			isError(t, again, 409, "idempotency_key_used")
			if details, _ := again.JSON(t)["details"].(map[string]any); details[made.name] != made.id {
				t.Errorf("%s: got %s, want %s in its details", operation, again.Body, made.id)
			}
		}
		// A new key makes the match again.
		succeeded(t, "createMatch", r.ask(t, "createMatch", "1", "m2"))
	})
}

// TestEveryRepeatableOperationOfContestsServesOneRequest covers the operations that only
// one contract names.
func TestEveryRepeatableOperationOfContestsServesOneRequest(t *testing.T) {
	t.Parallel()
	deploymenttest.Engines(t, "teambattles", func(t *testing.T, w *deploymenttest.Fixture) {
		l := battle(t, w)
		_, admin := w.Key(t, l.org, "keys", "keys:read", "keys:write")
		create := func(key string) deploymenttest.Reply {
			return w.Call(t, l.game, "POST", "/game/matches", `{"homeTeamId":"north","awayTeamId":"south"}`, "Idempotency-Key", key)
		}
		forfeit := func(key string) deploymenttest.Reply {
			return w.Call(t, l.game, "POST", "/game/matches/"+l.match+"/forfeit", `{"teamId":"south"}`, "Idempotency-Key", key)
		}
		makeKey := func(key string) deploymenttest.Reply {
			return w.Call(t, admin, "POST", "/keys", `{"name":"k","scopes":["matches.user_matches:read"]}`, "Idempotency-Key", key)
		}
		const code = "error_idempotency_key_conflict"
		ok(t, create("a"), 201)
		refusedAs(t, forfeit("a"), 409, code)
		refusedAs(t, makeKey("a"), 409, code)
		ok(t, create("a"), 201)
		first := forfeit("b")
		ok(t, first, 200)
		refusedAs(t, create("b"), 409, code)
		refusedAs(t, makeKey("b"), 409, code)
		if again := forfeit("b"); string(again.Body) != string(first.Body) {
			t.Errorf("got %s, want %s", again.Body, first.Body)
		}
		ok(t, makeKey("c"), 201)
		refusedAs(t, create("c"), 409, code)
		refusedAs(t, forfeit("c"), 409, code)
	})
}

// TestEveryOperationThatTakesAnIdempotencyKeyIsTestedWithOne keeps the lists of this file
// complete.
func TestEveryOperationThatTakesAnIdempotencyKeyIsTestedWithOne(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	tested := repeaterOf(t, w).paths
	for _, route := range api.Routes {
		_, is := tested[route.Operation]
		is = is || route.Operation == "createContest" || route.Operation == "forfeitContest"
		if takes := route.Repeat() != api.NotRepeatable; takes != is {
			t.Errorf("%s: takes an Idempotency-Key: %v, tested: %v", route.Operation, takes, is)
		}
	}
}
