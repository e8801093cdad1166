package connections

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type putInput struct {
	Org         string         `json:"org" text:"id" doc:"Organisation id"`
	User        string         `json:"user" text:"id" doc:"User id" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Connections []orgs.Account `json:"connections" maxItems:"4" nullable:"false" doc:"All linked accounts, at most one per platform; accounts that are not listed are removed"`
}

// memberConnections are a member's accounts on other platforms.
type memberConnections struct {
	User        string         `json:"user" doc:"User id"`
	Connections []orgs.Account `json:"connections" nullable:"false" doc:"Linked accounts"`
}

func put(d Deps) api.Handler {
	return api.Handle("putConnections", func(ctx context.Context, r *api.Request, in *putInput) (memberConnections, error) {
		return memberConnections{in.User, in.Connections}, d.Orgs.Connect(ctx, r, in.Org, in.User, in.Connections)
	})
}
