package webhooks_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var now = time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)

// fixture is a store of webhooks on a table that can fail.
type fixture struct {
	*webhooks.Store
	table    *tabletest.Faulty
	raw      atomic.Pointer[[]byte] // of the peppers
	replaced atomic.Int64
	queued   atomic.Int64
	asked    atomic.Int64
}

// peppers returns a source whose document a test can change ([fixture.replace]).
func (w *fixture) peppers(raw []byte) *apikey.PepperSource {
	w.raw.Store(&raw)
	return apikey.NewPepperSource(func(context.Context) ([]byte, error) { return *w.raw.Load(), nil },
		func() time.Time { return now.Add(time.Duration(w.replaced.Load()) * time.Minute) })
}

// replace replaces the document of peppers, and advances the clock by a minute, after which
// it is read again.
func (w *fixture) replace(raw []byte) {
	w.raw.Store(&raw)
	w.replaced.Add(1)
}

// Send records what is queued.
func (w *fixture) Send(_ context.Context, queued ...webhooks.QueuedDelivery) error {
	w.queued.Add(int64(len(queued)))
	return nil
}

func newFixture(t *testing.T, keys table.Table) *fixture {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &fixture{table: tabletest.NewFaulty(keys)}
	w.Store = webhooks.New(webhooks.Options{Table: w.table, Contract: c, Rand: rand.Reader, Queue: w,
		Peppers: w.peppers(root)})
	return w
}

func onBoth(t *testing.T, prove func(t *testing.T, w *fixture)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		db, err := local.OpenMemory(table.Keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		prove(t, newFixture(t, db.Table(table.Keys.Name)))
	})
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		prove(t, newFixture(t, dynamolocal.Tables(t, table.Keys)[table.Keys.Name]))
	})
}

// by is a request of an organisation's key.
func (w *fixture) by(org string, permissions ...string) *api.Request {
	if permissions == nil {
		permissions = []string{"webhooks:*", "matches:read"}
	}
	route, _ := api.Find("createWebhook")
	return &api.Request{ID: fmt.Sprintf("req-%d", w.asked.Add(1)), Route: route, Now: now,
		Caller: &api.Caller{Org: org, User: "usr_1", Key: "key_1", Permissions: permissions}}
}

