package webhooks_test

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/api"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// began begins an attempt, and fails the test if the delivery cannot be attempted.
func (w *fixture) began(t *testing.T, d webhooks.QueuedDelivery, at time.Time) *webhooks.Attempt {
	t.Helper()
	a, wait, err := w.Begin(t.Context(), d, at)
	if err != nil || a == nil {
		t.Fatalf("got no attempt, %s, %v", wait, err)
	}
	return a
}

func (w *fixture) finished(t *testing.T, a *webhooks.Attempt, o webhooks.Outcome, at time.Time) (time.Duration, bool) {
	t.Helper()
	again, givenUp, err := w.Finish(t.Context(), a, o, at)
	if err != nil {
		t.Fatal(err)
	}
	return again, givenUp
}

// only returns the single delivery of a webhook.
func (w *fixture) only(t *testing.T, hook webhooks.WebhookWithSecret) webhooks.Delivery {
	t.Helper()
	list, _, err := w.Deliveries(t.Context(), w.by(hook.Org), hook.ID, 10, "")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v, want one delivery", list, err)
	}
	return list[0]
}

var (
	refusedByReceiver = webhooks.Outcome{Status: 500, Error: "answered 500"}
	accepted          = webhooks.Outcome{Status: 204}
)

func TestARepeatedEventIsStoredOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook, e := w.make(t, "org_1", webhooks.Spec{}), event(events.MatchCreated)
		first := w.place(t, hook.Webhook, e)
		if again := w.place(t, hook.Webhook, e); again != first {
			t.Errorf("got %v, want %v again: it is still pending", again, first)
		}
		w.finished(t, w.began(t, first, now), accepted, now)
		if _, pending, err := w.Place(t.Context(), &hook.Webhook, e, webhooks.Basis{}, []byte("{}")); pending || err != nil {
			t.Errorf("got %v, %v, want the delivered event not to be sent again", pending, err)
		}
		if got := w.only(t, hook); got.State != webhooks.Delivered || got.Attempts != 1 || *got.Status != 204 || got.Error != nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestOnlyOneOfManyWorkersAttemptsADelivery(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		queued := w.place(t, w.make(t, "org_1", webhooks.Spec{}).Webhook, event(events.MatchCreated))
		var began atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				a, wait, err := w.Begin(context.Background(), queued, now)
				switch {
				case err != nil:
					t.Error(err)
				case a != nil:
					began.Add(1)
				case wait != webhooks.Lease:
					t.Errorf("got wait %s, want %s", wait, webhooks.Lease)
				}
			})
		}
		group.Wait()
		if got := began.Load(); got != 1 {
			t.Errorf("%d attempts began, want 1", got)
		}
	})
}

func TestAnotherWorkerTakesOverAfterACrashAndTheFirstCannotFinish(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, hook.Webhook, event(events.MatchCreated))
		dead := w.began(t, queued, now)
		next := w.began(t, queued, now.Add(webhooks.Lease))
		if again, givenUp := w.finished(t, dead, refusedByReceiver, now.Add(webhooks.Lease)); again != 0 || givenUp {
			t.Errorf("got %s, %v, want the result to be ignored, because the lease has expired", again, givenUp)
		}
		w.finished(t, next, accepted, now.Add(webhooks.Lease))
		if got := w.only(t, hook); got.State != webhooks.Delivered || got.Attempts != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestADeliveryFailsAfterEightAttemptsOverEighteenHours(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, hook.Webhook, event(events.MatchCreated))
		at := now
		for n := 1; ; n++ {
			again, givenUp := w.finished(t, w.began(t, queued, at), refusedByReceiver, at)
			if givenUp {
				if n != 8 || at.Sub(now) < 17*time.Hour || at.Sub(now) > 22*time.Hour {
					t.Errorf("given up after %d attempts and %s", n, at.Sub(now))
				}
				break
			}
			if least := webhooks.RetryDelays[n-1]; again < least || again > least*6/5 {
				t.Errorf("attempt %d: %s until the next, want %s and up to a fifth more", n, again, least)
			}
			early := at.Add(again - 2*time.Second)
			if a, wait, err := w.Begin(t.Context(), queued, early); a != nil || wait <= 0 || wait > 3*time.Second || err != nil {
				t.Errorf("attempt %d: a message that arrives early: got %v, %s, %v", n, a, wait, err)
			}
			at = at.Add(again)
		}
		if got := w.only(t, hook); got.State != webhooks.Failed || got.Attempts != 8 || *got.Error != "answered 500" || got.NextAt != nil {
			t.Errorf("got %+v", got)
		}
		if a, wait, err := w.Begin(t.Context(), queued, at.Add(time.Hour)); a != nil || wait != 0 || err != nil {
			t.Errorf("got %v, %s, %v, want no more attempts", a, wait, err)
		}
	})
}

