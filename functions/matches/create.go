package matches

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

type createInput struct {
	League    *string     `json:"league,omitempty" text:"id" doc:"League id; default: no league" example:"en.1"`
	Season    *string     `json:"season,omitempty" text:"id" doc:"Season id; requires league" example:"2015-16"`
	Stage     *string     `json:"stage,omitempty" text:"line" minLength:"1" maxLength:"100" doc:"Part of the season, such as a play-off, 1–100 characters"`
	Round     *string     `json:"round,omitempty" text:"line" minLength:"1" maxLength:"100" doc:"Round in your own words, 1–100 characters; distinguishes meetings of the same teams, as the date does without a round" example:"Matchday 5"`
	Date      *string     `json:"date,omitempty" format:"date" doc:"Local date of a match whose kick-off time is unknown; not with kickoff_at" example:"2026-05-02"`
	KickoffAt *string     `json:"kickoff_at,omitempty" format:"date-time" doc:"Kick-off time; the match's date is local to the league, or in UTC without a league" example:"2026-05-02T14:00:00Z"`
	Home      teamInput   `json:"home" doc:"Home team"`
	Away      teamInput   `json:"away" doc:"Away team"`
	Status    string      `json:"status,omitempty" enum:"scheduled,live,finished,postponed,cancelled,abandoned,awarded" default:"scheduled" doc:"Match status"`
	Minute    *int        `json:"minute,omitempty" minimum:"0" maximum:"200" doc:"Minute of play, 0–200; only for a live match"`
	Score     *scoreInput `json:"score,omitempty" doc:"Known scores; the winner follows from them"`
}

// teamInput names a visible team by id, or one of the organisation's own by name.
type teamInput struct {
	ID   *string `json:"id,omitempty" text:"id" doc:"Id of a team that your keys can read; not with name" example:"leicester-city-fc"`
	Name *string `json:"name,omitempty" text:"line" minLength:"1" maxLength:"100" doc:"Name of a team of your organisation, 1–100 characters; the same name has the same id; not with id"`
}

// scoreInput is a whole score; omitted parts are unknown.
type scoreInput struct {
	HalfTime  *goalsInput `json:"half_time,omitempty" doc:"Score at half-time"`
	FullTime  *goalsInput `json:"full_time,omitempty" doc:"Score after 90 minutes, or the current score of a live match"`
	ExtraTime *goalsInput `json:"extra_time,omitempty" doc:"Score after extra time, including the 90 minutes"`
	Penalties *goalsInput `json:"penalties,omitempty" doc:"Score of the penalty shoot-out"`
}

type goalsInput struct {
	Home int `json:"home" minimum:"0" maximum:"999" doc:"Goals of the home team, 0–999"`
	Away int `json:"away" minimum:"0" maximum:"999" doc:"Goals of the away team, 0–999"`
}

func create(d Deps) api.Handler {
	return api.Creating(api.Handle("createMatch", func(ctx context.Context, r *api.Request, in *createInput) (*matches.Match, error) {
		return d.Own.Create(ctx, r, in, func(ctx context.Context) (matches.Draft, error) { return d.draft(ctx, r.Caller, in) })
	}), "getMatch", func(m *matches.Match) string { return m.ID })
}

// draft looks up the league, the season and the teams of the input.
func (d Deps) draft(ctx context.Context, c *api.Caller, in *createInput) (matches.Draft, error) {
	draft := matches.Draft{UUID: d.Contract.IDs == contract.UUIDs, First: matches.Edit{Minute: in.Minute, Score: in.Score.score()}}
	m := &draft.Match
	m.Status = matches.Status(in.Status)
	if m.Status == "" {
		m.Status = matches.Scheduled
	}
	var err error
	m.Stage, m.Round = in.Stage, in.Round
	if m.League, m.Season, err = d.season(ctx, c, in.League, in.Season); err != nil {
		return draft, err
	}
	when, err := kickoff(string(m.League), in.Date, in.KickoffAt)
	if err != nil {
		return draft, err
	}
	if when == nil {
		return draft, api.FieldError("date", "is required unless kickoff_at is given")
	}
	m.Date, m.Time, m.KickoffAt = when.Date, when.Time, when.KickoffAt
	if m.Home, draft.Teams, err = d.side(ctx, c, "home", in.Home, draft.Teams); err != nil {
		return draft, err
	}
	if m.Away, draft.Teams, err = d.side(ctx, c, "away", in.Away, draft.Teams); err != nil {
		return draft, err
	}
	if m.Home.ID == m.Away.ID {
		return draft, api.FieldError("away", "must be another team than home")
	}
	return draft, nil
}

