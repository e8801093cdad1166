package leagues

import "statgate/shared/table"

// Table returns the table of a store.
func Table(s *Store) table.Table { return s.table }