func TestTheNextAttemptIsAtTheLaterOfTheScheduleAndRetryAfter(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		for after, wants := range map[time.Duration][]time.Duration{
			time.Second:     {5 * time.Second, time.Minute},
			3 * time.Minute: {3 * time.Minute, 3 * time.Minute, 5 * time.Minute},
			1000 * time.Hour: {webhooks.MaxRetryAfter, webhooks.MaxRetryAfter, webhooks.MaxRetryAfter, webhooks.MaxRetryAfter,
				webhooks.MaxRetryAfter, webhooks.MaxRetryAfter, webhooks.MaxRetryAfter},
		} {
			hook := w.make(t, "org_1", webhooks.Spec{})
			queued, at := w.place(t, hook.Webhook, event(events.MatchCreated)), now
			for n, want := range wants {
				o := webhooks.Outcome{Status: 429, Error: "answered 429", RetryAfter: after}
				again, _ := w.finished(t, w.began(t, queued, at), o, at)
				if again < want || again > want*6/5 {
					t.Errorf("Retry-After %s, attempt %d: %s until the next, want %s and up to a fifth more", after, n+1, again, want)
				}
				at = at.Add(again)
			}
			if at.Sub(now) > webhooks.Retention {
				t.Errorf("Retry-After %s: the last attempt is after %s, when the delivery has expired", after, at.Sub(now))
			}
		}
	})
}

func TestAnAttemptThatIsNotMadeIsNotCountedButDelaysTheNext(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued, at := w.place(t, hook.Webhook, event(events.MatchCreated)), now
		w.finished(t, w.began(t, queued, at), refusedByReceiver, at)
		at = at.Add(time.Minute)
		again, _ := w.finished(t, w.began(t, queued, at), webhooks.Outcome{Error: "not attempted", Skipped: true}, at)
		if again < webhooks.RetryDelays[1] {
			t.Errorf("got %s until the next attempt, want at least %s", again, webhooks.RetryDelays[1])
		}
		if got := w.only(t, hook); got.Attempts != 1 || got.TriedAt == nil || !got.TriedAt.Equal(now) || *got.Error != "not attempted" {
			t.Errorf("got %+v, want the one attempt that was made", got)
		}
		made := 1
		for givenUp := false; !givenUp; made++ {
			at = at.Add(again)
			again, givenUp = w.finished(t, w.began(t, queued, at), refusedByReceiver, at)
		}
		if got := w.only(t, hook); got.State != webhooks.Failed || got.Attempts != made || made != len(webhooks.RetryDelays) {
			t.Errorf("got %+v after %d attempts, want it to fail after %d", got, made, len(webhooks.RetryDelays))
		}
		if _, err := w.Store.Send(t.Context(), w.by("org_1"), hook.ID, &queued.Delivery); err != nil {
			t.Fatal(err)
		}
		if again, _ := w.finished(t, w.began(t, queued, at.Add(time.Hour)), refusedByReceiver, at.Add(time.Hour)); again > webhooks.RetryDelays[0]*6/5 {
			t.Errorf("sent again: got %s until the next attempt, want the schedule from its start", again)
		}
	})
}

