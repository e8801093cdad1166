// Package contests has the handlers for contests: matches that two teams arrange and
// score themselves.
package contests

import (
	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

// Deps is what the handlers need.
type Deps struct {
	Contests *contests.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{
		list(d), listUser(d), listTeam(d), listOrg(d),
		create(d), get(d), getStatus(d), move(d), score(d), forfeit(d),
		agree(d), putContestant(d),
	}
}

// MatchInput names a contest. It is exported because the binder reads only exported
// embedded structs.
type MatchInput struct {
	Match string `json:"match" text:"id" doc:"Match id" example:"con_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}
