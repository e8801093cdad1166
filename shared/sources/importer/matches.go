package importer

import (
	"context"
	"fmt"

	"statgate/shared/sources/openfootball"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// attempts bounds how often a season is planned again because of concurrent writes.
const attempts = 20

// putSeason stores the changes of the season's matches, in transactions with their
// counters. If a concurrent write makes a transaction fail, it plans the season again;
// matches that are already written are unchanged then.
func (im *run) putSeason(ctx context.Context, s season) error {
	records, found := im.records(s)
	if len(records) == 0 {
		return nil
	}
	if _, err := im.leagues.Ensure(ctx, s.league, s.name, s.id); err != nil {
		return err
	}
	before := im.done
	for range attempts {
		changes, err := im.matcher.Plan(ctx, records)
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
			im.report.Matches.Unchanged += len(records)
			return im.putReports(ctx, s, records, found)
		}
	}
	return fmt.Errorf("too many concurrent writes to the season: %w", table.ErrConflict)
}

// apply writes changes in batches and reports whether one was refused.
func (im *run) apply(ctx context.Context, changes []matches.Change) (refused bool, err error) {
	for _, batch := range matches.Batches(changes) {
		switch err := im.applyBatch(ctx, batch); {
		case table.AsCanceled(err) != nil:
			refused = true
		case err != nil:
			return false, err
		default:
			im.count(batch)
		}
	}
	return refused, nil
}

// applyBatch writes one batch. If a match turns out to be another one, the other gets its
// report before the batch, and the match loses it after the batch, so that an interrupted
// import loses no report.
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
			im.report.Matches.Unchanged-- // putSeason adds all records
		default:
			im.report.Matches.Changed++
			im.report.Matches.Unchanged--
		}
	}
	im.done += len(batch)
	im.progress(im.done, im.total)
}

// records resolves the teams of the rows. It returns one record for each match, and the
// rows by record.
func (im *run) records(s season) ([]*matches.Record, map[*matches.Record]row) {
	at := map[matches.Identity]int{}
	places := []openfootball.Problem{}
	var out []*matches.Record
	found := map[*matches.Record]row{}
	for _, one := range s.rows {
		r := im.matcher.Record(one.match)
		if r == nil {
			im.problem(one.at, fmt.Sprintf("%q and %q are one team", one.match.Home.Name, one.match.Away.Name))
			continue
		}
		found[r] = one
		identity := matches.IdentityOf(&r.Match)
		i, duplicate := at[identity]
		if !duplicate {
			at[identity] = len(out)
			out, places = append(out, r), append(places, one.at)
			continue
		}
		place := one.at
		place.Message = "the same match as " + places[i].Field
		switch matches.Merge(out[i], r) {
		case nil:
			im.problem(place, place.Message+", with another result")
			continue
		case r:
			out[i], places[i] = r, one.at
		}
		im.report.Duplicates = append(im.report.Duplicates, place)
	}
	return out, found
}

// move updates the stored matches of teams that were united, split or renamed.
func (im *run) move(ctx context.Context) error {
	moving := im.teams.Moving()
	if len(moving) == 0 {
		return nil
	}
	for range attempts {
		changes, err := im.matcher.PlanMove(ctx, moving)
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
