package matches

import "time"

// Position returns the place of a match in lists, for [PageRequest].After: the list goes on
// with the next match.
func Position(m *Match) (string, error) { return sortString(m) }

// Moment returns the place of a time in lists, for [PageRequest].After: the list begins with
// the first match from that time on or, in descending order, with the last one before it.
func Moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }
