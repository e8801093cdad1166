package api_test

import (
	"errors"
	"testing"
	"time"

	"statgate/shared/api"
)

var cursors = api.Cursors{Key: []byte("0123456789abcdef0123456789abcdef")}

var now = time.Date(2026, 2, 28, 10, 15, 0, 0, time.UTC)

func TestCursorIsValidOnlyForItsQuery(t *testing.T) {
	t.Parallel()
	c := cursors.Encode("listMatches\norg_1\nleague=en.1", "2015-08-08T14:00:00Z#m_1", now)
	if got, err := cursors.Decode("listMatches\norg_1\nleague=en.1", c, now); err != nil || got != "2015-08-08T14:00:00Z#m_1" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, query := range []string{"listMatches\norg_2\nleague=en.1", "listTeams\norg_1\nleague=en.1", "listMatches\norg_1\nleague=es.1", ""} {
		if _, err := cursors.Decode(query, c, now); err == nil {
			t.Errorf("the cursor is accepted for the query %q", query)
		}
	}
	if _, err := (api.Cursors{Key: []byte("another")}).Decode("listMatches\norg_1\nleague=en.1", c, now); err == nil {
		t.Error("another deployment's cursor is accepted")
	}
}

func TestCursorIsRefusedFromItsExpiryOn(t *testing.T) {
	t.Parallel()
	short := api.Cursors{Key: cursors.Key, Life: time.Hour}
	c := short.Encode("q", "p", now)
	if got, err := short.Decode("q", c, now.Add(time.Hour-time.Second)); err != nil || got != "p" {
		t.Errorf("one second before the expiry: got %q, %v", got, err)
	}
	for _, reader := range []api.Cursors{short, cursors} { // the expiry is in the cursor, so the reader's Life does not matter
		if _, err := reader.Decode("q", c, now.Add(time.Hour)); !errors.Is(err, api.ErrCursorExpired) {
			t.Errorf("at the expiry: got %v, want %v", err, api.ErrCursorExpired)
		}
	}
	if got, err := short.Decode("q", cursors.Encode("q", "p", now), now.Add(1000*time.Hour)); err != nil || got != "p" {
		t.Errorf("cursor without an expiry: got %q, %v", got, err)
	}
}

func FuzzUnsignedCursorIsNeverAccepted(f *testing.F) {
	f.Add("listMatches", "")
	f.Add("listMatches", "AAAA")
	f.Add("q", cursors.Encode("other", "p", now))
	f.Add("q", cursors.Encode("q", "p", now)+"=")
	f.Add("q", cursors.Encode("q", "p", now)[1:])
	f.Fuzz(func(t *testing.T, query, cursor string) {
		if position, err := cursors.Decode(query, cursor, now); err == nil && cursors.Encode(query, position, now) != cursor {
			t.Errorf("%q was accepted as %q", cursor, position)
		}
	})
}
