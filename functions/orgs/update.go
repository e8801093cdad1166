package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type updateInput struct {
	Org  string  `json:"org" text:"id" doc:"Organisation id"`
	Name *string `json:"name,omitempty" text:"line" minLength:"1" maxLength:"80" doc:"New display name, 1–80 characters"`
	Plan *string `json:"plan,omitempty" text:"id" doc:"New plan name; operators only; effective immediately for all keys of the organisation"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateOrg", func(ctx context.Context, r *api.Request, in *updateInput) (orgs.Org, error) {
		return d.Orgs.Update(ctx, r, in.Org, orgs.Edit{Name: in.Name, Plan: in.Plan})
	})
}
