// Package players has the handlers for players and their statistics.
package players

import (
	"errors"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/players"
)

// Deps is what the handlers need.
type Deps struct {
	Contract *contract.Contract
	Players  *players.Store
}

// Handlers returns the function's handlers.
func Handlers(d Deps) []api.Handler {
	return []api.Handler{list(d), get(d), stats(d)}
}

// found converts a page of a store to an answer.
func found[T any](page *players.Page[T], err error) (api.List[T], error) {
	if err != nil {
		return api.List[T]{}, api.UnavailableError("listing players", err)
	}
	return api.List[T]{Data: page.Items, Next: page.Next, Total: page.Total}, nil
}

func missing(err error) error {
	if errors.Is(err, players.ErrNotFound) {
		return api.Fail(api.NotFound, "no such player")
	}
	return api.UnavailableError("reading a player", err)
}
