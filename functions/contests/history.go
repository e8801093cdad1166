package contests

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
)

// Filter has the filters of the history lists.
type Filter struct {
	IncludeStatuses []string `json:"include_statuses,omitempty" text:"id" doc:"Statuses to include; unknown values are ignored" example:"COMPLETED"`
	ExcludeStatuses []string `json:"exclude_statuses,omitempty" text:"id" doc:"Statuses to exclude; ignored if statuses to include are given" example:"CANCELLED"`
	Game            string   `json:"game,omitempty" text:"id" maxLength:"64" doc:"Game id" example:"rocket-rally"`
	Opponent        string   `json:"opponent,omitempty" text:"id" maxLength:"64" doc:"Id or slug of the other team, or of its organisation" example:"southern-cross"`
	ScheduledAfter  string   `json:"scheduled_after,omitempty" format:"iso-8601" doc:"Earliest scheduled start, inclusive, ISO 8601" example:"2026-03-01"`
	ScheduledBefore string   `json:"scheduled_before,omitempty" format:"iso-8601" doc:"End of the range of scheduled starts, exclusive, ISO 8601" example:"2026-04-01T00:00:00Z"`
	CreatedAfter    string   `json:"created_after,omitempty" format:"iso-8601" doc:"Earliest creation time, inclusive, ISO 8601" example:"2026-02-01"`
	CreatedBefore   string   `json:"created_before,omitempty" format:"iso-8601" doc:"End of the range of creation times, exclusive, ISO 8601" example:"2026-04-01"`
}

// listInput is the input for the key owner's own history, in the query or in the body.
type listInput struct {
	api.Page
	Filter
}

type teamInput struct {
	api.Page
	Filter
	Team string `json:"team" text:"id" maxLength:"64" doc:"Team id or slug" example:"northern-lights"`
}

type orgInput struct {
	api.Page
	Filter
	Org string `json:"org" text:"id" maxLength:"64" doc:"Organisation id or slug" example:"aurora"`
}

func list(d Deps) api.Handler { return own(d, "listContests") }

func listUser(d Deps) api.Handler { return own(d, "listUserContests") }

func own(d Deps, operation string) api.Handler {
	return api.Handle(operation, func(ctx context.Context, r *api.Request, in *listInput) (api.List[contests.Contest], error) {
		return page(ctx, d.Contests.For(r.Caller).Own(), in.Filter, in.Page)
	})
}

func listTeam(d Deps) api.Handler {
	return api.Handle("listTeamContests", func(ctx context.Context, r *api.Request, in *teamInput) (api.List[contests.Contest], error) {
		history, err := d.Contests.For(r.Caller).Of(ctx, contests.OfTeam, in.Team)
		if err != nil {
			return api.List[contests.Contest]{}, err
		}
		return page(ctx, history, in.Filter, in.Page)
	})
}

func listOrg(d Deps) api.Handler {
	return api.Handle("listOrgContests", func(ctx context.Context, r *api.Request, in *orgInput) (api.List[contests.Contest], error) {
		history, err := d.Contests.For(r.Caller).Of(ctx, contests.OfOrg, in.Org)
		if err != nil {
			return api.List[contests.Contest]{}, err
		}
		return page(ctx, history, in.Filter, in.Page)
	})
}

func page(ctx context.Context, history contests.History, f Filter, p api.Page) (api.List[contests.Contest], error) {
	chosen, err := f.read()
	if err != nil {
		return api.List[contests.Contest]{}, err
	}
	found, next, err := history.Page(ctx, chosen, p.Limit, p.After)
	return api.List[contests.Contest]{Data: found, Next: next}, err
}

func (f Filter) read() (contests.Filter, error) {
	chosen := contests.Filter{Include: statuses(f.IncludeStatuses), Exclude: statuses(f.ExcludeStatuses), Game: f.Game, Opponent: f.Opponent}
	for _, m := range []struct {
		field, text string
		into        **time.Time
	}{
		{"scheduled_after", f.ScheduledAfter, &chosen.ScheduledAfter}, {"scheduled_before", f.ScheduledBefore, &chosen.ScheduledBefore},
		{"created_after", f.CreatedAfter, &chosen.CreatedAfter}, {"created_before", f.CreatedBefore, &chosen.CreatedBefore},
	} {
		at, err := parseTime(m.field, m.text)
		if err != nil {
			return chosen, err
		}
		*m.into = at
	}
	return chosen, nil
}

// statuses returns the known states among names, regardless of case.
func statuses(names []string) []contests.Status {
	var known []contests.Status
	for _, name := range names {
		if s := contests.Status(strings.ToUpper(name)); slices.Contains(contests.Statuses, s) {
			known = append(known, s)
		}
	}
	return known
}

// timeFormats lists the accepted forms of ISO 8601, extended and basic. A time without an
// offset is in UTC, and a date alone is its midnight. Fractions may follow any seconds.
var timeFormats = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02",
	"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "20060102T150405Z0700", "20060102T150405", "20060102T1504Z0700", "20060102",
}

// iso8601 is what the formats mean. [time.Parse] also accepts an hour of one digit, a comma
// before the fraction, and offsets of 24 hours.
var iso8601 = regexp.MustCompile(`^\d{4}-?\d{2}-?\d{2}(T\d{2}:?\d{2}(:?\d{2}(\.\d+)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?$`)

// parseTime parses a date or a time. It returns nil for "".
func parseTime(field, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, form := range timeFormats {
		if !iso8601.MatchString(text) {
			break
		}
		if at, err := time.Parse(form, text); err == nil && api.Writable(at) {
			at = at.UTC()
			return &at, nil
		}
	}
	return nil, api.FieldErrorOf(api.InputDate, field, "must be a date or a time as in ISO 8601, such as 2026-03-01 or 2026-03-01T18:00:00Z")
}
