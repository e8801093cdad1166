// Package replays is the function that manages replays of finished matches.
package replays

import (
	"statgate/shared/api"
	"statgate/shared/stats/replays"
)

// Deps are the handlers' dependencies.
type Deps struct{ Replays *replays.Store }

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), create(d), get(d), update(d), remove(d)}
}

// replayInput names a replay.
type replayInput struct {
	Replay string `json:"replay" text:"id" doc:"Replay id" example:"rpl_01k5z3m9v8e2q4w6r8t0y2u4i6"`
}
