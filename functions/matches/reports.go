package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/reports"
)

type eventsInput struct {
	api.Page
	Match string `json:"match" text:"id" doc:"Match id"`
}

func events(d Deps) api.Handler {
	return api.Handle("listMatchEvents", func(ctx context.Context, r *api.Request, in *eventsInput) (api.List[reports.Event], error) {
		report, err := d.report(ctx, r, in.Match)
		if err != nil {
			return api.List[reports.Event]{}, err
		}
		all, err := report.Events(ctx)
		if err != nil {
			return api.List[reports.Event]{}, api.UnavailableError("reading events", err)
		}
		return api.Slice(all, in.Page, func(e reports.Event) string { return e.Position() }), nil
	})
}

func stats(d Deps) api.Handler {
	return api.Handle("getMatchStats", func(ctx context.Context, r *api.Request, in *getInput) (*reports.Stats, error) {
		report, err := d.report(ctx, r, in.Match)
		if err != nil {
			return nil, err
		}
		s, err := report.Stats(ctx)
		if err != nil {
			return nil, api.UnavailableError("reading statistics", err)
		}
		return s, nil
	})
}

func lineups(d Deps) api.Handler {
	return api.Handle("getMatchLineups", func(ctx context.Context, r *api.Request, in *getInput) (*reports.Lineups, error) {
		report, err := d.report(ctx, r, in.Match)
		if err != nil {
			return nil, err
		}
		l, err := report.Lineups(ctx)
		if err != nil {
			return nil, api.UnavailableError("reading lineups", err)
		}
		return l, nil
	})
}

// report returns the reader of a match's report. It fails with NotFound unless the
// caller may see the match.
func (d Deps) report(ctx context.Context, r *api.Request, match string) (reports.Reader, error) {
	visible, err := d.Matches.For(r.Caller, d.Contract).Visible(ctx, match)
	if err != nil {
		return reports.Reader{}, missing(err, "no such match")
	}
	return d.Reports.Of(visible), nil
}
