package keys

import (
	"context"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type listInput struct {
	api.Page
	State string `json:"state,omitempty" enum:"active,expired,revoked" doc:"State of the keys"`
	Owner string `json:"owner,omitempty" text:"id" doc:"Id of the member who owns the keys; the list is empty if the organisation has no such member"`
	Text  string `json:"q,omitempty" text:"line" minLength:"1" maxLength:"80" doc:"Part of the name, the prefix or the last characters of the secret; case is ignored"`
	Org   string `json:"org,omitempty" text:"id" doc:"Organisation id; operators only; default: the caller's organisation"`
}

func list(d Deps) api.Handler {
	return api.Handle("listKeys", func(ctx context.Context, r *api.Request, in *listInput) (api.List[keys.Key], error) {
		found, next, err := d.Keys.List(ctx, r, keys.Filter{Org: in.Org, State: in.State, Owner: in.Owner, Text: in.Text, Limit: in.Limit, After: in.After})
		return api.List[keys.Key]{Data: found, Next: next}, err
	})
}
