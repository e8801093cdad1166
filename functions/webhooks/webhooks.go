// Package webhooks is the function that manages webhooks and lists their deliveries.
package webhooks

import (
	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

// Deps are the handlers' dependencies.
type Deps struct{ Webhooks *webhooks.Store }

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), create(d), get(d), update(d), remove(d), rotate(d), listDeliveries(d), createDelivery(d), test(d), replay(d)}
}

// webhookInput names a webhook.
type webhookInput struct {
	Webhook string `json:"webhook" text:"id" doc:"Webhook id" example:"whk_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}
