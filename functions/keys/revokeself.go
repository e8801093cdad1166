package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

func revokeSelf(d Deps) api.Handler {
	return api.Handle("revokeSelf", func(ctx context.Context, r *api.Request, _ *struct{}) (keys.Key, error) {
		return d.Keys.RevokeSelf(ctx, r)
	})
}
