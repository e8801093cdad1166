package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type rotateInput struct {
	Webhook string `json:"webhook" doc:"Webhook id"`
	Overlap string `json:"overlap,omitempty" doc:"For how long the old secret signs beside the new one, at most 7d; default 0s: it ends at once" example:"24h"`
	Force   bool   `json:"force,omitempty" doc:"Rotate although a replaced secret still signs, and end that one at once"`
}

func rotate(d Deps) api.Handler {
	return api.Handle("rotateWebhook", func(ctx context.Context, r *api.Request, in *rotateInput) (webhooks.Created, error) {
		return d.Webhooks.Rotate(ctx, r, in.Webhook, in.Overlap, in.Force)
	})
}
