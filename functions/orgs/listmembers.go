package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type membersInput struct {
	api.Page
	Org string `json:"org" text:"id" doc:"Organisation id"`
}

func listMembers(d Deps) api.Handler {
	return api.Handle("listMembers", func(ctx context.Context, r *api.Request, in *membersInput) (api.List[orgs.Member], error) {
		found, next, err := d.Orgs.Members(ctx, r.Caller, in.Org, in.Limit, in.After)
		return api.List[orgs.Member]{Data: found, Next: next}, err
	})
}
