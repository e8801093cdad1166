package main

import "testing"

func TestWhatIsMeasuredIsPutDownForEveryWebhookAndTakenByTheReceiver(t *testing.T) {
	t.Parallel()
	e, err := memory()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	const hooks = 3
	m, err := newMessenger(t.Context(), e, hooks)
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	for range 2 {
		if _, err := m.fanOut(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got, want := len(m.due), hooks*changesMade; got != want {
			t.Errorf("%d deliveries were put down, want %d: each round is news", got, want)
		}
	}
	if _, err := m.attempts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := m.taken, hooks*changesMade; got != want {
		t.Errorf("the receiver took %d deliveries, want %d", got, want)
	}
	// A message that comes again is of a delivery that has ended.
	if _, err := m.attempts(t.Context()); err != nil || m.taken != hooks*changesMade {
		t.Errorf("got %v and %d deliveries taken, want none taken twice", err, m.taken)
	}
}
