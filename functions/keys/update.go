package keys

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type updateInput struct {
	Key       string               `json:"key" doc:"Key id"`
	Name      *string              `json:"name,omitempty" minLength:"1" maxLength:"80"`
	Scopes    []string             `json:"scopes,omitempty" nullable:"false" doc:"All scopes it will have"`
	ExpiresIn api.Nullable[string] `json:"expires_in,omitempty" doc:"How long it lives from now; null for ever; not with expires_at" example:"30d"`
	ExpiresAt api.Nullable[string] `json:"expires_at,omitempty" format:"date-time" doc:"When it ends; null for never; not with expires_in"`
	Metadata  api.Object           `json:"metadata,omitempty" doc:"Instead of what it had"`
}

// changedKey is a key after a change.
type changedKey struct {
	keys.Key
	EffectiveBy *time.Time `json:"effective_by" doc:"When the key may do for certain what it could not do before; null where nothing was widened: then the change holds already"`
}

func update(d Deps) api.Handler {
	return api.Handle("updateKey", func(ctx context.Context, r *api.Request, in *updateInput) (changedKey, error) {
		k, widened, err := d.Keys.Update(ctx, r, in.Key, keys.Edit{Name: in.Name, Scopes: in.Scopes,
			ExpiresIn: in.ExpiresIn, ExpiresAt: in.ExpiresAt, Metadata: in.Metadata})
		if err != nil || !widened {
			return changedKey{Key: k}, err
		}
		return changedKey{k, api.EffectiveBy(ctx, d.Flusher, r.Now)}, nil
	})
}
