package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/reports"
)

type eventsInput struct {
	api.Page
	Match string `json:"match" doc:"Match id"`
}

func events(d Deps) api.Handler {
	return api.Handle("listMatchEvents", func(ctx context.Context, r *api.Request, in *eventsInput) (api.List[reports.Event], error) {
		id, err := d.reported(ctx, r, in.Match)
		if err != nil {
			return api.List[reports.Event]{}, err
		}
		all, err := d.Reports.Events(ctx, id)
		if err != nil {
			return api.List[reports.Event]{}, api.Down("reading events", err)
		}
		return api.Slice(all, in.Page, func(e reports.Event) string { return e.Position() }), nil
	})
}

func stats(d Deps) api.Handler {
	return api.Handle("getMatchStats", func(ctx context.Context, r *api.Request, in *getInput) (*reports.Stats, error) {
		id, err := d.reported(ctx, r, in.Match)
		if err != nil {
			return nil, err
		}
		s, err := d.Reports.Stats(ctx, id)
		if err != nil {
			return nil, api.Down("reading statistics", err)
		}
		return s, nil
	})
}

func lineups(d Deps) api.Handler {
	return api.Handle("getMatchLineups", func(ctx context.Context, r *api.Request, in *getInput) (*reports.Lineups, error) {
		id, err := d.reported(ctx, r, in.Match)
		if err != nil {
			return nil, err
		}
		l, err := d.Reports.Lineups(ctx, id)
		if err != nil {
			return nil, api.Down("reading lineups", err)
		}
		return l, nil
	})
}

// reported is the id under which the report of a match lies, which the caller may
// see as far as the match itself: one that is not theirs is missing.
func (d Deps) reported(ctx context.Context, r *api.Request, match string) (string, error) {
	m, err := d.Matches.Get(ctx, match, r.Caller.Owners(d.Contract.HidePublic))
	if err != nil {
		return "", missing(err, "no such match")
	}
	return m.ID, nil
}
