package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"statgate/shared/api"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/players"
	"statgate/shared/stats/teams"
)

// Bounds of the names that an error lists.
const (
	maxOptions = 6
	maxNearest = 5
	maxSeasons = 12
)

// finder finds objects of one kind by their names.
type finder[T any] interface {
	Named(ctx context.Context, q string, limit int) (exact, similar []T, err error)
	Nearest(ctx context.Context, q string, limit int) ([]T, error)
}

// named is how a kind is resolved by its names.
type named[T any] struct {
	finder[T]
	field, kind string
	id          func(T) string
	describe    func(T) string
	former      func(ctx context.Context, id string) (*T, error) // by a former id; its result is nil without a match, and it may be nil itself
}

// resolve returns the object with an id, else the only one that has a name or, if none has
// it, the only one that a search finds. Its error lists what the name may mean.
func (n named[T]) resolve(ctx context.Context, sent string) (*T, error) {
	found, similar, err := n.Named(ctx, sent, maxOptions+1)
	if err != nil {
		return nil, api.UnavailableError("searching for a name", err)
	}
	if i := slices.IndexFunc(found, func(one T) bool { return n.id(one) == sent }); i >= 0 {
		return &found[i], nil
	}
	if len(found) == 0 && n.former != nil {
		if one, err := n.former(ctx, sent); one != nil || err != nil {
			return one, err
		}
	}
	if len(found) == 0 {
		found = similar
	}
	if len(found) == 1 {
		return &found[0], nil
	}
	if len(found) > 1 {
		return nil, ambiguous(n.field, n.kind, sent, described(found, n.describe))
	}
	near, err := n.Nearest(ctx, sent, maxNearest)
	if err != nil {
		return nil, api.UnavailableError("looking for near names", err)
	}
	return nil, unknownName(n.field, n.kind, sent, described(near, n.describe))
}

func described[T any](list []T, describe func(T) string) []string {
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = describe(one)
	}
	return all
}

// ambiguous lists what a name may mean.
func ambiguous(field, kind, sent string, options []string) error {
	more := ""
	if len(options) > maxOptions {
		options, more = options[:maxOptions], ", and more"
	}
	return api.FieldErrorOf(api.InputField, field, fmt.Sprintf("%q may be any of several %ss; repeat the call with the id of one: %s%s",
		plain(sent), kind, strings.Join(options, ", "), more))
}

// labelled returns a name with its id and, if it is known, a country.
func labelled(name, id string, country *string) string {
	if country == nil {
		return line("%s [%s]", short(name), id)
	}
	return line("%s [%s] (%s)", short(name), id, short(*country))
}

// league returns the league of an id or a name in any spelling.
func (d Deps) league(ctx context.Context, c *Call, field, sent string) (*leagues.League, error) {
	return named[leagues.League]{d.Leagues.For(c.Caller, c.Contract), field, "league",
		func(l leagues.League) string { return l.ID }, describeLeague, nil}.resolve(ctx, sent)
}

// team returns the team of an id, a former id or a name in any spelling.
func (d Deps) team(ctx context.Context, c *Call, field, sent string) (*teams.Team, error) {
	reader := d.Teams.For(c.Caller, c.Contract)
	former := func(ctx context.Context, id string) (*teams.Team, error) {
		if strings.Contains(id, " ") {
			return nil, nil
		}
		t, err := reader.Get(ctx, id)
		if errors.Is(err, teams.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, api.UnavailableError("reading teams", err)
		}
		return t, nil
	}
	return named[teams.Team]{reader, field, "team", func(t teams.Team) string { return t.ID }, describeTeam, former}.resolve(ctx, sent)
}

// player returns the player of an id or a name in any spelling.
func (d Deps) player(ctx context.Context, c *Call, field, sent string) (*players.Player, error) {
	return named[players.Player]{d.Players.For(c.Caller, c.Contract), field, "player",
		func(p players.Player) string { return p.ID }, describePlayer, nil}.resolve(ctx, sent)
}

func describeLeague(l leagues.League) string { return labelled(l.Name, l.ID, l.Country) }

func describeTeam(t teams.Team) string { return labelled(t.Name, t.ID, t.Country) }

func describePlayer(p players.Player) string {
	text := labelled(p.Name, p.ID, p.Country)
	if p.Team != nil {
		text += line(" of %s", short(*p.Team))
	}
	return text
}

// season returns the season of a league, "" for the latest. People write 2015/16 and
// 2015-2016 for 2015-16.
func (d Deps) season(ctx context.Context, c *Call, league *leagues.League, sent string) (*leagues.Season, error) {
	reader := d.Leagues.For(c.Caller, c.Contract)
	var found *leagues.Season
	var err error
	if sent == "" {
		found, _, err = reader.LatestSeason(ctx, league.ID)
	} else {
		found, _, err = reader.Season(ctx, league.ID, seasonID(sent))
	}
	switch {
	case errors.Is(err, leagues.ErrNotFound):
		return nil, d.noSeason(ctx, c, league, sent)
	case err != nil:
		return nil, api.UnavailableError("reading a season", err)
	}
	return found, nil
}

func seasonID(sent string) string {
	id := leagues.SeasonID(sent)
	from, to, ok := strings.Cut(id, "-")
	if ok && len(from) == 4 && len(to) == 4 && from[:2] <= to[:2] {
		return from + "-" + to[2:]
	}
	return id
}

// noSeason says which seasons a league has, those that contain the text first.
func (d Deps) noSeason(ctx context.Context, c *Call, league *leagues.League, sent string) error {
	seasons, err := d.Leagues.For(c.Caller, c.Contract).Seasons(ctx, league.ID)
	if err != nil {
		return api.UnavailableError("reading seasons", err)
	}
	if len(seasons) == 0 {
		return api.FieldErrorOf(api.NotFound, "league", line("%s has no season", short(league.Name)))
	}
	var near, others []string
	for _, s := range seasons {
		if strings.Contains(s.ID, sent) {
			near = append(near, plain(s.ID))
		} else {
			others = append(others, plain(s.ID))
		}
	}
	known := append(near, others...)
	return unknownName("season", "season of "+short(league.Name), sent, known[:min(len(known), maxSeasons)])
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