func TestAFailingStoreUsesUpNoAttempt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, hook.Webhook, event(events.MatchCreated))
		w.table.Next(1, tabletest.Unavailable, "Get")
		if a, _, err := w.Begin(t.Context(), queued, now); a != nil || err == nil {
			t.Fatalf("got %v, %v, want the store's error", a, err)
		}
		w.table.Heal()
		w.finished(t, w.began(t, queued, now.Add(webhooks.Lease)), refusedByReceiver, now.Add(webhooks.Lease))
		if got := w.only(t, hook); got.Attempts != 1 {
			t.Errorf("got %d attempts, want the one that was made", got.Attempts)
		}
	})
}

func TestADisabledOrDeletedWebhookReceivesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook, gone := w.make(t, "org_1", webhooks.Spec{}), w.make(t, "org_1", webhooks.Spec{})
		queued, lost := w.place(t, hook.Webhook, event(events.MatchCreated)), w.place(t, gone.Webhook, event(events.MatchCreated))
		state := webhooks.Disabled
		if _, err := w.Update(t.Context(), w.by("org_1"), hook.ID, webhooks.Edit{State: &state}); err != nil {
			t.Fatal(err)
		}
		if err := w.Delete(t.Context(), w.by("org_1"), gone.ID); err != nil {
			t.Fatal(err)
		}
		for _, d := range []webhooks.QueuedDelivery{queued, lost} {
			if a, wait, err := w.Begin(t.Context(), d, now); a != nil || wait != 0 || err != nil {
				t.Errorf("got %v, %s, %v, want no attempt", a, wait, err)
			}
		}
		if got := w.only(t, hook); got.State != webhooks.Canceled || got.Attempts != 0 {
			t.Errorf("got %+v", got)
		}
		if all, err := w.Subscribed(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("got %v, %v, want no subscribed webhook", all, err)
		}
		if _, err := w.Store.Send(t.Context(), w.by("org_1"), hook.ID, nil); condition(err) != api.ConflictState {
			t.Errorf("got %v, want a test of it to be refused", err)
		}
	})
}

func TestAKeyThatMayNotReadMatchesCanOnlyDisableAWebhook(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook, narrow := w.make(t, "org_1", webhooks.Spec{}), func() *api.Request { return w.by("org_1", "webhooks:write") }
		off, on, text := webhooks.Disabled, webhooks.Enabled, "mine"
		if is, err := w.Update(t.Context(), narrow(), hook.ID, webhooks.Edit{State: &off}); err != nil || is.State != webhooks.Disabled {
			t.Errorf("got %s, %v, want it to be disabled", is.State, err)
		}
		for _, e := range []webhooks.Edit{{State: &on}, {State: &off, Description: &text}, {Types: []string{}}} {
			if _, err := w.Update(t.Context(), narrow(), hook.ID, e); condition(err) != api.Permission {
				t.Errorf("%+v: got %v, want it to be refused", e, err)
			}
		}
	})
}

