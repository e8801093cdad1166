package matches

import (
	"time"

	"statgate/shared/table"
)

// Table returns the table of a store.
func Table(s *Store) table.Table { return s.table }

// Now returns the time of a store's clock.
func Now(s *Store) time.Time { return s.clock() }
