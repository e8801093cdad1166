package keys

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type updateInput struct {
	Key       string               `json:"key" text:"id" doc:"Key id"`
	Name      *string              `json:"name,omitempty" text:"line" minLength:"1" maxLength:"80" doc:"New display name, 1–80 characters"`
	Scopes    []string             `json:"scopes,omitempty" text:"id" nullable:"false" doc:"Scopes of the key, not empty, which replace the previous list"`
	ExpiresIn api.Nullable[string] `json:"expires_in,omitempty" text:"id" doc:"New lifetime from now; null removes the expiry; not with expires_at" example:"30d"`
	ExpiresAt api.Nullable[string] `json:"expires_at,omitempty" format:"date-time" doc:"New expiry time; null removes the expiry; not with expires_in"`
	Metadata  api.Object           `json:"metadata,omitempty" doc:"New metadata, at most 1 KB as JSON, which replaces the previous metadata"`
}

// changedKey is a key after a change.
type changedKey struct {
	keys.Key
	EffectiveBy *time.Time `json:"effective_by" doc:"Time by which widened permissions are effective everywhere; null if nothing was widened, as the change is then already effective"`
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
