package tools

import (
	"context"
	"errors"
	"strconv"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
)

// league returns the league of an id or a name.
func (d Deps) league(ctx context.Context, c *Call, field, sent string) (*leagues.League, error) {
	reader := d.Leagues.For(c.Caller, c.Contract)
	l, err := reader.Get(ctx, sent)
	switch {
	case err == nil:
		return l, nil
	case !errors.Is(err, leagues.ErrNotFound):
		return nil, api.UnavailableError("reading leagues", err)
	}
	return nil, unknownName(field, "league", sent, nil)
}

// offset returns the position of a cursor in a list of n rows that the answer has in memory.
func (c *Call) offset(ctx context.Context, cursor string, n int) (int, error) {
	at, err := c.position(ctx, cursor)
	if err != nil || at == "" {
		return 0, err
	}
	from, err := strconv.Atoi(at)
	if err != nil || from < 0 || from > n {
		return 0, api.FieldErrorOf(api.InputCursor, "cursor", api.ErrCursorForeign.Error())
	}
	return from, nil
}
