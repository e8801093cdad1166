package standings

import (
	"errors"
	"slices"
	"strings"
	"time"

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
	tables *lru.Cache[flatKey, held]
	clock  func() time.Time
}

// settling is how long a table that was computed once is believed. Matches are
// read from an index, which on AWS may lag behind the season's version: what is
// computed the moment a version appears may lack the very change that made it.
// The next computation is far enough behind it, and is kept for good.
const settling = 10 * time.Second

// held is a table, or nil where the season has none.
type held struct {
	rows  []Row
	until time.Time // zero: for good
}

// NewCache makes a cache of at most size tables (at least one).
func NewCache(size int, clock func() time.Time) *Cache {
	tables, err := lru.New[flatKey, held](max(1, size))
	if err != nil {
		panic("standings: " + err.Error()) // only for a size below one
	}
	return &Cache{tables: tables, clock: clock}
}

// Get returns the table under a key, computed where it is not held: at most twice,
// the second time once the first is settled. That a season has no table
// ([ErrNoStandings]) is kept too; no other error is. The rows are the caller's own.
func (c *Cache) Get(k Key, compute func() ([]Row, error)) ([]Row, error) {
	key, now := k.flat(), c.clock()
	h, again := c.tables.Get(key)
	if !again || !h.until.IsZero() && !now.Before(h.until) {
		rows, err := compute()
		switch {
		case errors.Is(err, ErrNoStandings):
			rows = nil
		case err != nil:
			return nil, err
		case rows == nil:
			rows = []Row{}
		}
		h = held{rows: rows}
		if !again {
			h.until = now.Add(settling)
		}
		c.tables.Add(key, h)
	}
	if h.rows == nil {
		return nil, ErrNoStandings
	}
	return slices.Clone(h.rows), nil
}
