package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

func get(d Deps) api.Handler {
	return api.Handle("getWebhook", func(ctx context.Context, r *api.Request, in *webhookInput) (webhooks.Webhook, error) {
		return d.Webhooks.Get(ctx, r, in.Webhook)
	})
}
