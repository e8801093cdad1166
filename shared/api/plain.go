package api

import "time"

// Writable reports whether a time, also when rounded up to a whole second, is in the years
// 0–9999 in UTC. Times are stored and sent in UTC, and RFC 3339 cannot write other years,
// although an offset lets it express them.
func Writable(t time.Time) bool {
	return t.UTC().Year() >= 0 && t.Add(time.Second-1).UTC().Year() <= 9999
}
