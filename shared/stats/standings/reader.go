package standings

import (
	"context"
	"errors"
	"fmt"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
)

// ErrOnlyCurrent is the error for a table that is not the latest one of the latest season, if
// the caller may read only that.
var ErrOnlyCurrent = errors.New("standings: the key's scopes allow only the standings of the current season")

// Store computes tables from the matches of a season.
type Store struct {
	leagues *leagues.Store
	matches *matches.Store
	cache   *Cache
}

// NewStore returns a store that keeps computed tables in a cache.
func NewStore(l *leagues.Store, m *matches.Store, cache *Cache) *Store { return &Store{l, m, cache} }

// Reader returns the tables that a caller may see.
type Reader struct {
	store    *Store
	caller   *api.Caller
	contract *contract.Contract
}

// For returns a reader of what a caller may see under a contract.
func (s *Store) For(caller *api.Caller, c *contract.Contract) Reader { return Reader{s, caller, c} }

// Table returns the table of a season, "" for the latest. Its errors are
// [leagues.ErrNotFound] for a season that does not exist, [ErrNoStandings] with a table that
// only names league and season, [ErrOnlyCurrent], and those of the stores.
func (r Reader) Table(ctx context.Context, league, season string, asOf AsOf) (*Table, error) {
	of, version, err := r.season(ctx, league, season, asOf)
	if err != nil {
		return nil, err
	}
	key := Key{League: league, Season: of.ID, Version: version, AsOf: asOf, Owners: []string{matches.Public}}
	rows, err := r.store.cache.Get(key, func() ([]Row, error) { return r.compute(ctx, league, of.ID, asOf) })
	t := &Table{League: league, Season: of.ID, AsOf: asOf, Data: rows}
	switch {
	case errors.Is(err, ErrNoStandings):
		return t, err
	case err != nil:
		return nil, fmt.Errorf("standings of %s %s: %w", league, of.ID, err)
	}
	return t, nil
}

// season returns the requested season and its version.
func (r Reader) season(ctx context.Context, league, season string, asOf AsOf) (*leagues.Season, int64, error) {
	competitions := r.store.leagues.For(r.caller, r.contract)
	latest, version, err := competitions.LatestSeason(ctx, league)
	if err != nil {
		return nil, 0, err
	}
	all := r.caller.May("standings:read")
	current := season == "" || season == latest.ID
	if current && (all || asOf == AsOf{}) {
		return latest, version, nil
	}
	if current {
		return nil, 0, ErrOnlyCurrent
	}
	of, version, err := competitions.Season(ctx, league, season)
	if err == nil && !all {
		err = ErrOnlyCurrent
	}
	return of, version, err
}

func (r Reader) compute(ctx context.Context, league, season string, asOf AsOf) ([]Row, error) {
	ms, err := r.store.matches.For(r.caller, r.contract).Season(ctx, league, season)
	if err != nil {
		return nil, err
	}
	adjusted, err := r.store.leagues.For(r.caller, r.contract).Adjustments(ctx, league, season)
	if err != nil {
		return nil, err
	}
	deductions := make([]Deduction, len(adjusted))
	for i, a := range adjusted {
		deductions[i] = Deduction{TeamID: a.TeamID, Points: a.Points}
	}
	return Compute(For(league, season), ms, deductions, asOf)
}
