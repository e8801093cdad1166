package importer

import (
	"context"
	"fmt"
	"reflect"
	"sort"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

// attempts bounds how often a season is planned anew because others write to it.
const attempts = 20

// putSeason stores the season's matches: what differs from what is stored, in
// transactions with their counters. Where a transaction is refused somebody else
// has written: the season is compared again, and what is done already is
// unchanged then.
func (im *run) putSeason(ctx context.Context, s season) error {
	wanted, told := im.wanted(s)
	if len(wanted) == 0 {
		return nil
	}
	if _, err := im.leagues.Ensure(ctx, s.league, s.name, s.id); err != nil {
		return err
	}
	before := im.done
	for range attempts {
		changes, err := im.plan(ctx, wanted)
		if err != nil {
			return err
		}
		refused, err := im.apply(ctx, changes)
		if err != nil {
			return err
		}
		if !refused {
			im.done = before + len(s.rows)
			im.progress(im.done, im.total)
			im.report.Matches.Unchanged += len(wanted)
			return im.putReports(ctx, wanted, told)
		}
	}
	return fmt.Errorf("others keep writing to the season: %w", table.ErrConflict)
}

// apply writes changes batch by batch and tells whether one was refused.
func (im *run) apply(ctx context.Context, changes []matches.Change) (refused bool, err error) {
	for _, batch := range matches.Batches(changes) {
		switch err := im.applyBatch(ctx, batch); {
		case table.WasCanceled(err) != nil:
			refused = true
		case err != nil:
			return false, err
		default:
			im.count(batch)
		}
	}
	return refused, nil
}

// applyBatch writes one batch. A match that turns out to be another one brings its
// report along: the other has it before, and the match itself loses it after, so
// that it is there wherever the import dies.
func (im *run) applyBatch(ctx context.Context, batch []matches.Change) error {
	for _, c := range batch {
		if c.AliasOf != "" {
			if err := im.reports.Adopt(ctx, c.AliasOf, c.Before.ID); err != nil {
				return err
			}
		}
	}
	if err := im.matches.Apply(ctx, batch); err != nil {
		return err
	}
	for _, c := range batch {
		if c.AliasOf != "" {
			if err := im.reports.Drop(ctx, c.Before.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *run) count(batch []matches.Change) {
	for _, c := range batch {
		switch {
		case c.AliasOf != "":
			im.report.Matches.Moved++
		case c.Before == nil:
			im.report.Matches.New++
			im.report.Matches.Unchanged-- // putSeason adds all that it wanted
		default:
			im.report.Matches.Changed++
			im.report.Matches.Unchanged--
		}
	}
	im.done += len(batch)
	im.progress(im.done, im.total)
}

// wanted resolves the teams of the rows and leaves one row for each match, and
// what is told of it.
func (im *run) wanted(s season) ([]*matches.Record, map[*matches.Record]*reports.Report) {
	country := leagues.Country(s.league)
	at := map[matches.Identity]int{}
	places := []openfootball.Problem{}
	var out []*matches.Record
	told := map[*matches.Record]*reports.Report{}
	for _, row := range s.rows {
		r := &matches.Record{Match: row.match, HomeAs: row.match.Home.Name, AwayAs: row.match.Away.Name}
		home, away := im.teams.Resolve(country, r.HomeAs), im.teams.Resolve(country, r.AwayAs)
		if home == nil || away == nil || home.ID == away.ID {
			im.problem(row.at, fmt.Sprintf("%q and %q are one team", r.HomeAs, r.AwayAs))
			continue
		}
		r.Home, r.Away = matches.Side{ID: home.ID, Name: home.Name}, matches.Side{ID: away.ID, Name: away.Name}
		told[r] = row.report
		identity := matches.IdentityOf(&r.Match)
		i, again := at[identity]
		if !again {
			at[identity] = len(out)
			out, places = append(out, r), append(places, row.at)
			continue
		}
		place := row.at
		place.Message = "the same match as " + places[i].Field
		if contradict(out[i].Score.FullTime, r.Score.FullTime) {
			im.problem(place, place.Message+", with another result")
			continue
		}
		im.report.Duplicates = append(im.report.Duplicates, place)
		if out[i].Score.FullTime == nil {
			out[i], places[i] = r, row.at // a match that was put off, and its later date or result
		}
	}
	return out, told
}

func contradict(a, b *matches.Goals) bool { return a != nil && b != nil && *a != *b }

// plan compares what is wanted with what is stored.
func (im *run) plan(ctx context.Context, wanted []*matches.Record) ([]matches.Change, error) {
	var ids []string
	for _, w := range wanted {
		ids = append(ids, im.candidates(w)...)
	}
	stored, err := im.matches.Records(ctx, ids, true)
	if err != nil {
		return nil, err
	}
	var changes []matches.Change
	for _, w := range wanted {
		before, others := im.same(w, stored)
		for _, other := range others {
			changes = append(changes, matches.Change{Before: other, AliasOf: before.ID})
		}
		if before == nil {
			if w.ID, err = im.freeID(ctx, w, stored); err != nil {
				return nil, err
			}
			changes = append(changes, matches.Change{After: w})
			continue
		}
		w.ID, w.Version, w.UpdatedAt = before.ID, before.Version, before.UpdatedAt
		w.HomeAs, w.AwayAs = before.HomeAs, before.AwayAs // another spelling of the same teams is no change
		if !reflect.DeepEqual(w, before) {
			changes = append(changes, matches.Change{Before: before, After: w})
		}
	}
	return changes, nil
}

// candidates are the ids under which a match may be stored: the one of its
// identity, and those of the identities that it had while its teams went by
// other ids. So a match is found again whatever its teams were taken for.
func (im *run) candidates(r *matches.Record) []string {
	identity := matches.IdentityOf(&r.Match)
	ids := []string{identity.ID(r.Owner, 0)}
	for _, home := range append([]string{r.Home.ID}, im.teams.Former(r.Home.ID)...) {
		for _, away := range append([]string{r.Away.ID}, im.teams.Former(r.Away.ID)...) {
			identity.Home, identity.Away = home, away
			if id := identity.ID(r.Owner, 0); id != ids[0] {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// same finds the stored match that is w, and others that turn out to be it too.
func (im *run) same(w *matches.Record, stored map[string]*matches.Record) (found *matches.Record, others []*matches.Record) {
	seen := map[string]bool{}
	for _, id := range im.candidates(w) {
		r := stored[id]
		if r == nil || seen[r.ID] || !im.isSame(w, r) {
			continue
		}
		seen[r.ID] = true
		if found == nil {
			found = r
		} else {
			others = append(others, r)
		}
	}
	return found, others
}

// isSame compares by what the spellings of the stored match resolve to now, not
// by the ids that it was stored with.
func (im *run) isSame(w, r *matches.Record) bool {
	a, b := matches.IdentityOf(&w.Match), matches.IdentityOf(&r.Match)
	b.Home, b.Away = im.sides(r)
	return a == b
}

func (im *run) sides(r *matches.Record) (home, away string) {
	country := leagues.Country(string(r.League))
	home, away = r.Home.ID, r.Away.ID
	if t := im.teams.Resolve(country, r.HomeAs); t != nil {
		home = t.ID
	}
	if t := im.teams.Resolve(country, r.AwayAs); t != nil {
		away = t.ID
	}
	return home, away
}

// freeID is the id of the identity, or a salted one where another match has it:
// one of a team that the two shared before it was known that they are two.
func (im *run) freeID(ctx context.Context, w *matches.Record, stored map[string]*matches.Record) (string, error) {
	identity := matches.IdentityOf(&w.Match)
	for salt := 0; ; salt++ {
		id := identity.ID(w.Owner, salt)
		if salt > 0 {
			more, err := im.matches.Records(ctx, []string{id}, true)
			if err != nil {
				return "", err
			}
			stored = more
		}
		if r := stored[id]; r == nil || im.isSame(w, r) {
			return id, nil
		}
	}
}

// move looks at the stored matches of teams that were united, parted or renamed.
// Their matches keep their ids; of two that turn out to be one the one under the
// team's own id stays.
func (im *run) move(ctx context.Context) error {
	moving := im.teams.Moving()
	if len(moving) == 0 {
		return nil
	}
	for range attempts {
		changes, err := im.planMove(ctx, moving)
		if err != nil {
			return err
		}
		before := im.report.Matches
		refused, err := im.apply(ctx, changes)
		moved := im.report.Matches
		im.report.Matches = before
		im.report.Matches.Moved += moved.Changed - before.Changed + moved.Moved - before.Moved
		im.done = 0
		if err != nil {
			return err
		}
		if refused {
			continue
		}
		for _, id := range moving {
			if to := im.teams.Successor(id); to != id {
				if err := im.leagues.RenameTeam(ctx, id, to); err != nil {
					return err
				}
			}
		}
		return im.teams.Moved(ctx, im.tbl)
	}
	return table.ErrConflict
}

func (im *run) planMove(ctx context.Context, moving []string) ([]matches.Change, error) {
	records := map[string]*matches.Record{}
	var ids []string
	for _, team := range moving {
		of, err := im.matches.OfTeam(ctx, team)
		if err != nil {
			return nil, err
		}
		for _, r := range of {
			if records[r.ID] == nil {
				records[r.ID] = r
				ids = append(ids, r.ID)
			}
		}
	}
	sort.Strings(ids)
	afters := map[string]*matches.Record{}
	var asked []string
	for _, id := range ids {
		afters[id] = im.moved(records[id])
		asked = append(asked, im.candidates(afters[id])...)
	}
	stored, err := im.matches.Records(ctx, asked, true)
	if err != nil {
		return nil, err
	}
	var changes []matches.Change
	for _, id := range ids {
		before, after := records[id], afters[id]
		if kept, _ := im.same(after, stored); kept != nil && kept.ID != id {
			changes = append(changes, matches.Change{Before: before, AliasOf: kept.ID})
		} else if !reflect.DeepEqual(before, after) {
			changes = append(changes, matches.Change{Before: before, After: after})
		}
	}
	return changes, nil
}

// moved is the match with its teams as they are called now.
func (im *run) moved(r *matches.Record) *matches.Record {
	after := *r
	country := leagues.Country(string(r.League))
	if t := im.teams.Resolve(country, r.HomeAs); t != nil {
		after.Home = matches.Side{ID: t.ID, Name: t.Name}
	}
	if t := im.teams.Resolve(country, r.AwayAs); t != nil {
		after.Away = matches.Side{ID: t.ID, Name: t.Name}
	}
	return &after
}
