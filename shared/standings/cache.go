package standings

import (
	"errors"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Key names one computed table. Version is the season's: it rises with every
// change of a match or a deduction, so that an old table is never found again and
// only has to age out.
type Key struct {
	League, Season string
	Version        int64
	AsOf           AsOf
	Owners         []string // whose matches are in the table, in any order
}

// flatKey is a Key by value.
type flatKey struct {
	league, season, date, owners string
	version                      int64
	round                        int
	hasRound, hasDate            bool
}

func (k Key) flat() flatKey {
	f := flatKey{league: k.League, season: k.Season, version: k.Version}
	if f.hasRound = k.AsOf.Round != nil; f.hasRound {
		f.round = *k.AsOf.Round
	}
	if f.hasDate = k.AsOf.Date != nil; f.hasDate {
		f.date = *k.AsOf.Date
	}
	f.owners = strings.Join(slices.Sorted(slices.Values(k.Owners)), "\x00")
	return f
}

// Cache holds the tables that were asked for last. It is safe for concurrent use;
// two callers who miss at once both compute.
type Cache struct {
	tables *lru.Cache[flatKey, []Row]
}

// NewCache makes a cache of at most size tables (at least one).
func NewCache(size int) *Cache {
	tables, err := lru.New[flatKey, []Row](max(1, size))
	if err != nil {
		panic("standings: " + err.Error()) // only for a size below one
	}
	return &Cache{tables: tables}
}

// Get returns the table under a key, computed where it is not held. That a season
// has no table ([ErrNoStandings]) is kept too; no other error is. The rows are the
// caller's own.
func (c *Cache) Get(k Key, compute func() ([]Row, error)) ([]Row, error) {
	key := k.flat()
	rows, held := c.tables.Get(key)
	if !held {
		var err error
		if rows, err = compute(); err != nil && !errors.Is(err, ErrNoStandings) {
			return nil, err
		} else if err != nil {
			rows = nil
		} else if rows == nil {
			rows = []Row{}
		}
		c.tables.Add(key, rows)
	}
	if rows == nil {
		return nil, ErrNoStandings
	}
	return slices.Clone(rows), nil
}
