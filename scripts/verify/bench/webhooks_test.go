package main

import "testing"

func TestMeasuredDeliveriesAreStoredForEveryWebhookAndReceivedOnce(t *testing.T) {
	t.Parallel()
	e, err := memory()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	const hooks = 3
	m, err := newDeliveryFixture(t.Context(), e, hooks)
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	for range 2 {
		if _, err := m.fanOut(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got, want := len(m.queued), hooks*changeCount; got != want {
			t.Errorf("%d deliveries were stored, want %d: each round has new events", got, want)
		}
	}
	if _, err := m.attempts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := m.received, hooks*changeCount; got != want {
		t.Errorf("the receiver got %d deliveries, want %d", got, want)
	}
	// These messages are duplicates: their deliveries have ended.
	if _, err := m.attempts(t.Context()); err != nil || m.received != hooks*changeCount {
		t.Errorf("got %v and %d deliveries received, want none received twice", err, m.received)
	}
}
