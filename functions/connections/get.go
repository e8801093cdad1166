package connections

import (
	"context"

	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// get lists the accounts on those platforms for which the key has a permission.
func get(d Deps) api.Handler {
	return api.Handle("getConnections", func(ctx context.Context, r *api.Request, _ *struct{}) (connections, error) {
		accounts, err := d.Orgs.Accounts(ctx, r.Caller)
		if err != nil {
			return connections{}, err
		}
		shown := connections{Connections: []orgs.Account{}}
		for _, a := range accounts {
			if r.Caller.May("connections." + a.Platform + ":read") {
				shown.Connections = append(shown.Connections, a)
			}
		}
		return shown, nil
	})
}
