package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

func visit(d Deps) api.Handler {
	return api.Handle("visitOrg", func(ctx context.Context, r *api.Request, in *orgInput) (orgs.Visit, error) {
		return d.Orgs.Visit(ctx, r, in.Org)
	}).Answering(201)
}
