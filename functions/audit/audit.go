// Package audit is the function that lists the audit trail.
package audit

import (
	"statgate/shared/access/audit"
	"statgate/shared/api"
)

// Deps are the handlers' dependencies.
type Deps struct {
	Trail *audit.Store
	Orgs  audit.Orgs
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler { return []api.Handler{list(d)} }
