package importer_test

import (
	"strings"
	"testing"

	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
)

func TestTextThatIsNotAllowedIsCleanedAndNotedAndNoRowIsDropped(t *testing.T) {
	t.Parallel()
	w := open(t)
	football := writeTree(t, map[string]string{
		"2019-20/en.1.json": league(
			fixture("Matchday\u20281", "2019-09-12", "El\u200bms", "Ash", `,"score":{"ft":[1,0]}`),
			strings.Replace(fixture("Matchday 2", "2019-09-19", "B_rk", "\u202eOak", `,"score":{"ft":[2,0]}`), "B_rk", "B\xffrk", 1),
			fixture("Matchday 3", "2019-09-26", "Elms", "Ash", `,"score":{"ft":[0,0]}`)),
	})
	clubs := writeTree(t, map[string]string{"eng.clubs.txt": "Wil\u200blow FC\n | Wil\u2060low\n"})
	r := w.importOK(importer.Options{Openfootball: []string{football}, Clubs: []string{clubs}})
	if r.Matches.New != 3 || len(r.Problems) > 0 {
		t.Errorf("got %+v and problems %v, want 3 matches", r.Matches, r.Problems)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{`"Elms"`, `"B?rk"`, `"Oak"`, `"Willow FC"`, `"Willow"`} {
		if strings.Count(notes, "imported as "+want) != 1 {
			t.Errorf("got notes\n%s\nwant one about %s", notes, want)
		}
	}
	all, _ := w.list(matches.Filter{})
	for _, m := range all {
		if text := m.Home.Name + m.Away.Name + *m.Round; strings.ContainsAny(text, "\u200b\u2028\u202e\ufffd") {
			t.Errorf("got match %q", text)
		}
	}
	if elms, _ := w.list(matches.Filter{Team: "elms"}); len(elms) != 2 {
		t.Errorf("got %d matches of Elms, want both under one team", len(elms))
	}
}
