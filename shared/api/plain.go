package api

import (
	"fmt"
	"regexp"
	"time"
)

// WholeSeconds returns a duration in seconds, rounded up.
func WholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// WholeSecond returns the first whole second that is not before t, in seconds since 1970.
func WholeSecond(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseTime parses a time as in RFC 3339. [time.Parse] also accepts an hour of one digit,
// a comma before the fraction, and offsets of 24 hours.
func ParseTime(text string) (time.Time, error) {
	if !rfc3339.MatchString(text) {
		return time.Time{}, fmt.Errorf("%q is not a time as in RFC 3339", text)
	}
	return time.Parse(time.RFC3339, text)
}

// Writable reports whether a time, also when rounded up to a whole second, is in the years
// 0–9999 in UTC. Times are stored and sent in UTC, and RFC 3339 cannot write other years,
// although an offset lets it express them.
func Writable(t time.Time) bool {
	return t.UTC().Year() >= 0 && t.Add(time.Second-1).UTC().Year() <= 9999
}
