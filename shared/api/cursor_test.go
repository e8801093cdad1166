package api_test

import (
	"errors"
	"testing"
	"time"

	"statgate/shared/api"
)

var cursors = api.Cursors{Key: []byte("0123456789abcdef0123456789abcdef")}

var moment = time.Date(2026, 2, 28, 10, 15, 0, 0, time.UTC)

func TestCursorIsGoodForItsQueryOnly(t *testing.T) {
	t.Parallel()
	c := cursors.Encode("listMatches\norg_1\nleague=en.1", "2015-08-08T14:00:00Z#m_1", moment)
	if got, err := cursors.Decode("listMatches\norg_1\nleague=en.1", c, moment); err != nil || got != "2015-08-08T14:00:00Z#m_1" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, query := range []string{"listMatches\norg_2\nleague=en.1", "listTeams\norg_1\nleague=en.1", "listMatches\norg_1\nleague=es.1", ""} {
		if _, err := cursors.Decode(query, c, moment); err == nil {
			t.Errorf("a cursor is good for %q", query)
		}
	}
	if _, err := (api.Cursors{Key: []byte("another")}).Decode("listMatches\norg_1\nleague=en.1", c, moment); err == nil {
		t.Error("another deployment's cursor is good")
	}
}

func TestCursorWithALifeIsRefusedFromItsEndOn(t *testing.T) {
	t.Parallel()
	short := api.Cursors{Key: cursors.Key, Life: time.Hour}
	c := short.Encode("q", "p", moment)
	if got, err := short.Decode("q", c, moment.Add(time.Hour-time.Second)); err != nil || got != "p" {
		t.Errorf("a second before its end: got %q, %v", got, err)
	}
	for _, reader := range []api.Cursors{short, cursors} { // whoever reads it: it carries its own end
		if _, err := reader.Decode("q", c, moment.Add(time.Hour)); !errors.Is(err, api.ErrCursorExpired) {
			t.Errorf("at its end: got %v, want %v", err, api.ErrCursorExpired)
		}
	}
	if got, err := short.Decode("q", cursors.Encode("q", "p", moment), moment.Add(1000*time.Hour)); err != nil || got != "p" {
		t.Errorf("one without an end: got %q, %v", got, err)
	}
}

func FuzzCursorThatWasNotSignedIsNeverAccepted(f *testing.F) {
	f.Add("listMatches", "")
	f.Add("listMatches", "AAAA")
	f.Add("q", cursors.Encode("other", "p", moment))
	f.Add("q", cursors.Encode("q", "p", moment)+"=")
	f.Add("q", cursors.Encode("q", "p", moment)[1:])
	f.Fuzz(func(t *testing.T, query, cursor string) {
		if position, err := cursors.Decode(query, cursor, moment); err == nil && cursors.Encode(query, position, moment) != cursor {
			t.Errorf("%q was accepted as %q", cursor, position)
		}
	})
}
