package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type addInput struct {
	Org   string `json:"org" doc:"Organisation id"`
	Email string `json:"email" doc:"Unique in the organisation, whatever its case" example:"grace@example.com"`
	Role  string `json:"role" enum:"owner,admin,member" doc:"Owners are made by owners and operators"`
}

func addMember(d Deps) api.Handler {
	return api.Handle("addMember", func(ctx context.Context, r *api.Request, in *addInput) (orgs.Member, error) {
		return d.Orgs.AddMember(ctx, r, in.Org, in.Email, in.Role)
	}).Answering(201)
}
