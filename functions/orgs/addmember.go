package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type addInput struct {
	Org   string `json:"org" text:"id" doc:"Organisation id"`
	Email string `json:"email" text:"line" doc:"Email address, unique in the organisation; case and width of letters are ignored" example:"grace@example.com"`
	Role  string `json:"role" enum:"owner,admin,member" doc:"Role in the organisation; only owners and operators may add an owner"`
}

func addMember(d Deps) api.Handler {
	return api.Handle("addMember", func(ctx context.Context, r *api.Request, in *addInput) (orgs.Member, error) {
		return d.Orgs.AddMember(ctx, r, in.Org, in.Email, in.Role)
	}).Answering(201)
}
