package webhooks

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
)

type createInput struct {
	URL         string   `json:"url" minLength:"1" doc:"Where events are sent by POST: https, on the open internet. Whoever is answered with a redirect is not followed" example:"https://example.com/statgate"`
	Description string   `json:"description,omitempty" maxLength:"200" doc:"What you want to remember of it" example:"Scores for the app"`
	Types       []string `json:"types,omitempty" nullable:"false" doc:"Types of the events that it is sent; all where none is named" example:"[\"match.updated\"]"`
	Leagues     []string `json:"leagues,omitempty" nullable:"false" doc:"Ids of leagues, at most 50: only their matches; all where none is named" example:"[\"en.1\"]"`
	Teams       []string `json:"teams,omitempty" nullable:"false" doc:"Ids of teams, at most 50: only matches that one of them plays; all where none is named" example:"[\"leicester-city-fc\"]"`
}

func create(d Deps) api.Handler {
	return api.Making(api.Handle("createWebhook", func(ctx context.Context, r *api.Request, in *createInput) (webhooks.Created, error) {
		return d.Webhooks.Create(ctx, r, webhooks.Spec{URL: in.URL, Description: in.Description, Types: in.Types, Leagues: in.Leagues, Teams: in.Teams})
	}), "getWebhook", func(w webhooks.Created) string { return w.ID }).Sending(events.Kinds...)
}
