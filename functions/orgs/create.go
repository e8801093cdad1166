package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type createInput struct {
	Name  string `json:"name" text:"line" minLength:"1" maxLength:"80" doc:"Display name, 1–80 characters" example:"Northern Broadcasting"`
	Plan  string `json:"plan,omitempty" text:"id" doc:"Plan name; default: the contract's default plan"`
	Owner string `json:"owner" text:"line" doc:"Email address of the first owner" example:"ada@example.com"`
}

// createdOrg is a new organisation and its first owner.
type createdOrg struct {
	orgs.Org
	Owner orgs.Member `json:"owner" doc:"First owner"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createOrg", func(ctx context.Context, r *api.Request, in *createInput) (createdOrg, error) {
		o, owner, err := d.Orgs.Create(ctx, r, orgs.Spec{Name: in.Name, Plan: in.Plan, Owner: in.Owner})
		return createdOrg{o, owner}, err
	}), "getOrg", func(o createdOrg) string { return o.ID })
}
