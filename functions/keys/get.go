package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// keyInput names a key.
type keyInput struct {
	Key string `json:"key" text:"id" doc:"Key id" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}

func get(d Deps) api.Handler {
	return api.Handle("getKey", func(ctx context.Context, r *api.Request, in *keyInput) (keys.Key, error) {
		return d.Keys.Get(ctx, r, in.Key)
	})
}
