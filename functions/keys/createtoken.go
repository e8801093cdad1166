package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type tokenInput struct {
	Scopes    []string `json:"scopes,omitempty" text:"id" nullable:"false" doc:"Scopes of the token, not empty and a subset of the key's; default: all that reach data" example:"read:matches"`
	ExpiresIn *string  `json:"expires_in,omitempty" text:"id" doc:"Lifetime, 1m–24h; default 1h" example:"15m"`
}

func createToken(d Deps) api.Handler {
	return api.Handle("createToken", func(ctx context.Context, r *api.Request, in *tokenInput) (keys.Token, error) {
		return d.Keys.Derive(ctx, r, keys.TokenSpec{Scopes: in.Scopes, ExpiresIn: in.ExpiresIn})
	}).Answering(201)
}
