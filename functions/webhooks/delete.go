package webhooks

import (
	"context"

	"statgate/shared/api"
)

// deletedWebhook says that there is nothing left to show.
type deletedWebhook struct {
	Success bool `json:"success" doc:"Always true"`
}

func remove(d Deps) api.Handler {
	return api.Handle("deleteWebhook", func(ctx context.Context, r *api.Request, in *webhookInput) (deletedWebhook, error) {
		err := d.Webhooks.Delete(ctx, r, in.Webhook)
		return deletedWebhook{err == nil}, err
	})
}
