package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

// test is for contracts that name tests and replays apart; createDelivery does both.
func test(d Deps) api.Handler {
	return api.Handle("testWebhook", func(ctx context.Context, r *api.Request, in *webhookInput) (webhooks.TestedWebhook, error) {
		return d.Webhooks.Test(ctx, r, in.Webhook)
	})
}

type replayInput struct {
	Webhook  string `json:"webhook" text:"id" doc:"Webhook id"`
	Delivery string `json:"delivery" text:"id" doc:"Id of the delivery whose event is sent again, with the same webhook-id" example:"dlv_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}

func replay(d Deps) api.Handler {
	return api.Handle("replayDelivery", func(ctx context.Context, r *api.Request, in *replayInput) (webhooks.Delivery, error) {
		return d.Webhooks.Replay(ctx, r, in.Webhook, in.Delivery)
	}).Answering(202)
}
