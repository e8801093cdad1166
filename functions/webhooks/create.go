package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
)

type createInput struct {
	URL         string   `json:"url" text:"id" minLength:"1" doc:"Endpoint that receives events by POST: https, on the public internet; redirects are not followed" example:"https://example.com/statgate"`
	Description string   `json:"description,omitempty" text:"lines" maxLength:"200" doc:"Description of your own, at most 200 characters; may have line breaks" example:"Scores for the app"`
	Types       []string `json:"types,omitempty" text:"id" nullable:"false" doc:"Event types to send; default: all" example:"[\"match.updated\"]"`
	Leagues     []string `json:"leagues,omitempty" text:"id" nullable:"false" doc:"Ids of existing leagues whose matches to send, at most 50; default: all" example:"[\"en.1\"]"`
	Teams       []string `json:"teams,omitempty" text:"id" nullable:"false" doc:"Ids of existing teams whose matches to send, at most 50; default: all" example:"[\"leicester-city-fc\"]"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createWebhook", func(ctx context.Context, r *api.Request, in *createInput) (webhooks.WebhookWithSecret, error) {
		return d.Webhooks.Create(ctx, r, webhooks.Spec{URL: in.URL, Description: in.Description, Types: in.Types, Leagues: in.Leagues, Teams: in.Teams})
	}), "getWebhook", func(w webhooks.WebhookWithSecret) string { return w.ID }).WithEvents(events.All...)
}
