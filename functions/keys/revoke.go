package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

func revoke(d Deps) api.Handler {
	return api.Handle("revokeKey", func(ctx context.Context, r *api.Request, in *keyInput) (keys.Key, error) {
		return d.Keys.Revoke(ctx, r, in.Key)
	})
}
