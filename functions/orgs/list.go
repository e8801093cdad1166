package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type listInput struct{ api.Page }

func list(d Deps) api.Handler {
	return api.Handle("listOrgs", func(ctx context.Context, r *api.Request, in *listInput) (api.List[orgs.Org], error) {
		found, next, err := d.Orgs.List(ctx, r.Caller, in.Limit, in.After)
		return api.List[orgs.Org]{Data: found, Next: next}, err
	})
}