func TestAWebhookThatAcceptsNothingForDaysIsDisabledWithAReason(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		lasting := func(begin time.Time) {
			queued := w.place(t, hook.Webhook, event(events.MatchCreated))
			for at := begin; ; {
				again, givenUp := w.finished(t, w.began(t, queued, at), refusedByReceiver, at)
				if at = at.Add(again); givenUp {
					return
				}
			}
		}
		lasting(now)
		is, err := w.Get(t.Context(), w.by("org_1"), hook.ID)
		if err != nil || is.State != webhooks.Enabled || is.FailingAt == nil || !is.FailingAt.Equal(now) {
			t.Fatalf("after one delivery: got %+v, %v", is, err)
		}
		// A successful delivery resets the record of failures.
		w.finished(t, w.began(t, w.place(t, hook.Webhook, event(events.MatchCreated)), now), accepted, now)
		if is, _ = w.Get(t.Context(), w.by("org_1"), hook.ID); is.FailingAt != nil {
			t.Errorf("got failing since %v, want null", is.FailingAt)
		}
		lasting(now)
		lasting(now.Add(webhooks.Patience))
		is, err = w.Get(t.Context(), w.by("org_1"), hook.ID)
		if err != nil || is.State != webhooks.Disabled || is.Reason == nil || *is.Reason != "no delivery has succeeded since 2026-05-02T14:00:00Z" {
			t.Errorf("got %+v, %v", is, err)
		}
		list, _, err := audit.New(w.table, w.table).For(w.by("org_1").Caller).List(t.Context(), audit.Filter{Target: hook.ID, Limit: 10})
		if err != nil || len(list) == 0 || list[0].Action != "webhook.disable" || list[0].Method != audit.MethodDelivery {
			t.Errorf("got %v, %v, want it in the audit trail", list, err)
		}
		state := webhooks.Enabled
		is, err = w.Update(t.Context(), w.by("org_1"), hook.ID, webhooks.Edit{State: &state})
		if err != nil || is.State != webhooks.Enabled || is.Reason != nil || is.FailingAt != nil {
			t.Errorf("enabled again: got %+v, %v", is, err)
		}
	})
}

func TestAWebhookThatAnswers410IsDisabledImmediately(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, hook.Webhook, event(events.MatchCreated))
		again, givenUp := w.finished(t, w.began(t, queued, now), webhooks.Outcome{Status: 410, Error: "answered 410"}, now)
		is, err := w.Get(t.Context(), w.by("org_1"), hook.ID)
		if again != 0 || !givenUp || err != nil || is.State != webhooks.Disabled || is.Reason == nil {
			t.Errorf("got %s, %v, %+v, %v", again, givenUp, is, err)
		}
	})
}

func TestAWebhookIsNotDisabledForAPastFailure(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook, at := w.make(t, "org_1", webhooks.Spec{}), now
		stays := func(why string) {
			if is, err := w.Get(t.Context(), w.by("org_1"), hook.ID); err != nil || is.State != webhooks.Enabled {
				t.Errorf("%s: got %+v, %v", why, is, err)
			}
		}
		failing := w.place(t, hook.Webhook, event(events.MatchCreated))
		for range webhooks.RetryDelays {
			again, _ := w.finished(t, w.began(t, failing, at), refusedByReceiver, at)
			at = at.Add(again)
		}
		at = at.Add(webhooks.Patience)
		last := w.began(t, failing, at)
		w.finished(t, w.began(t, w.place(t, hook.Webhook, event(events.MatchCreated)), at), accepted, at)
		if _, givenUp := w.finished(t, last, refusedByReceiver, at); !givenUp {
			t.Error("the delivery did not fail for good, so this test proves nothing")
		}
		stays("another delivery succeeded during the last attempt")
		w.finished(t, w.began(t, w.place(t, hook.Webhook, event(events.MatchCreated)), at), refusedByReceiver, at)
		old := w.began(t, w.place(t, hook.Webhook, event(events.MatchCreated)), at)
		moved := "https://example.com/elsewhere"
		is, err := w.Update(t.Context(), w.by("org_1"), hook.ID, webhooks.Edit{URL: &moved})
		if err != nil || is.FailingAt != nil {
			t.Errorf("after a change of the URL: got failing since %v, %v, want null", is.FailingAt, err)
		}
		w.finished(t, old, webhooks.Outcome{Status: 410, Error: "answered 410"}, at)
		stays("the previous URL answered 410")
	})
}

