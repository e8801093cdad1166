package applications

import (
	"context"

	"statgate/shared/access/applications"
	"statgate/shared/api"
)

type createInput struct {
	Kind   string  `json:"kind" enum:"general,game" doc:"Kind of approval: general, or for one game"`
	Game   *string `json:"game,omitempty" text:"id" doc:"Game id, for kind game: at most 64 lower-case letters, digits and -" example:"rocket-rally"`
	Reason string  `json:"reason,omitempty" text:"lines" maxLength:"500" doc:"Reason for the application, at most 500 characters; may have line breaks" example:"Tournament scores from our servers"`
}

func create(d Deps) api.Handler {
	return api.Handle("createApplication", func(ctx context.Context, r *api.Request, in *createInput) (applications.Application, error) {
		return d.Applications.Create(ctx, r, in.Kind, in.Game, in.Reason)
	}).Answering(201)
}
