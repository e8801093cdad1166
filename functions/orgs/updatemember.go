package orgs

import (
	"context"
	"time"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

type editInput struct {
	Org   string  `json:"org" text:"id" doc:"Organisation id"`
	User  string  `json:"user" text:"id" doc:"User id" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Email *string `json:"email,omitempty" text:"line" doc:"New email address, unique in the organisation; case and width of letters are ignored"`
	Role  *string `json:"role,omitempty" enum:"owner,admin,member" doc:"New role in the organisation; only owners and operators may change to or from owner"`
	State *string `json:"state,omitempty" enum:"active,suspended" doc:"New state; the keys of a suspended member are refused from their next request"`
}

// editedMember is a member after a change.
type editedMember struct {
	orgs.Member
	EffectiveBy *time.Time `json:"effective_by" doc:"Time by which widened permissions are effective everywhere; null if nothing was widened, as the change is then already effective"`
}

func updateMember(d Deps) api.Handler {
	return api.Handle("updateMember", func(ctx context.Context, r *api.Request, in *editInput) (editedMember, error) {
		m, widened, err := d.Orgs.UpdateMember(ctx, r, in.Org, in.User, orgs.MemberEdit{Email: in.Email, Role: in.Role, State: in.State})
		if err != nil || !widened {
			return editedMember{Member: m}, err
		}
		return editedMember{m, api.EffectiveBy(ctx, d.Flusher, r.Now)}, nil
	})
}