func (w *fixture) make(t *testing.T, org string, spec webhooks.Spec) webhooks.WebhookWithSecret {
	t.Helper()
	if spec.URL == "" {
		spec.URL = "https://example.com/hook"
	}
	made, err := w.Create(t.Context(), w.by(org), spec)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var counter atomic.Int64

func event(kind string) *events.Event {
	return &events.Event{ID: fmt.Sprintf("evt_%d", counter.Add(1)), Type: kind, At: now,
		Of: &matches.Match{League: "en.1", Home: matches.Side{ID: "a"}, Away: matches.Side{ID: "b"}, Owner: matches.Public}}
}

func (w *fixture) place(t *testing.T, hook webhooks.Webhook, e *events.Event) webhooks.QueuedDelivery {
	t.Helper()
	queued, pending, err := w.Place(t.Context(), &hook, e, webhooks.Basis{}, []byte(`{"type":"x"}`))
	if err != nil || !pending {
		t.Fatalf("got %v, %v", pending, err)
	}
	return queued
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

func fields(err error) string {
	var failed *api.Error
	if !errors.As(err, &failed) {
		return ""
	}
	var names []string
	for name := range failed.Fields {
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// wrongURLs are URLs that cannot, or must not, be called.
var wrongURLs = map[string]string{
	"no URL":            "hook",
	"no TLS":            "http://example.com",
	"another scheme":    "file:///etc/passwd",
	"a password":        "https://me:secret@example.com",
	"a fragment":        "https://example.com/#here",
	"this machine":      "https://127.0.0.1/hook",
	"its name":          "https://localhost:8443/hook",
	"its name, dotted":  "https://LOCALHOST./hook",
	"v6":                "https://[::1]/hook",
	"v4 in v6":          "https://[::ffff:10.0.0.1]/hook",
	"a private network": "https://192.168.1.1/hook",
	"metadata":          "https://169.254.169.254/latest",
	"an internal name":  "https://api.internal/hook",
	"a shared network":  "https://100.64.0.1/hook",
	"for documentation": "https://[2001:db8::1]/hook",
	"v4 behind NAT64":   "https://[64:ff9b::a00:1]/hook",
	"v4 in 6to4":        "https://[2002:a00:1::]/hook",
	"a zone":            "https://[2600::1%25eth0]/hook",
	"v4 as a number":    "https://2130706433/hook",
	"v4 shortened":      "https://127.1/hook",
	"v4 in hex":         "https://0x7f.0x1/hook",
	"v4 in octal":       "https://0177.0.0.1/hook",
	"no name":           "https://a..b/hook",
	"a long name":       "https://" + strings.Repeat("a", 64) + ".com/hook",
	"another alphabet":  "https://b\u00fccher.example/hook",
	"wide digits":       "https://\uff11\uff12\uff17.0.0.1/hook",
	"a space":           "https://example.com/?a=b c",
	"port 0":            "https://example.com:0/hook",
	"no such port":      "https://example.com:99999/hook",
	"an empty fragment": "https://example.com/#",
	"too long":          "https://example.com/" + strings.Repeat("a", 2048),
}

func TestInvalidWebhookSettingsAreRefusedByField(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := newFixture(t, db.Table(table.Keys.Name))
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	type refused struct {
		spec webhooks.Spec
		want string
	}
	cases := map[string]refused{
		"an unknown type": {webhooks.Spec{URL: "https://example.com", Types: []string{"match.upated"}}, "types"},
		"too many teams":  {webhooks.Spec{URL: "https://example.com", Teams: many}, "teams"},
		"an empty league": {webhooks.Spec{URL: "https://example.com", Leagues: []string{""}}, "leagues"},
	}
	for name, url := range wrongURLs {
		cases[name] = refused{webhooks.Spec{URL: url}, "url"}
	}
	for name, c := range cases {
		_, err := w.Create(t.Context(), w.by("org_1"), c.spec)
		if got := fields(err); condition(err) != api.InputField || got != c.want {
			t.Errorf("%s: got %v, want %s to be named", name, err, c.want)
		}
	}
	for _, url := range []string{"https://example.com", "HTTPS://Example.COM.:8443/a%20b?c=d&e", "https://xn--bcher-kva.example/", "https://a_b.example.com/", "https://8.8.8.8/", "https://[2606:4700:4700::1111]/"} {
		w.make(t, "org_2", webhooks.Spec{URL: url})
	}
	if list, _, err := w.List(t.Context(), w.by("org_1"), 50, ""); len(list) != 0 || err != nil {
		t.Errorf("got %v, %v, want no webhook", list, err)
	}
	_, err = w.Create(t.Context(), w.by("org_1", "webhooks:write"), webhooks.Spec{URL: "https://example.com"})
	if condition(err) != api.Permission || !strings.Contains(err.Error(), "matches:read") {
		t.Errorf("got %v, want a key that may not read matches to be refused", err)
	}
}

func TestDuplicateFiltersAreDropped(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		many := slices.Repeat([]string{events.MatchUpdated, events.MatchCreated}, 10_000)
		hook := w.make(t, "org_1", webhooks.Spec{Types: many, Teams: slices.Repeat([]string{"a"}, 60)})
		is, err := w.Update(t.Context(), w.by("org_1"), hook.ID, webhooks.Edit{Types: many, Leagues: []string{"b", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(is.Types, is.Leagues, is.Teams), "[match.updated match.created] [b] [a]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestParallelCreationsStopAtTheCapExactly(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		var made, refused atomic.Int64
		var group sync.WaitGroup
		for range webhooks.MaxPerOrg + 8 {
			group.Go(func() {
				switch _, err := w.Create(context.Background(), w.by("org_1"), webhooks.Spec{URL: "https://example.com/hook"}); condition(err) {
				case "":
					made.Add(1)
				case api.ConflictLimit:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made.Load() != webhooks.MaxPerOrg || refused.Load() != 8 {
			t.Errorf("%d made and %d refused, want %d and 8", made.Load(), refused.Load(), webhooks.MaxPerOrg)
		}
		list, _, err := w.List(t.Context(), w.by("org_1"), 100, "")
		if err != nil || len(list) != webhooks.MaxPerOrg {
			t.Fatalf("got %d, %v", len(list), err)
		}
		if err := w.Delete(t.Context(), w.by("org_1"), list[0].ID); err != nil {
			t.Fatal(err)
		}
		w.make(t, "org_1", webhooks.Spec{}) // there is room again
	})
}

func TestAChangeWhoseAnswerWasLostIsMadeOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		w.table.Next(1, tabletest.Lost, "Transact")
		made := w.make(t, "org_1", webhooks.Spec{})
		if list, _, err := w.List(t.Context(), w.by("org_1"), 10, ""); err != nil || len(list) != 1 {
			t.Errorf("got %v, %v, want one webhook", list, err)
		}
		w.table.Next(1, tabletest.Lost, "Transact")
		rotated, err := w.Rotate(t.Context(), w.by("org_1"), made.ID, "1h", false)
		if err != nil {
			t.Fatal(err)
		}
		signs := w.began(t, w.place(t, made.Webhook, event(events.MatchCreated)), now).Secrets
		if len(signs) != 2 || signs[0] != rotated.SigningSecret || signs[1] != made.SigningSecret {
			t.Error("the returned secret does not sign: it was replaced twice, or not at all")
		}
		w.table.Next(1, tabletest.Lost, "Transact")
		if err := w.Delete(t.Context(), w.by("org_1"), made.ID); err != nil {
			t.Error(err)
		}
		w.make(t, "org_1", webhooks.Spec{})
		it, err := w.table.Get(t.Context(), table.Key{Partition: "WEBHOOKS#org_1", Sort: "HEAD"}, true)
		if got, want := it.Int("n"), int64(1); err != nil || got != want {
			t.Errorf("got a count of %d, %v, want %d", got, err, want)
		}
	})
}

func TestChangesAreMadeEvenIfRequestsShareAnID(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		made, r := w.make(t, "org_1", webhooks.Spec{}), w.by("org_1")
		for _, description := range []string{"a", "b"} {
			if is, err := w.Update(t.Context(), r, made.ID, webhooks.Edit{Description: &description}); err != nil || is.Description != description {
				t.Errorf("got %q, %v, want %q", is.Description, err, description)
			}
		}
	})
}

func TestARepeatedIdempotencyKeyNeverShowsASigningSecretAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		asked := func(operation string) *api.Request {
			r := w.by("org_1")
			r.Route, _ = api.Find(operation)
			r.IdempotencyKey = operation
			return r
		}
		spec := webhooks.Spec{URL: "https://example.com/hook", Types: []string{events.MatchUpdated}}
		first, err := w.Create(t.Context(), asked("createWebhook"), spec)
		if err != nil {
			t.Fatal(err)
		}
		rotated, err := w.Rotate(t.Context(), asked("rotateWebhook"), first.ID, "1h", true)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(when string) {
			t.Helper()
			created, createErr := w.Create(t.Context(), asked("createWebhook"), spec)
			again, rotateErr := w.Rotate(t.Context(), asked("rotateWebhook"), first.ID, "1h", true)
			for _, err := range []error{createErr, rotateErr} {
				if condition(err) != api.ConflictRepeat || fmt.Sprint(api.ErrorOf(err).Details) != "map[webhook:"+first.ID+"]" {
					t.Errorf("%s: got %v, details %v, want %s with the webhook's id", when, err, api.ErrorOf(err).Details, api.ConflictRepeat)
				}
			}
			if created.SigningSecret != "" || again.SigningSecret != "" {
				t.Errorf("%s: a repeat returned a signing secret", when)
			}
		}
		refused("repeated")
		signs := w.began(t, w.place(t, first.Webhook, event(events.MatchCreated)), now).Secrets
		if len(signs) != 2 || signs[0] != rotated.SigningSecret || signs[1] != first.SigningSecret {
			t.Error("the repeated rotation replaced the secret again")
		}
		if err := w.Delete(t.Context(), w.by("org_1"), first.ID); err != nil {
			t.Fatal(err)
		}
		refused("after the webhook was deleted")
		spec.Types = nil
		refused("with another body")
	})
}

// TestAnAnswerThatAnEarlierReleaseStoredForACreationIsNotRepeated covers the items of
// releases that repeated the answer with its secret.
func TestAnAnswerThatAnEarlierReleaseStoredForACreationIsNotRepeated(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		spec := webhooks.Spec{URL: "https://example.com/hook"}
		raw, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(append([]byte("createWebhook\n"), raw...))
		stored := table.Item{table.PartitionAttr: "IDEMPOTENCY#org_1#usr_1", table.SortAttr: "once", "asked": hex.EncodeToString(sum[:]),
			"answer": `{"id":"whk_01k5z3m9v8e2q4w6r8t0y2u4i6","url":"https://example.com/hook"}`, table.TTLAttr: now.Unix() + 60}
		if _, err := w.table.Write(t.Context(), table.Put(stored)); err != nil {
			t.Fatal(err)
		}
		r := w.by("org_1")
		r.IdempotencyKey = "once"
		_, err = w.Create(t.Context(), r, spec)
		if condition(err) != api.ConflictRepeat || fmt.Sprint(api.ErrorOf(err).Details) != "map[webhook:whk_01k5z3m9v8e2q4w6r8t0y2u4i6]" {
			t.Errorf("got %v, details %v, want %s with the webhook's id", err, api.ErrorOf(err).Details, api.ConflictRepeat)
		}
	})
}

