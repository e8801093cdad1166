package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type rotateInput struct {
	Key     string `json:"key" text:"id" doc:"Key id"`
	Overlap string `json:"overlap,omitempty" text:"id" doc:"Time for which the previous secret stays valid; default 0s: it ends immediately" example:"24h"`
	Force   bool   `json:"force,omitempty" doc:"Whether to rotate while a previous secret is still valid, and end that secret immediately"`
}

func rotate(d Deps) api.Handler {
	return api.Handle("rotateKey", func(ctx context.Context, r *api.Request, in *rotateInput) (keys.Rotated, error) {
		return d.Keys.Rotate(ctx, r, in.Key, in.Overlap, in.Force)
	})
}