// season checks that the league and the season of a match exist. Both are public, so under
// a contract that hides public data neither exists.
func (d Deps) season(ctx context.Context, c *api.Caller, league, season *string) (of, in matches.Ref, err error) {
	if league == nil && season == nil {
		return "", "", nil
	}
	if league == nil {
		return "", "", api.FieldError("season", "requires league")
	}
	competitions := d.Leagues.For(c, d.Contract)
	if _, err := competitions.Get(ctx, *league); err != nil {
		return "", "", unknown(err, "league")
	}
	of = matches.Ref(*league)
	if season == nil {
		return of, "", nil
	}
	if _, _, err := competitions.Season(ctx, *league, *season); err != nil {
		return "", "", unknown(err, "season")
	}
	return of, matches.Ref(*season), nil
}

// side returns the team that an input names. For a new team of the organisation it appends
// the write that creates the team.
func (d Deps) side(ctx context.Context, c *api.Caller, field string, in teamInput, made []table.Write) (matches.Side, []table.Write, error) {
	if (in.ID == nil) == (in.Name == nil) {
		return matches.Side{}, made, api.FieldError(field, "give either id or name")
	}
	known := d.Teams.For(c, d.Contract)
	if in.ID != nil {
		team, err := known.Get(ctx, *in.ID)
		if err != nil {
			return matches.Side{}, made, unknown(err, field+".id")
		}
		return matches.Side{ID: team.ID, Name: team.Name}, made, nil
	}
	team, write, err := known.Own(ctx, *in.Name, d.Contract.IDs == contract.UUIDs)
	if err != nil {
		return matches.Side{}, made, api.UnavailableError("reading a team", err)
	}
	for _, w := range made {
		if write != nil && w.Key == write.Key {
			write = nil // the other side has the same name, which draft refuses
		}
	}
	if write != nil {
		made = append(made, *write)
	}
	return matches.Side{ID: team.ID, Name: team.Name}, made, nil
}

// unknown returns a field error if err says that the named thing does not exist.
func unknown(err error, field string) error {
	if e := missing(err, ""); api.ErrorOf(e).Condition != api.NotFound {
		return e
	}
	return api.FieldError(field, "not found; give the id of an existing object")
}

// kickoff returns a day, or a kick-off with its local day and time; nil if neither is set.
func kickoff(league string, date, at *string) (*matches.When, error) {
	switch {
	case date == nil && at == nil:
		return nil, nil
	case date != nil && at != nil:
		return nil, api.FieldError("date", "not allowed with kickoff_at, which sets the date")
	case date != nil:
		day, err := time.Parse(time.DateOnly, *date)
		if err != nil || !plausible(day) {
			return nil, api.FieldError("date", "year must be 1800–2999")
		}
		return &matches.When{Date: *date}, nil
	}
	instant, err := api.ParseTime(*at)
	if err != nil || !plausible(instant) {
		return nil, api.FieldError("kickoff_at", "year must be 1800–2999")
	}
	when, err := matches.WhenAt(league, instant)
	return &when, err
}

// plausible reports whether a year is in 1800–2999: sort keys need four digits.
func plausible(t time.Time) bool { return t.UTC().Year() >= 1800 && t.UTC().Year() < 3000 }

// score converts the input, nil to nil.
func (s *scoreInput) score() *matches.Score {
	if s == nil {
		return nil
	}
	goals := func(g *goalsInput) *matches.Goals {
		if g == nil {
			return nil
		}
		return &matches.Goals{Home: g.Home, Away: g.Away}
	}
	return &matches.Score{HalfTime: goals(s.HalfTime), FullTime: goals(s.FullTime), ExtraTime: goals(s.ExtraTime), Penalties: goals(s.Penalties)}
}
