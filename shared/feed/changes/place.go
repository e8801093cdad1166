package changes

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrPlace is the error for a position that does not fit the owners whose feeds are read.
var ErrPlace = errors.New("changes: position of other feeds")

// place is a position in one feed. All rows that follow it were appended at or after since:
// the time of appending of the next row, or when the feed was found to end there.
type place struct {
	segment, number int64
	since           time.Time
}

// formatPlaces returns the places of all feeds of a reader as one position.
func formatPlaces(places []place) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = fmt.Sprintf("%d.%d.%d", p.segment, p.number, p.since.Unix())
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
		var since int64
		if _, err := fmt.Sscanf(text, "%d.%d.%d", &places[i].segment, &places[i].number, &since); err != nil {
			return nil, ErrPlace
		}
		places[i].since = time.Unix(since, 0)
		if !places[i].since.After(now.Add(clockReserve - life)) {
			return nil, fmt.Errorf("%w: its next change was appended at %s", ErrExpired, places[i].since.UTC().Format(time.RFC3339))
		}
	}
	return places, nil
}
