package changes

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrPlace is the error for a position that does not fit the owners whose feeds are read.
var ErrPlace = errors.New("changes: position of other feeds")

// place is a position in one feed.
type place struct {
	segment, number int64     // of the last row that was passed; the number is 0 before the first
	appended        time.Time // when that row was appended
	// All rows that follow were appended at or after since: the time of appending of the next
	// row, or when the feed was found to end here.
	since time.Time
}

// formatPlaces returns the places of all feeds of a reader as one position. A position where
// nothing follows stays the same for up to an hour, so that polls can be answered with 304.
func formatPlaces(places []place) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = fmt.Sprintf("%d.%d.%d.%d", p.segment, p.number, max(p.appended.Unix(), 0), p.since.Truncate(time.Hour).Unix())
	}
	return strings.Join(texts, " ")
}

// parsePlaces returns the places of a position; those of "" are zero. It fails with
// [ErrExpired] if rows that follow one of them may have been deleted.
func parsePlaces(position string, feeds int, now time.Time) ([]place, error) {
	places := make([]place, feeds)
	if position == "" {
		return places, nil
	}
	texts := strings.Fields(position)
	if len(texts) != feeds {
		return nil, ErrPlace
	}
	for i, text := range texts {
		var appended, since int64
		if _, err := fmt.Sscanf(text, "%d.%d.%d.%d", &places[i].segment, &places[i].number, &appended, &since); err != nil {
			return nil, ErrPlace
		}
		places[i].appended, places[i].since = time.Unix(appended, 0), time.Unix(since, 0)
		if !mustBeStored(places[i].since, now) {
			return nil, fmt.Errorf("%w: its next change was appended at %s", ErrExpired, places[i].since.UTC().Format(time.RFC3339))
		}
	}
	return places, nil
}

// mustBeStored reports whether every row that was appended since a time is still stored.
func mustBeStored(since, now time.Time) bool { return since.After(now.Add(clockReserve - life)) }
