package contract

import (
	"fmt"
	"strconv"
	"time"
)

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour,
	'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour,
}

// ParseDuration reads a whole number and one unit: s, m, h, d (24 hours), w
// (7 days) or y (365 days), such as "12h" or "30d". A negative
// duration or one over 100 years is an error.
func ParseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("must be a duration, a whole number and one of s, m, h, d, w, y, such as 12h or 30d; got %q", text)
	if len(text) < 2 || len(text) > 12 {
		return 0, bad
	}
	unit, ok := units[text[len(text)-1]]
	if !ok || text[0] == '+' || text[0] == '-' {
		return 0, bad
	}
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
	if err != nil || n < 0 {
		return 0, bad
	}
	if n > int64(100*units['y']/unit) {
		return 0, fmt.Errorf("must be at most 100 years, got %q", text)
	}
	return time.Duration(n) * unit, nil
}
