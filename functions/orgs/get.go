package orgs

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

func get(d Deps) api.Handler {
	return api.Handle("getOrg", func(ctx context.Context, r *api.Request, in *orgInput) (orgs.Org, error) {
		return d.Orgs.Get(ctx, r.Caller, in.Org)
	})
}
