package audit

import (
	"context"

	"statgate/shared/access/audit"
	"statgate/shared/api"
)

type listInput struct {
	api.Page
	Key   string `json:"key,omitempty" text:"id" doc:"Id of the changed object: a key, organisation, user, application, match, contest, contestant or webhook"`
	Actor string `json:"actor,omitempty" text:"id" doc:"Id of the key or user who made the change"`
	Org   string `json:"org,omitempty" text:"id" doc:"Organisation id; operators only; default: the caller's organisation"`
}

func list(d Deps) api.Handler {
	return api.Handle("listAudit", func(ctx context.Context, r *api.Request, in *listInput) (api.List[audit.Entry], error) {
		trail, err := d.Trail.ForOrg(ctx, r.Caller, in.Org, d.Orgs)
		if err != nil {
			return api.List[audit.Entry]{}, err
		}
		found, next, err := trail.List(ctx, audit.Filter{Target: in.Key, Actor: in.Actor, Limit: in.Limit, After: in.After})
		return api.List[audit.Entry]{Data: found, Next: next}, err
	})
}
