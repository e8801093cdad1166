package teams_test

import (
	"fmt"
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
)

func names(t *testing.T) func(list []teams.Team, err error) []string {
	return func(list []teams.Team, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all := []string{}
		for _, team := range list {
			all = append(all, team.Name)
		}
		return all
	}
}

func TestMisspeltTeamIsFoundAmongPublicAndOwnTeams(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	update(t, tbl, func(r *teams.Registry) {
		r.AddClub(teams.Club{Name: "Manchester United FC", Country: "ENG", Aliases: []string{"Man United", "Man Utd"}})
		r.AddClub(teams.Club{Name: "FC Bayern München", Country: "GER", Aliases: []string{"Bayern Munich"}})
		r.See("ENG", "Newcastle United")
	})
	s := teams.NewStore(tbl)
	mine := s.For(&api.Caller{Org: "org_1"}, &contract.Contract{})
	_, write, err := mine.Own(t.Context(), "Manchester Ravens", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tbl.Write(t.Context(), *write); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{"Mancester United": "Manchester United FC", "Bayren": "FC Bayern München", "Manchester Ravns": "Manchester Ravens", "newcastel": "Newcastle United"} {
		if got := names(t)(mine.Nearest(t.Context(), q, 3)); len(got) == 0 || got[0] != want {
			t.Errorf("%q: got %v, want %s first", q, got, want)
		}
	}
	for q, want := range map[string][]string{"manchester": {"Manchester Ravens", "Manchester United FC"}, "man utd": {"Manchester United FC"}, "fc-bayern-munchen": {"FC Bayern München"}} {
		if got := names(t)(mine.Search(t.Context(), q, 3)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", q, got, want)
		}
	}
}

// TestTeamOfAnEarlierReleaseIsFoundByItsLastLettersAfterTheNextImport removes what earlier
// releases did not write: the index of reversed words, and the mark that it exists.
func TestTeamOfAnEarlierReleaseIsFoundByItsLastLettersAfterTheNextImport(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	see := func(r *teams.Registry) { r.See("ENG", "Elmfield") }
	update(t, tbl, see)
	for i := range 30 { // other teams between the name and its misspelling
		update(t, tbl, func(r *teams.Registry) { r.See("ENG", fmt.Sprintf("Em%02d", i)) })
	}
	ws := []table.Write{table.Delete(table.Key{Partition: "TEAMR#d", Sort: "dleifmle#elmfield"}),
		table.Update(table.Key{Partition: "TEAMS", Sort: "elmfield"}, []table.Action{table.Remove("indexed")})}
	if err := tbl.Transact(t.Context(), ws); err != nil {
		t.Fatal(err)
	}
	r := teams.NewStore(tbl).Public()
	if got := names(t)(r.Nearest(t.Context(), "Enmfield", 1)); len(got) != 0 {
		t.Fatalf("found without the index: %v", got)
	}
	for i, want := range []teams.Changes{{Changed: 1}, {}} {
		if _, changes := update(t, tbl, see); changes != want {
			t.Errorf("import %d: got %+v, want %+v", i+1, changes, want)
		}
		if got := names(t)(r.Nearest(t.Context(), "Enmfield", 1)); !slices.Equal(got, []string{"Elmfield"}) {
			t.Errorf("import %d: got %v", i+1, got)
		}
	}
}
