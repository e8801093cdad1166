package applications

import (
	"context"

	"statgate/shared/access/applications"
	"statgate/shared/api"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listApplications", func(ctx context.Context, r *api.Request, in *listInput) (api.List[applications.Application], error) {
		found, next, err := d.Applications.List(ctx, r.Caller, in.Limit, in.After)
		return api.List[applications.Application]{Data: found, Next: next}, err
	})
}
