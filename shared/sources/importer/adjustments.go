package importer

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/leagues"
)

// columns of an adjustments file, in this order.
var columns = []string{"league", "season", "team", "points", "reason"}

// adjust reads the files and replaces the adjustments of each season in them, so that a
// second import deducts nothing twice.
func (im *run) adjust(ctx context.Context, paths []string) error {
	type at struct{ league, season string }
	sets := map[at][]leagues.Adjustment{}
	var order []at
	for _, path := range paths {
		data, ok := im.read(path)
		if !ok {
			continue
		}
		for _, row := range im.readAdjustments(path, data) {
			a, err := im.adjustment(ctx, row)
			if err != nil {
				return err
			}
			if a == nil {
				continue
			}
			key := at{a.League, a.Season}
			if sets[key] == nil {
				order = append(order, key)
			}
			sets[key] = append(sets[key], *a)
		}
	}
	for _, key := range order {
		if _, err := im.leagues.PutAdjustments(ctx, key.league, key.season, sets[key]); err != nil {
			return fmt.Errorf("adjustments: %w", err)
		}
		im.report.Adjustments += len(sets[key])
	}
	return nil
}

type adjustmentRow struct {
	at   openfootball.Problem
	text []string // as columns
}

func (im *run) readAdjustments(path string, data []byte) []adjustmentRow {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil || !slices.Equal(header, columns) {
		im.problem(openfootball.Problem{File: path, Line: 1}, "want the header "+strings.Join(columns, ","))
		return nil
	}
	var rows []adjustmentRow
	for {
		text, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			im.problem(openfootball.Problem{File: path, Line: bad.Line}, bad.Err.Error())
			continue
		}
		line, _ := r.FieldPos(0)
		at := openfootball.Problem{File: path, Line: line}
		im.clean(at, &text)
		rows = append(rows, adjustmentRow{at, text})
	}
}

// adjustment resolves one row. If the row has a problem, it reports the problem and
// returns nil. The club must play in the season. If the season is not stored yet, it is
// enough that the club exists.
func (im *run) adjustment(ctx context.Context, row adjustmentRow) (*leagues.Adjustment, error) {
	league, season, name := row.text[0], row.text[1], row.text[2]
	wrong := func(field, message string) (*leagues.Adjustment, error) {
		row.at.Field = field
		im.problem(row.at, message)
		return nil, nil
	}
	points, err := strconv.Atoi(row.text[3])
	switch {
	case league == "":
		return wrong("league", "missing")
	case season == "":
		return wrong("season", "missing")
	case err != nil || points == 0:
		return wrong("points", fmt.Sprintf("want a number such as -8, got %q", row.text[3]))
	}
	team := im.teams.Resolve(leagues.Country(league), name)
	if team == nil {
		return wrong("team", fmt.Sprintf("no club has the name %q in %s", name, league))
	}
	playing, err := im.leagues.Public().Teams(ctx, league, season)
	switch {
	case errors.Is(err, leagues.ErrNotFound):
		im.report.Notes = append(im.report.Notes, fmt.Sprintf("%s:%d: %s %s has no matches yet", row.at.File, row.at.Line, league, season))
	case err != nil:
		return nil, fmt.Errorf("adjustments: %w", err)
	case !slices.Contains(playing, team.ID):
		return wrong("team", fmt.Sprintf("%s does not play in %s %s", team.Name, league, season))
	}
	return &leagues.Adjustment{League: league, Season: season, TeamID: team.ID, Points: points, Reason: row.text[4]}, nil
}
