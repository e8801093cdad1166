package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type rotateInput struct {
	Webhook string `json:"webhook" text:"id" doc:"Webhook id"`
	Overlap string `json:"overlap,omitempty" text:"id" doc:"Time for which the previous secret also signs, at most 7d; default 0s: it ends immediately" example:"24h"`
	Force   bool   `json:"force,omitempty" doc:"Whether to rotate while a previous secret still signs, and end that secret immediately"`
}

func rotate(d Deps) api.Handler {
	return api.Handle("rotateWebhook", func(ctx context.Context, r *api.Request, in *rotateInput) (webhooks.WebhookWithSecret, error) {
		return d.Webhooks.Rotate(ctx, r, in.Webhook, in.Overlap, in.Force)
	})
}
