package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type createInput struct {
	Name        string     `json:"name" minLength:"1" maxLength:"80" doc:"What tells it from the others" example:"Dashboard bot"`
	Scopes      []string   `json:"scopes,omitempty" nullable:"false" doc:"What it may do; the contract's default where none is named"`
	ExpiresIn   *string    `json:"expires_in,omitempty" doc:"How long it lives: a whole number and s, m, h, d, w or y; not with expires_at" example:"30d"`
	ExpiresAt   *string    `json:"expires_at,omitempty" format:"date-time" doc:"When it ends; not with expires_in"`
	Metadata    api.Object `json:"metadata,omitempty" doc:"Whatever you want to remember of it, at most 1 KB as JSON"`
	Environment *string    `json:"environment,omitempty" doc:"The deployment's; another is refused"`
	Org         *string    `json:"org,omitempty" doc:"The organisation that will own it; operators only, default the caller's"`
	User        *string    `json:"user,omitempty" doc:"The member who will own it and whose role bounds it; default the caller"`
	Game        *string    `json:"game,omitempty" doc:"The game that it is bound to, for scopes that need the approval as its developer"`
}

func create(d Deps) api.Handler {
	return api.Making(api.Handle("createKey", func(ctx context.Context, r *api.Request, in *createInput) (keys.Minted, error) {
		return d.Keys.Create(ctx, r, keys.Spec{Name: in.Name, Scopes: in.Scopes, ExpiresIn: in.ExpiresIn, ExpiresAt: in.ExpiresAt,
			Metadata: in.Metadata, Environment: in.Environment, Org: in.Org, User: in.User, Game: in.Game})
	}), "getKey", func(m keys.Minted) string { return m.ID })
}
