package teams_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

func methodsOf[T any]() (names []string) {
	for i := range reflect.TypeFor[T]().NumMethod() {
		names = append(names, reflect.TypeFor[T]().Method(i).Name)
	}
	return names
}

// reads has a call for each method of a reader. The call requests the teams of every
// owner, and returns the ids of those that the reader returned.
var reads = map[string]func(t *testing.T, r teams.Reader, ids []string) []string{
	"Get": func(t *testing.T, r teams.Reader, ids []string) (found []string) {
		for _, id := range ids {
			switch team, err := r.Get(t.Context(), id); {
			case err == nil:
				found = append(found, team.ID)
			case !errors.Is(err, teams.ErrNotFound):
				t.Error(err)
			}
		}
		return found
	},
	"List": func(t *testing.T, r teams.Reader, _ []string) []string {
		page, err := r.List(t.Context(), "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		searched, err := r.List(t.Context(), "elm", "", 10)
		if err != nil || !reflect.DeepEqual(searched.Teams, page.Teams) {
			t.Errorf("searching: got %+v (%v), want %+v", searched, err, page)
		}
		return idsOf(page)
	},
	"Search": func(t *testing.T, r teams.Reader, _ []string) []string {
		return sorted(t)(r.Search(t.Context(), "elm", 10))
	},
	"Named": func(t *testing.T, r teams.Reader, _ []string) []string {
		exact, similar, err := r.Named(t.Context(), "elm", 10)
		return sorted(t)(append(exact, similar...), err)
	},
	"Nearest": func(t *testing.T, r teams.Reader, _ []string) []string {
		return sorted(t)(r.Nearest(t.Context(), "emm", 10))
	},
	"ListIDs": func(t *testing.T, r teams.Reader, ids []string) []string {
		page, err := r.ListIDs(t.Context(), ids, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return idsOf(page)
	},
	"Own": func(t *testing.T, r teams.Reader, _ []string) []string {
		team, write, err := r.Own(t.Context(), "Elm", false)
		if err != nil {
			t.Fatal(err)
		}
		if write != nil {
			return nil // a new team
		}
		return []string{team.ID}
	},
}

// sorted returns a function that returns the ids of a search, sorted.
func sorted(t *testing.T) func(found []teams.Team, err error) []string {
	return func(found []teams.Team, err error) []string {
		if err != nil {
			t.Fatal(err)
		}
		ids := idsOf(&teams.Page{Teams: found})
		slices.Sort(ids)
		return ids
	}
}

func idsOf(page *teams.Page) (ids []string) {
	for _, team := range page.Teams {
		ids = append(ids, team.ID)
	}
	return ids
}

func TestReaderReturnsNoTeamOfAnotherOwner(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, tbl table.Table) {
		s := teams.NewStore(tbl)
		update(t, tbl, func(r *teams.Registry) { r.See("ENG", "Elm") })
		own := map[string]string{}
		for _, org := range []string{"org_1", "org_2"} {
			team, write, err := hidden(s, org).Own(t.Context(), "Elm", false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tbl.Write(t.Context(), *write); err != nil {
				t.Fatal(err)
			}
			own[org] = team.ID
		}
		all := []string{"elm", own["org_1"], own["org_2"]}
		open := func(org string) teams.Reader { return s.For(&api.Caller{Org: org}, &contract.Contract{}) }
		public, mine, both := []string{"elm"}, []string{own["org_1"]}, []string{"elm", own["org_1"]}
		for name, readers := range map[string][]struct {
			r    teams.Reader
			want []string
		}{
			"Get":     {{s.Public(), public}, {open("org_1"), both}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
			"List":    {{s.Public(), public}, {open("org_1"), public}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
			"Search":  {{s.Public(), public}, {open("org_1"), both}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
			"Named":   {{s.Public(), public}, {open("org_1"), both}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
			"Nearest": {{s.Public(), public}, {open("org_1"), both}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
			"ListIDs": {{s.Public(), public}, {open("org_1"), public}, {hidden(s, "org_1"), nil}, {hidden(s, "org_3"), nil}},
			"Own":     {{s.Public(), nil}, {open("org_1"), mine}, {hidden(s, "org_1"), mine}, {hidden(s, "org_3"), nil}},
		} {
			for i, c := range readers {
				if got := reads[name](t, c.r, all); !slices.Equal(got, c.want) {
					t.Errorf("%s of reader %d: got %v, want %v", name, i, got, c.want)
				}
			}
		}
	}
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, open(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		test(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name])
	})
}

func TestTeamsAreReadOnlyThroughReaderAndEveryReadIsTested(t *testing.T) {
	t.Parallel()
	for _, name := range methodsOf[teams.Reader]() {
		if reads[name] == nil {
			t.Errorf("Reader.%s: add it to reads, so that its isolation is tested", name)
		}
	}
	if got, want := methodsOf[*teams.Store](), []string{"For", "Public"}; !slices.Equal(got, want) {
		t.Errorf("got the methods %v of Store, want %v: reads belong to Reader", got, want)
	}
}
