// Package importer imports openfootball's clubs, matches and points adjustments, and
// Wyscout's match reports and players, into the stats table. Importing the same files again writes
// nothing. Unreadable parts are reported by file, line and field, and the rest is
// imported. Clubs and matches may come in any order, in one run or several, with the same
// resulting teams and matches.
package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

// Options name the files to import. Each path is a file, or a folder whose tree is read.
type Options struct {
	Clubs        []string // eng.clubs.txt and the like
	Openfootball []string // 2015-16/en.1.json and the like
	Adjustments  []string // CSV: league,season,team,points,reason
	Wyscout      []string // folders with matches/*.json, players.json and teams.json
	// Progress, if set, is called with the number of imported matches.
	Progress func(done, total int)
}

// Empty reports whether the options name no file.
func (o Options) Empty() bool {
	return len(o.Clubs)+len(o.Openfootball)+len(o.Adjustments)+len(o.Wyscout) == 0
}

// Report is the result of a run.
type Report struct {
	Files       int // files read
	Clubs       int // clubs in clubs files
	Teams       teams.Changes
	Matches     MatchCounts
	Adjustments int // adjustments in force after the run
	Reports     ReportCounts
	Players     PlayerCounts
	Problems    []openfootball.Problem
	Duplicates  []openfootball.Problem // rows that repeat another one, which is not an error
	Ambiguous   []string               // spellings shared by several clubs, with these clubs
	Notes       []string
	Elapsed     time.Duration
}

// MatchCounts counts matches of the files. Moved counts stored matches that got another
// team or another team name.
type MatchCounts struct{ Rows, New, Changed, Unchanged, Moved int }

// ReportCounts counts match reports. Total counts those in the files, Changed those that
// changed stored data.
type ReportCounts struct{ Total, Changed int }

// Season is one season's matches from any source. Its teams have names and no ids; the
// names are resolved as spellings in the league's country.
type Season struct {
	League, Name, Season string
	Matches              []matches.Match
	Reports              map[int]*reports.Report // by index in Matches

	Source  string                    // the source of the match sheets
	Sheets  map[int]players.Sheet     // by index in Matches
	Players map[string]players.Stated // the players of the sheets, by the source's own ids
}

