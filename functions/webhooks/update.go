package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type updateInput struct {
	Webhook     string   `json:"webhook" doc:"Webhook id"`
	URL         *string  `json:"url,omitempty" minLength:"1" doc:"Deliveries that are pending go there too"`
	Description *string  `json:"description,omitempty" maxLength:"200"`
	State       *string  `json:"state,omitempty" enum:"enabled,disabled" doc:"One that is disabled is sent nothing, and what happens meanwhile is not sent later"`
	Types       []string `json:"types,omitempty" nullable:"false" doc:"All that it will have; an empty list: all there are"`
	Leagues     []string `json:"leagues,omitempty" nullable:"false"`
	Teams       []string `json:"teams,omitempty" nullable:"false"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateWebhook", func(ctx context.Context, r *api.Request, in *updateInput) (webhooks.Webhook, error) {
		return d.Webhooks.Update(ctx, r, in.Webhook, webhooks.Edit{URL: in.URL, Description: in.Description, State: in.State,
			Types: in.Types, Leagues: in.Leagues, Teams: in.Teams})
	})
}
