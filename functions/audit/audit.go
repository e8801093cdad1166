// Package audit is the function that lists the audit trail.
package audit

import (
	"context"

	"statgate/shared/access/audit"
	"statgate/shared/api"
)

// Orgs reports whether an organisation exists; its errors are *api.Error.
type Orgs interface {
	Exists(ctx context.Context, org string) (bool, error)
}

// Deps are the handlers' dependencies.
type Deps struct {
	Trail *audit.Store
	Orgs  Orgs
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{list(d)} }
