package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

func getSelf(d Deps) api.Handler {
	return api.Handle("getSelf", func(ctx context.Context, r *api.Request, _ *struct{}) (keys.Self, error) {
		return d.Keys.Self(ctx, r)
	})
}
