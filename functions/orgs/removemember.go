package orgs

import (
	"context"

	"statgate/shared/api"
)

type removeInput struct {
	Org  string `json:"org" text:"id" doc:"Organisation id"`
	User string `json:"user" text:"id" doc:"User id"`
}

// removedMember is the empty answer.
type removedMember struct {
	Success bool `json:"success" doc:"Always true"`
}

func removeMember(d Deps) api.Handler {
	return api.Handle("removeMember", func(ctx context.Context, r *api.Request, in *removeInput) (removedMember, error) {
		err := d.Orgs.RemoveMember(ctx, r, in.Org, in.User)
		return removedMember{err == nil}, err
	})
}