func TestDuringAnOverlapBothSecretsSign(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		signing := func(at time.Time) []string {
			return w.began(t, w.place(t, hook.Webhook, event(events.MatchCreated)), at).Secrets
		}
		if got := signing(now); len(got) != 1 || got[0] != hook.SigningSecret {
			t.Error("want only the first secret to sign")
		}
		rotated, err := w.Rotate(t.Context(), w.by("org_1"), hook.ID, "1h", false)
		if err != nil || rotated.PreviousEnd == nil || !rotated.PreviousEnd.Equal(now.Add(time.Hour)) {
			t.Fatalf("got %v, %v", rotated.PreviousEnd, err)
		}
		if got := signing(now); len(got) != 2 || got[0] != rotated.SigningSecret || got[1] != hook.SigningSecret {
			t.Error("want both the new and the old secret to sign")
		}
		if got := signing(now.Add(time.Hour)); len(got) != 1 || got[0] != rotated.SigningSecret {
			t.Error("the old secret signs after its expiry")
		}
		if _, err := w.Rotate(t.Context(), w.by("org_1"), hook.ID, "1h", false); condition(err) != api.ConflictRotation {
			t.Errorf("got %v, want a second rotation in the overlap to be refused", err)
		}
		forced, err := w.Rotate(t.Context(), w.by("org_1"), hook.ID, "", true)
		if err != nil || forced.PreviousEnd != nil {
			t.Fatalf("got %v, %v", forced.PreviousEnd, err)
		}
		if got := signing(now); len(got) != 1 || got[0] != forced.SigningSecret {
			t.Error("want only the forced secret to sign")
		}
	})
}

func TestADeliveryIsSentAgainWithItsOwnID(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook, e := w.make(t, "org_1", webhooks.Spec{}), event(events.MatchCreated)
		queued := w.place(t, hook.Webhook, e)
		w.finished(t, w.began(t, queued, now), accepted, now)
		for range 2 { // it is pending the second time, and queued again
			d, err := w.Store.Send(t.Context(), w.by("org_1"), hook.ID, &queued.Delivery)
			if err != nil || d.State != webhooks.Pending || d.Event != e.ID || d.Attempts != 0 || d.Status != nil {
				t.Fatalf("got %+v, %v", d, err)
			}
		}
		if got := w.queued.Load(); got != 2 {
			t.Errorf("%d were queued, want 2", got)
		}
		if a := w.began(t, queued, now); a.Event != e.ID || string(a.Body) != `{"type":"x"}` {
			t.Errorf("got %s %s", a.Event, a.Body)
		}
		left, err := w.Unfinished(t.Context())
		if err != nil || len(left) != 1 || left[0] != queued {
			t.Errorf("got %v, %v, want the pending delivery", left, err)
		}
	})
}

func TestPendingDeliveriesAreFoundWhenAProcessStarts(t *testing.T) {
	t.Parallel()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := newFixture(t, db.Table(table.Keys.Name))
	want := map[webhooks.QueuedDelivery]bool{}
	for _, org := range []string{"org_1", "org_2"} {
		hook := w.make(t, org, webhooks.Spec{})
		for i := range 450 { // more than a page
			queued := w.place(t, hook.Webhook, event(events.MatchCreated))
			if i%3 == 0 {
				w.finished(t, w.began(t, queued, now), accepted, now)
			} else {
				want[queued] = true
			}
		}
	}
	found, err := w.Unfinished(t.Context())
	if err != nil || len(found) != len(want) {
		t.Fatalf("got %d, %v, want %d", len(found), err, len(want))
	}
	for _, queued := range found {
		if !want[queued] {
			t.Errorf("%v was found twice or is not pending", queued)
		}
		delete(want, queued)
	}
}

