package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type listDeliveriesInput struct {
	Webhook string `json:"webhook" text:"id" doc:"Webhook id"`
	api.Page
}

func listDeliveries(d Deps) api.Handler {
	return api.Handle("listDeliveries", func(ctx context.Context, r *api.Request, in *listDeliveriesInput) (api.List[webhooks.Delivery], error) {
		found, next, err := d.Webhooks.Deliveries(ctx, r, in.Webhook, in.Limit, in.After)
		return api.List[webhooks.Delivery]{Data: found, Next: next}, err
	})
}

type createDeliveryInput struct {
	Webhook  string  `json:"webhook" text:"id" doc:"Webhook id"`
	Delivery *string `json:"delivery,omitempty" text:"id" doc:"Id of the delivery whose event is sent again, with the same webhook-id; default: an event of the type webhook.test is sent" example:"dlv_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}

func createDelivery(d Deps) api.Handler {
	return api.Handle("createDelivery", func(ctx context.Context, r *api.Request, in *createDeliveryInput) (webhooks.Delivery, error) {
		return d.Webhooks.Send(ctx, r, in.Webhook, in.Delivery)
	}).Answering(202)
}
