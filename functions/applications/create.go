package applications

import (
	"context"

	"statgate/shared/access/applications"
	"statgate/shared/api"
)

type createInput struct {
	Kind   string  `json:"kind" enum:"general,game" doc:"As a developer in general, or as the developer of a game"`
	Game   *string `json:"game,omitempty" doc:"Id of the game, for kind game: lower-case letters, digits and -" example:"rocket-rally"`
	Reason string  `json:"reason,omitempty" maxLength:"500" doc:"What you want it for" example:"Tournament scores from our servers"`
}

func create(d Deps) api.Handler {
	return api.Handle("createApplication", func(ctx context.Context, r *api.Request, in *createInput) (applications.Application, error) {
		return d.Applications.Create(ctx, r, in.Kind, in.Game, in.Reason)
	}).Answering(201)
}
