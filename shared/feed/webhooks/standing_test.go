package webhooks_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
)

// contestFixture is a fixture of a contract whose webhooks receive events of contests, with
// an organisation that is approved as a developer.
func contestFixture(t *testing.T, w *fixture) *fixture {
	t.Helper()
	c, err := preset.Load("teambattles")
	if err != nil {
		t.Fatal(err)
	}
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.Store = webhooks.New(webhooks.Options{Table: w.table, Contract: c, Rand: rand.Reader, Queue: w, Peppers: w.peppers(root)})
	w.org(t, "general game:rally")
	w.member(t, orgs.Active)
	return w
}

func (w *fixture) put(t *testing.T, at table.Key, fields table.Item) {
	t.Helper()
	fields[table.PartitionAttr], fields[table.SortAttr] = at.Partition, at.Sort
	if _, err := w.table.Write(t.Context(), table.Put(fields)); err != nil {
		t.Fatal(err)
	}
}

func (w *fixture) org(t *testing.T, approvals string) {
	t.Helper()
	w.put(t, orgs.Key("org_1"), table.Item{"id": "org_1", "approvals": approvals})
}

func (w *fixture) member(t *testing.T, state string) {
	t.Helper()
	w.put(t, orgs.MemberKey("org_1", "usr_1"), table.Item{"user": "usr_1", "role": "owner", "state": state})
}

func contestEvent(id string) *events.Event {
	return &events.Event{ID: id, Type: "match.created", At: now, Match: "con_1", Contest: &contests.Contest{ID: "con_1", Game: "rally"}}
}