// Check returns an error if a named path cannot be opened.
func Check(o Options) error {
	for _, path := range slices.Concat(o.Clubs, o.Openfootball, o.Adjustments, o.Wyscout) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

// Run imports the files that the options name. It returns an error only if the store
// fails. The report has the problems of the files, and the rest is imported.
func Run(ctx context.Context, tbl table.Table, clock func() time.Time, o Options) (Report, error) {
	im := newImport(tbl, clock, o.Progress)
	start := clock()
	clubs := im.readClubs(o.Clubs)
	files := im.readSeasons(o.Openfootball)
	seasons := make([]season, len(files))
	for i, f := range files {
		seasons[i] = seasonOfFile(f)
	}
	err := im.store(ctx, clubs, seasons)
	if err == nil {
		err = im.adjust(ctx, o.Adjustments)
	}
	if err == nil {
		err = im.wyscout(ctx, o.Wyscout)
	}
	im.report.Elapsed = clock().Sub(start)
	return im.report, err
}

// Put imports seasons of another source.
func Put(ctx context.Context, tbl table.Table, clock func() time.Time, list []Season) (Report, error) {
	im := newImport(tbl, clock, nil)
	seasons := make([]season, len(list))
	for i, s := range list {
		seasons[i] = season{league: s.League, name: s.Name, id: s.Season}
		for n, m := range s.Matches {
			m.League, m.Season, m.Owner = matches.Ref(s.League), matches.Ref(s.Season), matches.Public
			at := openfootball.Problem{File: s.League + " " + s.Season, Field: fmt.Sprintf("matches[%d]", n)}
			one := row{at: at, match: m, report: s.Reports[n]}
			if from, ok := s.Sheets[n]; ok {
				one.sheet = &from
			}
			seasons[i].rows = append(seasons[i].rows, one)
		}
		seasons[i].sheets = newSheets(s.Source, s.Players)
	}
	err := im.store(ctx, nil, seasons)
	for _, s := range seasons {
		if err == nil {
			err = im.putSheets(ctx, s.sheets)
		}
	}
	return im.report, err
}

// run is the state of one import.
type run struct {
	tbl         table.Table
	clock       func() time.Time
	progress    func(done, total int)
	matches     *matches.Store
	leagues     *leagues.Store
	reports     *reports.Store
	players     *players.Store
	teams       *teams.Registry
	matcher     *matches.Matcher
	report      Report
	done, total int
}

// season has the rows of one league's season.
type season struct {
	league, name, id string
	rows             []row
	sheets           *sheets // match sheets of the stored rows; nil for a source without any
}

type row struct {
	at     openfootball.Problem // the row's place in its file, without a message
	match  matches.Match
	report *reports.Report // the source's report of the match, or nil
	sheet  *players.Sheet  // the source's match sheet, or nil
}

func newImport(tbl table.Table, clock func() time.Time, progress func(done, total int)) *run {
	if progress == nil {
		progress = func(int, int) {}
	}
	return &run{tbl: tbl, clock: clock, progress: progress, matches: matches.NewStore(tbl, clock), leagues: leagues.NewStore(tbl), reports: reports.NewStore(tbl, clock), players: players.NewStore(tbl)}
}

func (im *run) problem(at openfootball.Problem, message string) {
	at.Message = message
	im.report.Problems = append(im.report.Problems, at)
}

// store decides which team each spelling is before it writes the first match.
func (im *run) store(ctx context.Context, clubs []teams.Club, seasons []season) error {
	im.cleanSeasons(seasons)
	registry, changes, err := teams.Update(ctx, im.tbl, im.clock(), func(r *teams.Registry) {
		for _, c := range clubs {
			r.AddClub(c)
		}
		for _, s := range seasons {
			country := leagues.Country(s.league)
			for _, row := range s.rows {
				r.See(country, row.match.Home.Name)
				r.See(country, row.match.Away.Name)
			}
		}
	})
	im.report.Teams = changes
	if err != nil {
		return fmt.Errorf("teams: %w", err)
	}
	im.teams, im.matcher = registry, matches.NewMatcher(im.matches, names{registry})
	im.report.Ambiguous = registry.Ambiguous()
	if err := im.move(ctx); err != nil {
		return fmt.Errorf("updating the teams of stored matches: %w", err)
	}
	for _, s := range seasons {
		im.total += len(s.rows)
	}
	im.report.Matches.Rows = im.total
	for _, s := range seasons {
		if err := im.putSeason(ctx, s); err != nil {
			return fmt.Errorf("%s %s: %w", s.league, s.id, err)
		}
	}
	return nil
}

func seasonOfFile(f file) season {
	s := season{league: f.League, name: f.Name, id: f.Season}
	for _, r := range f.Rows {
		s.rows = append(s.rows, row{at: openfootball.Problem{File: f.path, Line: r.Line, Field: r.Field}, match: r.Match, report: r.Report})
	}
	return s
}

type file struct {
	openfootball.File
	path string
}

// readSeasons reads the files of all trees and sorts them, oldest season first. So the
// first spelling of a team is its oldest, regardless of the order of the trees.
func (im *run) readSeasons(roots []string) []file {
	var files []file
	for _, root := range roots {
		found := 0
		for _, path := range im.walk(root) {
			abs, err := filepath.Abs(path)
			if err != nil {
				abs = path
			}
			league, season, ok := openfootball.Place(abs)
			if !ok {
				continue
			}
			found++
			if data, ok := im.read(path); ok {
				files = append(files, file{openfootball.ParseFootball(path, league, season, data), path})
			}
		}
		if found == 0 {
			im.problem(openfootball.Problem{File: root}, "no season file found, such as 2015-16/en.1.json")
		}
	}
	slices.SortStableFunc(files, func(a, b file) int {
		return cmp.Or(strings.Compare(a.Season, b.Season), strings.Compare(a.League, b.League))
	})
	named := files[:0]
	for _, f := range files {
		im.report.Problems = append(im.report.Problems, f.Problems...)
		if f.ZoneUnknown {
			im.report.Notes = append(im.report.Notes, f.path+": the time zone of "+f.League+" is unknown; kick-offs without an offset are null")
		}
		if f.Name != "" {
			named = append(named, f)
		}
	}
	return named
}

func (im *run) readClubs(roots []string) []teams.Club {
	var clubs []teams.Club
	for _, root := range roots {
		found := 0
		for _, path := range im.walk(root) {
			if !openfootball.IsClubs(path) {
				continue
			}
			found++
			data, ok := im.read(path)
			if !ok {
				continue
			}
			f := openfootball.ParseClubs(path, data)
			im.report.Problems = append(im.report.Problems, f.Problems...)
			im.clean(openfootball.Problem{File: path}, &f.Clubs)
			clubs = append(clubs, f.Clubs...)
		}
		if found == 0 {
			im.problem(openfootball.Problem{File: root}, "no clubs file found, such as eng.clubs.txt")
		}
	}
	im.report.Clubs = len(clubs)
	return clubs
}

func (im *run) read(path string) ([]byte, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		im.problem(openfootball.Problem{File: path}, cause(err))
		return nil, false
	}
	im.report.Files++
	return data, true
}

// walk returns the files of a tree, sorted. It reports what cannot be opened as a problem
// and continues.
func (im *run) walk(root string) []string {
	if info, err := os.Stat(root); err != nil {
		im.problem(openfootball.Problem{File: root}, cause(err))
		return nil
	} else if !info.IsDir() {
		return []string{root}
	}
	var paths []string
	// With the trailing separator, WalkDir follows a link to a folder.
	err := filepath.WalkDir(root+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			im.problem(openfootball.Problem{File: path}, cause(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		im.problem(openfootball.Problem{File: root}, cause(err))
	}
	return paths
}

// cause returns the error without the path, which the problem already has.
func cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// names resolves team names by a registry, for the identity of matches.
type names struct{ *teams.Registry }

func (n names) Resolve(country, spelling string) (matches.Side, bool) {
	team := n.Registry.Resolve(country, spelling)
	if team == nil {
		return matches.Side{}, false
	}
	return matches.Side{ID: team.ID, Name: team.Name}, true
}