func TestAWebhookOfAnotherOrganisationIsNotFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		theirs := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, theirs.Webhook, event(events.MatchCreated))
		for _, id := range []string{theirs.ID, "whk_01k5z3m9v8e2q4w6r8t0y2u4i6", "no id", "", "HEAD"} {
			r, state := w.by("org_2"), webhooks.Disabled
			_, get := w.Get(t.Context(), r, id)
			_, update := w.Update(t.Context(), r, id, webhooks.Edit{State: &state})
			_, rotate := w.Rotate(t.Context(), r, id, "", false)
			_, _, list := w.Deliveries(t.Context(), r, id, 10, "")
			_, send := w.Store.Send(t.Context(), r, id, nil)
			for _, err := range []error{get, update, rotate, list, send, w.Delete(t.Context(), r, id)} {
				if condition(err) != api.NotFound {
					t.Errorf("%q: got %v", id, err)
				}
			}
		}
		mine := w.make(t, "org_2", webhooks.Spec{})
		if _, err := w.Store.Send(t.Context(), w.by("org_2"), mine.ID, &queued.Delivery); fields(err) != "delivery" {
			t.Errorf("got %v, want another webhook's delivery to be unknown", err)
		}
		if w.queued.Load() != 0 {
			t.Error("something was queued")
		}
	})
}

