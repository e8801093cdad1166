package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listWebhooks", func(ctx context.Context, r *api.Request, in *listInput) (api.List[webhooks.Webhook], error) {
		found, next, err := d.Webhooks.List(ctx, r, in.Limit, in.After)
		return api.List[webhooks.Webhook]{Data: found, Next: next}, err
	})
}
