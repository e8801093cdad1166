package webhooks

import (
	"cmp"
	"context"
	"time"

	"statgate/shared/api"
)

// testPatience is the default time that a test waits for its attempt: the longest attempt, and a second
// until it begins.
const testPatience = 11 * time.Second

// TestedWebhook is the result of a test.
type TestedWebhook struct {
	Delivered bool `json:"delivered" doc:"Whether the endpoint accepted the test event; false if it did not within 11 s"`
}

// WebhookTest is the data of a test event.
type WebhookTest struct {
	Webhook string `json:"webhook" doc:"Webhook id" example:"whk_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}

// Test sends a test event and waits for its first attempt. Retries of a failed attempt follow
// like those of every delivery.
func (s *Store) Test(ctx context.Context, r *api.Request, id string) (TestedWebhook, error) {
	d, err := s.Send(ctx, r, id, nil)
	if err != nil {
		return TestedWebhook{}, err
	}
	end := time.After(cmp.Or(s.TestPatience, testPatience))
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		select {
		case <-ctx.Done():
			return TestedWebhook{}, nil
		case <-end:
			return TestedWebhook{}, nil
		case <-time.After(wait):
		}
		it, err := s.Table.Get(ctx, deliveryAddress(id, d.ID), true)
		if err != nil {
			continue // the event is queued, and the result may be read later
		}
		if is, ok := deliveryFromItem(it, r.Now); !ok || is.State != Pending || is.Attempts > 0 {
			return TestedWebhook{Delivered: is.State == Delivered}, nil
		}
	}
}