func TestADeliveryEndsIfItsRightIsLostBeforeTheAttempt(t *testing.T) {
	t.Parallel()
	created := webhooks.Spec{Types: []string{"match.created"}}
	onBoth(t, func(t *testing.T, w *fixture) {
		w = contestFixture(t, w)
		takeOver := func(t *testing.T, w *fixture, hook webhooks.Webhook) {
			r := w.by("org_1")
			r.Caller.User = "usr_2"
			if _, err := w.Update(t.Context(), r, hook.ID, webhooks.Edit{URL: &hook.URL}); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			basis webhooks.Basis
			lose  func(t *testing.T, w *fixture, hook webhooks.Webhook) // nil: nothing
			sent  bool
		}{
			"a player's": {webhooks.Basis{User: "usr_1"}, nil, true},
			"a game's":   {webhooks.Basis{Game: "rally"}, nil, true},
			"a test":     {webhooks.Basis{}, nil, true},
			"a player's, whose approval was withdrawn":    {webhooks.Basis{User: "usr_1"}, func(t *testing.T, w *fixture, _ webhooks.Webhook) { w.org(t, "game:rally") }, false},
			"a game's, whose approval was withdrawn":      {webhooks.Basis{Game: "rally"}, func(t *testing.T, w *fixture, _ webhooks.Webhook) { w.org(t, "general") }, false},
			"a test, without the approval":                {webhooks.Basis{}, func(t *testing.T, w *fixture, _ webhooks.Webhook) { w.org(t, "") }, false},
			"a player's, who was suspended":               {webhooks.Basis{User: "usr_1"}, func(t *testing.T, w *fixture, _ webhooks.Webhook) { w.member(t, orgs.Suspended) }, false},
			"a game's, whose webhook's user is suspended": {webhooks.Basis{Game: "rally"}, func(t *testing.T, w *fixture, _ webhooks.Webhook) { w.member(t, orgs.Suspended) }, true},
			"a player's, after another user took over":    {webhooks.Basis{User: "usr_1"}, takeOver, false},
		} {
			hook := w.make(t, "org_1", created)
			queued, pending, err := w.Place(t.Context(), &hook.Webhook, contestEvent("evt_"+hook.ID), c.basis, []byte(`{}`))
			if err != nil || !pending {
				t.Fatalf("%s: got %v, %v", name, pending, err)
			}
			if c.lose != nil {
				c.lose(t, w, hook.Webhook)
			}
			a, wait, err := w.Begin(t.Context(), queued, now)
			if err != nil || (a != nil) != c.sent || wait != 0 {
				t.Errorf("%s: got the attempt %v, %s, %v, want %v", name, a, wait, err, c.sent)
			}
			if got := w.only(t, hook).State; (got == webhooks.Canceled) == c.sent {
				t.Errorf("%s: it is %s", name, got)
			}
			w.org(t, "general game:rally")
			w.member(t, orgs.Active)
			if err := w.Delete(t.Context(), w.by("org_1"), hook.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAContractsWebhooksListItsOwnTypesOfEvents(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		w = contestFixture(t, w)
		by := func() *api.Request { return w.by("org_1", "webhooks:write") }
		for kind, want := range map[string]string{"contest.created": "unknown event type", "match.updated": "unknown event type", "webhook.test": "unknown event type", "": "at least one"} {
			spec := webhooks.Spec{URL: "https://example.com/hook"}
			if kind != "" {
				spec.Types = []string{kind}
			}
			if _, err := w.Create(t.Context(), by(), spec); err == nil || !strings.Contains(err.Error()+api.ErrorOf(err).Message+strings.Join(api.ErrorOf(err).Fields["types"], " "), want) {
				t.Errorf("%s: got %v, want %s", kind, err, want)
			}
		}
		made, err := w.Create(t.Context(), by(), webhooks.Spec{URL: "https://example.com/hook", Types: []string{"match.created", "score.disputed"}})
		if err != nil {
			t.Fatalf("a key without a permission on matches: %v", err)
		}
		if _, err := w.Update(t.Context(), by(), made.ID, webhooks.Edit{Types: []string{}}); err == nil {
			t.Error("an update removed all types")
		}
		if made.SecretPrefix != made.SigningSecret[:10] {
			t.Errorf("got the prefix %q", made.SecretPrefix)
		}
	})
}

func TestARotationFollowsTheContractsOverlap(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		w = contestFixture(t, w)
		hook := w.make(t, "org_1", webhooks.Spec{Types: []string{"match.created"}})
		for range 2 { // the second one ends the first secret
			rotated, err := w.Rotate(t.Context(), w.by("org_1"), hook.ID, "", false)
			if err != nil {
				t.Fatal(err)
			}
			if rotated.PreviousEnd == nil || !rotated.PreviousEnd.Equal(now.Add(24*time.Hour)) || rotated.SecretPrefix == hook.SecretPrefix {
				t.Errorf("got %+v", rotated.Webhook)
			}
		}
	})
}

func TestARefusedEventIsRetriedUnlessTheContractEndsIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		statgate := w.Store
		w = contestFixture(t, w)
		for status, final := range map[int]bool{400: true, 404: true, 422: true, 408: false, 425: false, 429: false, 500: false, 302: false} {
			for _, s := range []*webhooks.Store{w.Store, statgate} {
				final := final && s != statgate
				hook := w.make(t, "org_1", webhooks.Spec{Types: []string{"match.created"}}).Webhook
				queued, _, err := w.Place(t.Context(), &hook, contestEvent("evt_"+hook.ID), webhooks.Basis{Game: "rally"}, []byte(`{}`))
				if err != nil {
					t.Fatal(err)
				}
				a, _, err := w.Begin(t.Context(), queued, now)
				if err != nil || a == nil {
					t.Fatalf("got %v, %v", a, err)
				}
				again, givenUp, err := s.Finish(t.Context(), a, webhooks.Outcome{Status: status, Error: "refused"}, now)
				if err != nil || givenUp != final || (again == 0) != final {
					t.Errorf("%d: got %s, %v, %v, want final %v", status, again, givenUp, err, final)
				}
				if err := w.Delete(t.Context(), w.by("org_1"), hook.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestAnAttemptReadsNoMoreThanItsBasisNeeds counts reads, which docs/cost.md names.
func TestAnAttemptReadsNoMoreThanItsBasisNeeds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		reads := func(w *fixture, e *events.Event, basis webhooks.Basis) int {
			t.Helper()
			hook := w.make(t, "org_1", webhooks.Spec{Types: []string{e.Type}})
			queued, _, err := w.Place(t.Context(), &hook.Webhook, e, basis, []byte(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			before := len(w.table.Calls())
			w.began(t, queued, now)
			return len(w.table.Calls()) - before - 1 // the write that begins the attempt
		}
		if got := reads(w, event(events.MatchUpdated), webhooks.Basis{}); got != 1 {
			t.Errorf("an event of a match takes %d reads, want 1: the webhook", got)
		}
		w = contestFixture(t, w)
		for want, basis := range map[int]webhooks.Basis{2: {Game: "rally"}, 3: {User: "usr_1"}} {
			if got := reads(w, contestEvent("evt_reads"), basis); got != want {
				t.Errorf("%+v takes %d reads, want %d", basis, got, want)
			}
		}
	})
}
