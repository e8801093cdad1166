package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"statgate/shared/api"
)

type findInput struct {
	Name   string `json:"name" text:"line" minLength:"1" maxLength:"100" doc:"Name or a part of it from the beginning of a word, in any spelling, with or without accents" example:"bayern munich"`
	Kind   string `json:"kind,omitempty" enum:"league,team,player" doc:"Kind to look for; default: all that the key may read"`
	Detail string `json:"detail,omitempty" enum:"concise,full" default:"concise" doc:"full adds other spellings of teams, and positions and dates of birth of players"`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"25" default:"10" doc:"Rows at most"`
	Cursor string `json:"cursor,omitempty" text:"id" maxLength:"500" doc:"Cursor from the previous answer"`
}

type findAnswer struct {
	Rows       []foundRow `json:"rows" nullable:"false" doc:"What was found: exact names first"`
	Nearest    bool       `json:"nearest" doc:"True if nothing has the name and the rows are the nearest names"`
	NextCursor *string    `json:"next_cursor" doc:"Cursor of the next rows; null at the end"`
}

type foundRow struct {
	Kind    string  `json:"kind" enum:"league,team,player" doc:"Kind"`
	ID      string  `json:"id" doc:"Id, a valid argument of other tools"`
	Name    string  `json:"name" doc:"Name"`
	Country *string `json:"country" doc:"Three-letter code of the country; null if unknown or international"`

	more string // in full detail
}

// A search finds at most maxFound of a kind.
const maxFound = 50

func findTool(d Deps) definition {
	return define("Find ids",
		"Find leagues, teams and players by a name in any spelling, and get their ids. Other tools also take names, so call it only when a name is unclear. "+
			`Example: {"name": "bayern munich", "kind": "team"}`,
		func(ctx context.Context, c *Call, in *findInput) (string, findAnswer, error) {
			kinds, err := findKinds(d, c, in.Kind)
			if err != nil {
				return "", findAnswer{}, err
			}
			all, near, err := findAll(ctx, kinds, in.Name)
			if err != nil {
				return "", findAnswer{}, err
			}
			return findText(ctx, c, in, kinds, all, near)
		})
}

// kindOf finds the objects of one kind.
type kindOf struct {
	name, permission string
	named            func(ctx context.Context, q string) (exact, similar []foundRow, err error)
	nearest          func(ctx context.Context, q string) ([]foundRow, error)
}

// findKinds returns the kinds that the caller may read.
func findKinds(d Deps, c *Call, only string) ([]kindOf, error) {
	var may []kindOf
	for _, k := range allKinds(d, c) {
		if only != "" && k.name != only {
			continue
		}
		if c.Caller.May(k.permission) {
			may = append(may, k)
		}
	}
	if len(may) == 0 {
		what := cmp.Or(only, "league, team or player")
		return nil, api.FieldErrorOf(api.PermissionTool, "kind", fmt.Sprintf("the key may not read any %s; it may read: %s", what, orNone(readable(d, c))))
	}
	return may, nil
}

// readable lists the kinds that the caller may find.
func readable(d Deps, c *Call) []string {
	var names []string
	for _, k := range allKinds(d, c) {
		if c.Caller.May(k.permission) {
			names = append(names, k.name)
		}
	}
	return names
}

func allKinds(d Deps, c *Call) []kindOf {
	return []kindOf{
		kindFrom("league", "leagues:read", d.Leagues.For(c.Caller, c.Contract), leagueFound),
		kindFrom("team", "teams:read", d.Teams.For(c.Caller, c.Contract), teamFound),
		kindFrom("player", "players:read", d.Players.For(c.Caller, c.Contract), playerFound),
	}
}

func kindFrom[T any](name, permission string, r finder[T], row func(T) foundRow) kindOf {
	rows := func(list []T) []foundRow {
		all := make([]foundRow, len(list))
		for i, one := range list {
			all[i] = row(one)
			all[i].Kind, all[i].Name, all[i].Country = name, short(all[i].Name), shortOrNil(all[i].Country)
		}
		return all
	}
	return kindOf{name, permission, func(ctx context.Context, q string) (exact, similar []foundRow, err error) {
		a, b, err := r.Named(ctx, q, maxFound)
		return rows(a), rows(b), err
	}, func(ctx context.Context, q string) ([]foundRow, error) {
		near, err := r.Nearest(ctx, q, maxNearest)
		return rows(near), err
	}}
}

// findAll returns what has the name, then what begins with it, of all kinds in turn. If there
// is nothing, it returns the nearest names.
func findAll(ctx context.Context, kinds []kindOf, q string) (all []foundRow, near bool, err error) {
	exact, similar := make([][]foundRow, len(kinds)), make([][]foundRow, len(kinds))
	group, searching := errgroup.WithContext(ctx)
	for i, k := range kinds {
		group.Go(func() (err error) {
			exact[i], similar[i], err = k.named(searching, q)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, false, api.UnavailableError("searching for a name", err)
	}
	if all = append(inTurn(exact), inTurn(similar)...); len(all) > 0 {
		return all, false, nil
	}
	nearest := make([][]foundRow, len(kinds))
	group, searching = errgroup.WithContext(ctx)
	for i, k := range kinds {
		group.Go(func() (err error) {
			nearest[i], err = k.nearest(searching, q)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, false, api.UnavailableError("looking for near names", err)
	}
	return inTurn(nearest), true, nil
}

// inTurn returns the first row of each list, then the second ones, and so on, so that no kind
// crowds out another.
func inTurn(lists [][]foundRow) []foundRow {
	var all []foundRow
	for i := range slices.MaxFunc(append(lists, nil), func(a, b []foundRow) int { return cmp.Compare(len(a), len(b)) }) {
		for _, list := range lists {
			if i < len(list) {
				all = append(all, list[i])
			}
		}
	}
	return all
}

func findText(ctx context.Context, c *Call, in *findInput, kinds []kindOf, all []foundRow, near bool) (string, findAnswer, error) {
	out := findAnswer{Nearest: near && len(all) > 0}
	from, err := c.offset(ctx, in.Cursor, len(all))
	if err != nil {
		return "", out, err
	}
	list, next := newRows[foundRow](cmp.Or(in.Limit, usualRows)), ""
	for i, row := range all[from:] {
		text := row.Kind + " " + labelled(row.Name, row.ID, row.Country)
		if in.Detail == detailFull && row.more != "" {
			text += ", " + row.more
		}
		if !list.add(text, row) {
			next = fmt.Sprint(from + i)
			break
		}
	}
	if out.NextCursor, err = c.cursor(ctx, next); err != nil {
		return "", out, err
	}
	out.Rows = list.data
	return list.text(findHeading(in.Name, kinds, len(all), near), out.NextCursor), out, nil
}

func findHeading(name string, kinds []kindOf, n int, near bool) string {
	of := make([]string, len(kinds))
	for i, k := range kinds {
		of[i] = k.name
	}
	what := strings.Join(of, " or ")
	switch {
	case n == 0:
		return line("No %s like %q. Repeat the call with another spelling, or with one word of the name", what, name)
	case near:
		return line("No %s like %q; nearest:", what, name)
	}
	return fmt.Sprintf("Found %d:", n)
}
