package audit

import (
	"context"

	"statgate/shared/access/audit"
	"statgate/shared/api"
)

type listInput struct {
	api.Page
	Key   string `json:"key,omitempty" doc:"Id of the changed object: a key, organisation, user, application, match, contest, contestant or webhook"`
	Actor string `json:"actor,omitempty" doc:"Id of the key or user who made the change"`
	Org   string `json:"org,omitempty" doc:"Organisation id; operators only; default: the caller's organisation"`
}

func list(d Deps) api.Handler {
	return api.Handle("listAudit", func(ctx context.Context, r *api.Request, in *listInput) (api.List[audit.Entry], error) {
		org, err := d.org(ctx, r.Caller, in.Org)
		if err != nil {
			return api.List[audit.Entry]{}, err
		}
		found, next, err := d.Trail.List(ctx, audit.Filter{Org: org, Target: in.Key, Actor: in.Actor, Limit: in.Limit, After: in.After})
		return api.List[audit.Entry]{Data: found, Next: next}, err
	})
}

// org returns the organisation whose trail is listed. For callers other than operators, any
// organisation but their own does not exist.
func (d Deps) org(ctx context.Context, c *api.Caller, asked string) (string, error) {
	if asked == "" || asked == c.Org {
		return c.Org, nil
	}
	found := false
	if c.Operator() {
		var err error
		if found, err = d.Orgs.Exists(ctx, asked); err != nil {
			return "", err
		}
	}
	if !found {
		return "", api.FieldError("org", "no such organisation")
	}
	return asked, nil
}
