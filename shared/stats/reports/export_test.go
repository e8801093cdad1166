package reports

// OfID returns a reader of the report of any match.
func OfID(s *Store, match string) Reader { return Reader{s, match} }
