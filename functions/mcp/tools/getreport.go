package tools

import (
	"context"
	"fmt"

	"statgate/shared/api"
	"statgate/shared/stats/reports"
)

// reportOf returns the reader of a match's report. It fails unless the caller may see the
// match.
func (d Deps) reportOf(ctx context.Context, c *Call, match string) (reports.Reader, error) {
	visible, err := d.Matches.For(c.Caller, c.Contract).Visible(ctx, match)
	if err != nil {
		return reports.Reader{}, unknownMatch(err, match)
	}
	return d.Reports.Of(visible), nil
}

func getEventsTool(d Deps) definition {
	return mirror[partsOfMatchInput, api.List[reports.Event]]("Match events",
		"The goals, cards and substitutions of a match by minute. The side is the one that the event counts for. "+
			`Example: {"match_id": "m_3vtsl7lq2ehtu"}`,
		func(ctx context.Context, c *Call, in *partsOfMatchInput) (mirrored, error) {
			report, err := d.reportOf(ctx, c, in.Match)
			if err != nil {
				return nil, err
			}
			all, err := report.Events(ctx)
			if err != nil {
				return nil, api.UnavailableError("reading events", err)
			}
			total := int64(len(all))
			rest, at, err := after(ctx, c, in.Cursor, all, func(e reports.Event) string { return e.Position() })
			if err != nil {
				return nil, err
			}
			return &parts[reports.Event]{heading: line("Events of %s", in.Match), none: "no events are known", rows: rest, at: at, limit: len(rest),
				line: eventLine, value: func(rows []reports.Event) any { return api.List[reports.Event]{Data: rows, Total: &total} }}, nil
		})
}

// eventLine returns an event in one line, such as "90+3' goal, home: N. Kanté".
func eventLine(e *reports.Event) string {
	minute := fmt.Sprint(e.Minute)
	if e.AddedTime != nil {
		minute += fmt.Sprintf("+%d", *e.AddedTime)
	}
	text := line("%s' %s, %s", minute, string(e.Type), e.Team)
	if e.Player != nil {
		text += line(": %s", *e.Player)
	}
	if e.PlayerIn != nil {
		text += line("; %s came on", *e.PlayerIn)
	}
	return text
}

// statOf is a figure with its section.
type statOf struct {
	Section string
	reports.Stat
}

func getStatsTool(d Deps) definition {
	return mirror[partsOfMatchInput, *reports.Stats]("Match statistics",
		"The statistics of a match, such as shots and passes, for both sides. "+
			`Example: {"match_id": "m_3vtsl7lq2ehtu"}`,
		func(ctx context.Context, c *Call, in *partsOfMatchInput) (mirrored, error) {
			report, err := d.reportOf(ctx, c, in.Match)
			if err != nil {
				return nil, err
			}
			stats, err := report.Stats(ctx)
			if err != nil {
				return nil, api.UnavailableError("reading statistics", err)
			}
			var all []statOf
			for _, section := range stats.Data {
				for _, s := range section.Stats {
					all = append(all, statOf{section.Section, s})
				}
			}
			rest, at, err := offsets(ctx, c, in.Cursor, all)
			if err != nil {
				return nil, err
			}
			return &parts[statOf]{heading: line("Statistics of %s, home and away", in.Match), none: "no statistics are known", rows: rest, at: at,
				line:  func(s *statOf) string { return line("%s: %s %d, %d", s.Section, s.Name, s.Home, s.Away) },
				value: func(rows []statOf) any { return sectionsOf(rows) }}, nil
		})
}

// sectionsOf returns statistics of these figures.
func sectionsOf(rows []statOf) *reports.Stats {
	stats := &reports.Stats{Data: []reports.Section{}}
	for _, row := range rows {
		if n := len(stats.Data); n == 0 || stats.Data[n-1].Section != row.Section {
			stats.Data = append(stats.Data, reports.Section{Section: row.Section})
		}
		last := &stats.Data[len(stats.Data)-1]
		last.Stats = append(last.Stats, row.Stat)
	}
	return stats
}

// placeOf is a player with their place in the lineups.
type placeOf struct {
	Side string
	Role string
	reports.LineupPlayer
}

func getLineupsTool(d Deps) definition {
	return mirror[partsOfMatchInput, *reports.Lineups]("Match lineups",
		"The starting lineups and the substitutes of both sides of a match. "+
			`Example: {"match_id": "m_3vtsl7lq2ehtu"}`,
		func(ctx context.Context, c *Call, in *partsOfMatchInput) (mirrored, error) {
			report, err := d.reportOf(ctx, c, in.Match)
			if err != nil {
				return nil, err
			}
			known, err := report.Lineups(ctx)
			if err != nil {
				return nil, api.UnavailableError("reading lineups", err)
			}
			rest, at, err := offsets(ctx, c, in.Cursor, placesOf(known))
			if err != nil {
				return nil, err
			}
			return &parts[placeOf]{heading: line("Lineups of %s", in.Match), none: "no lineups are known", rows: rest, at: at,
				line: placeLine, value: func(rows []placeOf) any { return lineupsOf(rows) }}, nil
		})
}

// roles are the lists of both lineups in the order of an answer.
func roles(l *reports.Lineups) []struct {
	side, role string
	list       *[]reports.LineupPlayer
} {
	return []struct {
		side, role string
		list       *[]reports.LineupPlayer
	}{
		{reports.Home, "starter", &l.Home.Starters}, {reports.Home, "substitute", &l.Home.Substitutes},
		{reports.Away, "starter", &l.Away.Starters}, {reports.Away, "substitute", &l.Away.Substitutes},
	}
}

func placesOf(l *reports.Lineups) (all []placeOf) {
	for _, of := range roles(l) {
		for _, player := range *of.list {
			all = append(all, placeOf{of.side, of.role, player})
		}
	}
	return all
}

// lineupsOf returns lineups of these players.
func lineupsOf(rows []placeOf) *reports.Lineups {
	l := &reports.Lineups{}
	for _, of := range roles(l) {
		*of.list = []reports.LineupPlayer{}
		for _, row := range rows {
			if row.Side == of.side && row.Role == of.role {
				*of.list = append(*of.list, row.LineupPlayer)
			}
		}
	}
	return l
}

func placeLine(p *placeOf) string {
	text := line("%s %s: %s", p.Side, p.Role, p.Name)
	if p.Position != nil {
		text += line(", %s", *p.Position)
	}
	return text
}
