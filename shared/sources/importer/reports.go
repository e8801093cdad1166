package importer

import (
	"context"
	"fmt"
	"time"

	"statgate/shared/sources/wyscout"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

// putReports stores the reports of a season's matches, which are already stored. It collects
// match sheets with their reports for [run.putSheets].
func (im *run) putReports(ctx context.Context, s season, stored []*matches.Record, found map[*matches.Record]row) error {
	for _, m := range stored {
		r, from := found[m].report, found[m].sheet
		if from != nil {
			s.sheets.add(found[m].at, &m.Match, *from, r)
		} else if r != nil {
			if err := im.putReport(ctx, m.ID, *r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *run) putReport(ctx context.Context, match string, r reports.Report) error {
	changed, err := im.reports.Put(ctx, match, r)
	if err != nil {
		return err
	}
	im.report.Reports.Total++
	if changed {
		im.report.Reports.Changed++
	}
	return nil
}

// wyscout stores the reports and the players of the folders for stored matches of any
// source, which it finds by teams and kick-off. Other matches are a problem, because the
// folders do not name competition, season and round.
func (im *run) wyscout(ctx context.Context, dirs []string) error {
	days := map[string][]matches.Match{}
	for _, dir := range dirs {
		set := wyscout.Read(dir)
		im.report.Files += set.Files
		im.report.Problems = append(im.report.Problems, set.Problems...)
		sheets := newSheets(wyscout.Source, set.Players)
		for _, m := range set.Matches {
			im.clean(m.At, &m.Home)
			im.clean(m.At, &m.Away)
			im.clean(m.At, &m.Report)
			day := m.Kickoff.Format(time.DateOnly)
			if days[day] == nil {
				var err error
				if days[day], err = im.day(ctx, day); err != nil {
					return fmt.Errorf("matches of %s: %w", day, err)
				}
			}
			stored := im.matcher.Meeting(matches.Spelling{Country: m.HomeCountry, Name: m.Home}, matches.Spelling{Country: m.AwayCountry, Name: m.Away}, m.Kickoff, days[day])
			if stored == nil {
				im.problem(m.At, fmt.Sprintf("%s against %s at %s is not a stored match: import its season first", m.Home, m.Away, m.Kickoff.Format(time.RFC3339)))
				continue
			}
			sheets.add(m.At, stored, m.Sheet, &m.Report)
		}
		if err := im.putSheets(ctx, sheets); err != nil {
			return err
		}
	}
	return nil
}

// day returns every public match of a UTC day.
func (im *run) day(ctx context.Context, day string) ([]matches.Match, error) {
	all := []matches.Match{}
	for after := ""; ; {
		page, err := im.matches.Public().List(ctx, matches.Filter{From: day, To: day, UTC: true}, matches.PageRequest{Limit: 1000, After: after})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Matches...)
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}
