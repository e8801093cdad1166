package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type createInput struct {
	Name        string     `json:"name" text:"line" minLength:"1" maxLength:"80" doc:"Display name, 1–80 characters" example:"Dashboard bot"`
	Scopes      []string   `json:"scopes,omitempty" text:"id" nullable:"false" doc:"Scopes of the key, not empty; default: the contract's default scopes"`
	ExpiresIn   *string    `json:"expires_in,omitempty" text:"id" doc:"Lifetime: a whole number and s, m, h, d, w or y; not with expires_at" example:"30d"`
	ExpiresAt   *string    `json:"expires_at,omitempty" format:"date-time" doc:"Expiry time; not with expires_in"`
	Metadata    api.Object `json:"metadata,omitempty" doc:"Metadata of your own, at most 1 KB as JSON"`
	Environment *string    `json:"environment,omitempty" text:"id" doc:"Must equal the deployment's environment"`
	Org         *string    `json:"org,omitempty" text:"id" doc:"Id of the organisation that will own the key; operators only; default: the caller's organisation"`
	User        *string    `json:"user,omitempty" text:"id" doc:"Id of the member who will own the key; the member's role limits the key; default: the caller"`
	Game        *string    `json:"game,omitempty" text:"id" doc:"Id of the game that the key is bound to; required for scopes that need approval as its developer"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createKey", func(ctx context.Context, r *api.Request, in *createInput) (keys.Minted, error) {
		return d.Keys.Create(ctx, r, keys.Spec{Name: in.Name, Scopes: in.Scopes, ExpiresIn: in.ExpiresIn, ExpiresAt: in.ExpiresAt,
			Metadata: in.Metadata, Environment: in.Environment, Org: in.Org, User: in.User, Game: in.Game})
	}), "getKey", func(m keys.Minted) string { return m.ID })
}