func TestAWaitingDeliveryCanBeSentImmediately(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued, at := w.place(t, hook.Webhook, event(events.MatchCreated)), now.Add(-24*time.Hour)
		for range webhooks.RetryDelays {
			again, _ := w.finished(t, w.began(t, queued, at), refusedByReceiver, at)
			at = at.Add(again)
		}
		at = at.Add(-time.Hour)
		if a, _, err := w.Begin(t.Context(), queued, at); a != nil || err != nil {
			t.Fatalf("got %v, %v, want it to wait", a, err)
		}
		r := w.by("org_1")
		r.Now = at
		if d, err := w.Store.Send(t.Context(), r, hook.ID, &queued.Delivery); err != nil || d.NextAt != nil || d.Attempts != 0 {
			t.Fatalf("got %+v, %v, want it to be queued", d, err)
		}
		running := w.began(t, queued, at)
		if _, err := w.Store.Send(t.Context(), r, hook.ID, &queued.Delivery); err != nil {
			t.Fatal(err)
		}
		if a, wait, err := w.Begin(t.Context(), queued, at); a != nil || wait != webhooks.Lease || err != nil {
			t.Errorf("got %v, %s, %v, want no second attempt", a, wait, err)
		}
		w.finished(t, running, accepted, at)
		if got := w.only(t, hook); got.State != webhooks.Delivered || got.Attempts != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestADeliveryThatAWrongClockLeasedOrDelayedIsAttemptedByARightOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		e := event(events.MatchCreated)
		queued, at := w.place(t, hook.Webhook, e), e.At
		wrong := at.AddDate(0, 0, 2)
		w.began(t, queued, wrong) // and its worker stopped
		a := w.began(t, queued, at)
		w.finished(t, a, refusedByReceiver, wrong) // the clock jumped meanwhile
		w.finished(t, w.began(t, queued, at), accepted, at)
		if got := w.only(t, hook); got.State != webhooks.Delivered || got.Attempts != 2 {
			t.Errorf("got %+v, want it to be delivered in the second attempt", got)
		}
	})
}

func TestAWebhookReceivesOnlyEventsThatItSubscribesTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hook webhooks.Webhook
		want bool
	}{
		"all":                {webhooks.Webhook{}, true},
		"its type":           {webhooks.Webhook{Types: []string{events.MatchCreated, events.MatchUpdated}}, true},
		"another type":       {webhooks.Webhook{Types: []string{events.MatchUpdated}}, false},
		"its league":         {webhooks.Webhook{Leagues: []string{"en.1"}}, true},
		"another league":     {webhooks.Webhook{Leagues: []string{"en.2"}}, false},
		"its home team":      {webhooks.Webhook{Teams: []string{"a"}}, true},
		"its away team":      {webhooks.Webhook{Teams: []string{"b"}}, true},
		"another team":       {webhooks.Webhook{Teams: []string{"c"}}, false},
		"before it was made": {webhooks.Webhook{CreatedAt: now.Add(time.Minute + time.Second)}, false},
		"one filter of two":  {webhooks.Webhook{Leagues: []string{"en.1"}, Teams: []string{"c"}}, false},
	} {
		if got := c.hook.Subscribes(event(events.MatchCreated)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	mine := webhooks.Webhook{Org: "org_1"}
	if !mine.Sees(matches.Public, false) || mine.Sees(matches.Public, true) || !mine.Sees("org_1", true) || mine.Sees("org_2", false) {
		t.Error("a webhook sees other matches than its organisation's keys")
	}
}

func TestPendingDeliveriesAreFoundAlthoughReplicasLag(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *fixture) {
		hook := w.make(t, "org_1", webhooks.Spec{})
		queued := w.place(t, hook.Webhook, event(events.MatchCreated))
		lagging := webhooks.New(webhooks.Options{Table: tabletest.Lagging{Table: w.table}, Contract: w.Contract, Rand: rand.Reader})
		if got, err := lagging.Unfinished(t.Context()); err != nil || len(got) != 1 || got[0] != queued {
			t.Errorf("got %v, %v, want %v", got, err, queued)
		}
		if is, err := lagging.Get(t.Context(), w.by("org_1"), hook.ID); err != nil || is.ID != hook.ID {
			t.Errorf("got %v, %v, want the webhook that was just created", is.ID, err)
		}
	})
}
