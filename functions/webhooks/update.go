package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
)

type updateInput struct {
	Webhook     string   `json:"webhook" doc:"Webhook id"`
	URL         *string  `json:"url,omitempty" minLength:"1" doc:"New endpoint; pending deliveries are sent to it too"`
	Description *string  `json:"description,omitempty" maxLength:"200" doc:"New description, at most 200 characters"`
	State       *string  `json:"state,omitempty" enum:"enabled,disabled" doc:"New state; a disabled webhook is sent nothing, and events that it missed are not sent later"`
	Types       []string `json:"types,omitempty" nullable:"false" doc:"Event types to send, which replace the previous list; empty for all"`
	Leagues     []string `json:"leagues,omitempty" nullable:"false" doc:"Ids of existing leagues whose matches to send, at most 50, which replace the previous list; empty for all"`
	Teams       []string `json:"teams,omitempty" nullable:"false" doc:"Ids of existing teams whose matches to send, at most 50, which replace the previous list; empty for all"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateWebhook", func(ctx context.Context, r *api.Request, in *updateInput) (webhooks.Webhook, error) {
		return d.Webhooks.Update(ctx, r, in.Webhook, webhooks.Edit{URL: in.URL, Description: in.Description, State: in.State,
			Types: in.Types, Leagues: in.Leagues, Teams: in.Teams})
	})
}
