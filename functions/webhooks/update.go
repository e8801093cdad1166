package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type updateInput struct {
	Webhook     string   `json:"webhook" text:"id" doc:"Webhook id"`
	URL         *string  `json:"url,omitempty" text:"id" minLength:"1" doc:"New endpoint; pending deliveries are sent to it too"`
	Description *string  `json:"description,omitempty" text:"lines" maxLength:"200" doc:"New description, at most 200 characters"`
	State       *string  `json:"state,omitempty" enum:"enabled,disabled" doc:"New state; a disabled webhook is sent nothing, and events that it missed are not sent later"`
	Types       []string `json:"types,omitempty" text:"id" nullable:"false" doc:"Event types to send, which replace the previous list; empty for all"`
	Leagues     []string `json:"leagues,omitempty" text:"id" nullable:"false" doc:"Ids of existing leagues whose matches to send, at most 50, which replace the previous list; empty for all"`
	Teams       []string `json:"teams,omitempty" text:"id" nullable:"false" doc:"Ids of existing teams whose matches to send, at most 50, which replace the previous list; empty for all"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateWebhook", func(ctx context.Context, r *api.Request, in *updateInput) (webhooks.Webhook, error) {
		return d.Webhooks.Update(ctx, r, in.Webhook, webhooks.Edit{URL: in.URL, Description: in.Description, State: in.State,
			Types: in.Types, Leagues: in.Leagues, Teams: in.Teams})
	})
}