func TestASigningSecretIsStoredOnlySealed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		made, other := w.make(t, "org_1", webhooks.Spec{}), w.make(t, "org_1", webhooks.Spec{})
		at := table.Key{Partition: "WEBHOOKS#org_1", Sort: "WEBHOOK#" + made.ID}
		it, err := w.table.Get(t.Context(), at, true)
		if err != nil || it.Str("pepper") != "1" || strings.Contains(fmt.Sprint(it), strings.TrimPrefix(made.SigningSecret, "whsec_")) {
			t.Errorf("got %v, %v", it, err)
		}
		// Sealed for one webhook, a secret cannot be opened for another.
		if _, err := w.table.Write(t.Context(), table.Update(table.Key{Partition: at.Partition, Sort: "WEBHOOK#" + other.ID},
			[]table.Action{table.Set("sealed", it.Str("sealed"))})); err != nil {
			t.Fatal(err)
		}
		queued := w.place(t, other.Webhook, event(events.MatchCreated))
		if a, _, err := w.Begin(t.Context(), queued, now); a != nil || err == nil || strings.Contains(err.Error(), "whsec_") {
			t.Errorf("got %v, %v, want no attempt", a, err)
		}
	})
}

func TestAResealedSecretOutlivesItsOldPepper(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		made := w.make(t, "org_1", webhooks.Spec{})
		rotated, err := w.Rotate(t.Context(), w.by("org_1"), made.ID, "1h", false)
		if err != nil {
			t.Fatal(err)
		}
		next, err := apikey.AddVersion(*w.raw.Load(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.replace(next)
		w.make(t, "org_1", webhooks.Spec{}) // under the new pepper
		for _, want := range []int{1, 0} {
			if moved, err := w.Reseal(t.Context(), "org_1"); err != nil || moved != want {
				t.Errorf("moved %d, %v, want %d", moved, err, want)
			}
		}
		if next, err = apikey.RetireVersion(next, "1"); err != nil {
			t.Fatal(err)
		}
		w.replace(next)
		signs := w.began(t, w.place(t, made.Webhook, event(events.MatchCreated)), now).Secrets
		if len(signs) != 2 || signs[0] != rotated.SigningSecret || signs[1] != made.SigningSecret {
			t.Error("the signing secrets are not those that were returned")
		}
	})
}
