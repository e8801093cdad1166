package standings

import (
	"errors"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Key identifies one computed table. Version is the season's version. It rises with every
// change of a match or a deduction, so a stale table is never found again and is evicted.
type Key struct {
	League, Season string
	Version        int64
	AsOf           AsOf
	Owners         []string // whose matches are in the table, in any order
}

// flatKey is a Key as a comparable value.
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

// Cache holds the most recently requested tables. It is safe for concurrent use; two
// concurrent misses both compute.
type Cache struct {
	tables *lru.Cache[flatKey, cached]
	clock  func() time.Time
}

// settleTime is how long the first table of a version is used. Matches are read from an
// index that, on AWS, may lag behind the season's version. So a table that is computed when
// a version appears may lack the change that raised it. The next computation is late
// enough, and its table does not expire.
const settleTime = 10 * time.Second

// cached is a table; its rows are nil if the season has no table.
type cached struct {
	rows  []Row
	until time.Time // zero: does not expire
}

// NewCache returns a cache of at most size tables (at least one).
func NewCache(size int, clock func() time.Time) *Cache {
	tables, err := lru.New[flatKey, cached](max(1, size))
	if err != nil {
		panic("standings: " + err.Error()) // only for a size below one
	}
	return &Cache{tables: tables, clock: clock}
}

// Get returns the table of a key, and computes it if it is not cached: at most twice, the
// second time after settleTime. It also caches that a season has no table
// ([ErrNoStandings]), but no other error. The caller may change the returned rows.
func (c *Cache) Get(k Key, compute func() ([]Row, error)) ([]Row, error) {
	key, now := k.flat(), c.clock()
	h, found := c.tables.Get(key)
	if !found || !h.until.IsZero() && !now.Before(h.until) {
		rows, err := compute()
		switch {
		case errors.Is(err, ErrNoStandings):
			rows = nil
		case err != nil:
			return nil, err
		case rows == nil:
			rows = []Row{}
		}
		h = cached{rows: rows}
		if !found {
			h.until = now.Add(settleTime)
		}
		c.tables.Add(key, h)
	}
	if h.rows == nil {
		return nil, ErrNoStandings
	}
	return slices.Clone(h.rows), nil
}
