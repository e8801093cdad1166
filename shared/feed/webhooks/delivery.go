package webhooks

import (
	"strings"
	"time"

	"statgate/shared/table"
)

// States of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Failed    = "failed"   // no attempts are left, or the receiver answered 410 Gone
	Canceled  = "canceled" // its webhook was disabled, deleted or lost the right to it meanwhile
)

// Retention is how long a delivery is stored and can be sent again.
const Retention = 15 * 24 * time.Hour

// Delivery is one event for one webhook.
type Delivery struct {
	ID        string     `json:"id" doc:"Delivery id" example:"dlv_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Webhook   string     `json:"webhook" doc:"Webhook id"`
	Event     string     `json:"event" doc:"Event id, sent in the header webhook-id; the same in every attempt" example:"evt_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Type      string     `json:"type" doc:"Event type" example:"match.updated"`
	State     string     `json:"state" enum:"pending,delivered,failed,canceled" doc:"Delivery state; failed has no further attempt, canceled was ended because the webhook was disabled or may no longer receive the event"`
	CreatedAt time.Time  `json:"created_at" doc:"Time of the event"`
	Attempts  int        `json:"attempts" doc:"Number of requests that were sent to the endpoint since the delivery began, or since it was last redelivered"`
	TriedAt   *time.Time `json:"tried_at" doc:"Time of the last attempt; null before the first"`
	Status    *int       `json:"status" doc:"HTTP status of the response to the last attempt; null without a response"`
	Error     *string    `json:"error" doc:"Reason why the last attempt failed; null if it did not"`
	NextAt    *time.Time `json:"next_at" doc:"Time of the next attempt; null without one"`
}

// QueuedDelivery is a delivery that needs an attempt.
type QueuedDelivery struct {
	Org      string `json:"org"`
	Webhook  string `json:"webhook"`
	Delivery string `json:"delivery"`
	// NotBefore is the earliest time of the attempt, in Unix seconds; 0 for immediately. It
	// is a hint: the delivery's item decides.
	NotBefore int64 `json:"not_before,omitempty"`
}

// Group is the message group of a delivery: fair queues serve organisations in turn.
func (d QueuedDelivery) Group() string { return d.Org }

// Due is the earliest time of the attempt.
func (d QueuedDelivery) Due() time.Time { return time.Unix(d.NotBefore, 0) }

const deliveryPrefix = "DELIVERY#"

func deliveries(webhook string) string { return table.Join("WEBHOOK", webhook) }

func deliveryAddress(webhook, id string) table.Key {
	return table.Key{Partition: deliveries(webhook), Sort: deliveryPrefix + id}
}

// storedDelivery is a delivery as it is stored, with the body that is sent.
type storedDelivery struct {
	Delivery
	Body string
	// Waits is how many waits of the schedule have begun: the attempts, and those that were
	// skipped. Earlier releases counted both as attempts and did not store it.
	Waits int
	Basis Basis // of an event of a contest
}

func (s *storedDelivery) item() table.Item {
	at := deliveryAddress(s.Webhook, s.ID)
	it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
		"id": s.ID, "webhook": s.Webhook, "event": s.Event, "type": s.Type, "state": s.State, "body": s.Body,
		"created_at": s.CreatedAt.UnixMilli(), "attempts": int64(s.Attempts), table.TTLAttr: s.CreatedAt.Add(Retention).Unix()}
	for name, text := range map[string]string{"game": s.Basis.Game, "user": s.Basis.User} {
		if text != "" {
			it[name] = text
		}
	}
	return it
}

func deliveryFromItem(it table.Item, now time.Time) (storedDelivery, bool) {
	if !strings.HasPrefix(it.Str(table.SortAttr), deliveryPrefix) || it.Int(table.TTLAttr) <= now.Unix() {
		return storedDelivery{}, false
	}
	s := storedDelivery{Body: it.Str("body"), Basis: Basis{it.Str("game"), it.Str("user")}, Delivery: Delivery{
		ID: it.Str("id"), Webhook: it.Str("webhook"), Event: it.Str("event"), Type: it.Str("type"), State: it.Str("state"),
		CreatedAt: time.UnixMilli(it.Int("created_at")).UTC(), Attempts: int(it.Int("attempts")),
		TriedAt: optionalTime(it, "tried_at"), NextAt: optionalTime(it, "next_at"),
	}}
	if s.Waits = s.Attempts; it["waits"] != nil {
		s.Waits = int(it.Int("waits"))
	}
	if status := int(it.Int("status")); status != 0 {
		s.Status = &status
	}
	if text := it.Str("error"); text != "" {
		s.Error = &text
	}
	return s, true
}
