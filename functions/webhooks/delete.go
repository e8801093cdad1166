package webhooks

import (
	"context"

	"statgate/shared/api"
)

// deletedWebhook is the empty answer.
type deletedWebhook struct {
	Success bool `json:"success" doc:"Always true"`
}

func remove(d Deps) api.Handler {
	return api.Handle("deleteWebhook", func(ctx context.Context, r *api.Request, in *webhookInput) (deletedWebhook, error) {
		err := d.Webhooks.Delete(ctx, r, in.Webhook)
		return deletedWebhook{err == nil}, err
	})
}
