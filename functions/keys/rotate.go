package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type rotateInput struct {
	Key     string `json:"key" doc:"Key id"`
	Overlap string `json:"overlap,omitempty" doc:"How long the old secret stays good; default 0s: it ends at once" example:"24h"`
	Force   bool   `json:"force,omitempty" doc:"Rotate although a replaced secret is still good, and end that one at once"`
}

func rotate(d Deps) api.Handler {
	return api.Handle("rotateKey", func(ctx context.Context, r *api.Request, in *rotateInput) (keys.Rotated, error) {
		return d.Keys.Rotate(ctx, r, in.Key, in.Overlap, in.Force)
	})
}
