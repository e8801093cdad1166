// Package orgs is the function that serves organisations and their members.
package orgs

import (
	"statgate/shared/access/orgs"
	"statgate/shared/api"
)

// Deps are the handlers' dependencies.
type Deps struct {
	Orgs    *orgs.Store
	Flusher api.Flusher // nil where nothing caches policies
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), create(d), get(d), update(d), visit(d), listMembers(d), addMember(d), updateMember(d), removeMember(d)}
}

// orgInput names an organisation.
type orgInput struct {
	Org string `json:"org" text:"id" doc:"Organisation id" example:"org_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}
