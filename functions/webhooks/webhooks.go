// Package webhooks is a stand-in.
package webhooks

import (
	"context"

	"statgate/shared/api"
)

// Deps is what the handlers need.
type Deps struct {
	Send func(ctx context.Context, body string) error
}

type input struct {
	Webhook string `json:"webhook" doc:"Webhook id"`
}

type delivery struct {
	Sent bool `json:"sent"`
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{api.Handle("createDelivery", func(ctx context.Context, r *api.Request, _ *input) (delivery, error) {
		return delivery{Sent: true}, d.Send(ctx, "by hand")
	})}
}
