package api_test

import (
	"testing"

	"statgate/shared/api"
)

var cursors = api.Cursors{Key: []byte("0123456789abcdef0123456789abcdef")}

func TestCursorIsGoodForItsQueryOnly(t *testing.T) {
	t.Parallel()
	c := cursors.Encode("listMatches\norg_1\nleague=en.1", "2015-08-08T14:00:00Z#m_1")
	if got, ok := cursors.Decode("listMatches\norg_1\nleague=en.1", c); !ok || got != "2015-08-08T14:00:00Z#m_1" {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, query := range []string{"listMatches\norg_2\nleague=en.1", "listTeams\norg_1\nleague=en.1", "listMatches\norg_1\nleague=es.1", ""} {
		if _, ok := cursors.Decode(query, c); ok {
			t.Errorf("a cursor is good for %q", query)
		}
	}
	if _, ok := (api.Cursors{Key: []byte("another")}).Decode("listMatches\norg_1\nleague=en.1", c); ok {
		t.Error("another deployment's cursor is good")
	}
}

func FuzzCursorThatWasNotSignedIsNeverAccepted(f *testing.F) {
	f.Add("listMatches", "")
	f.Add("listMatches", "AAAA")
	f.Add("q", cursors.Encode("other", "p"))
	f.Add("q", cursors.Encode("q", "p")+"=")
	f.Add("q", cursors.Encode("q", "p")[1:])
	f.Fuzz(func(t *testing.T, query, cursor string) {
		if position, ok := cursors.Decode(query, cursor); ok && cursors.Encode(query, position) != cursor {
			t.Errorf("%q was accepted as %q", cursor, position)
		}
	})
}
