package contests_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
)

func methodsOf[T any]() (names []string) {
	for i := range reflect.TypeFor[T]().NumMethod() {
		names = append(names, reflect.TypeFor[T]().Method(i).Name)
	}
	return names
}

func TestReaderReturnsNoContestOfAnotherGameOrHistoryOfOthers(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		c, err := create(t.Context(), s, request("", noon), 3)
		if err != nil {
			t.Fatal(err)
		}
		for game, want := range map[string]string{"rally": "", "chess": api.PermissionGame, "": api.PermissionGame} {
			got, err := s.For(&api.Caller{Game: game}).Get(t.Context(), c.ID)
			if condition(err) != want || err != nil && !reflect.DeepEqual(got, contests.Contest{}) {
				t.Errorf("a key of game %q: got %+v (%v), want %q", game, got, err, want)
			}
		}
		for user, want := range map[string]int{"usr_1": 1, "usr_2": 0, "usr_3": 0} { // a member, an inactive one, a stranger
			r := s.For(&api.Caller{User: user})
			if found, _, err := r.Own().Page(t.Context(), contests.Filter{}, 10, ""); err != nil || len(found) != want {
				t.Errorf("own history of %s: got %d contests (%v), want %d", user, len(found), err, want)
			}
			for _, of := range []struct {
				kind    contests.Kind
				ref     string
				members []string
				refusal string
			}{
				{contests.OfTeam, "team_north", []string{"usr_1"}, api.PermissionTeam}, {contests.OfTeam, "north", []string{"usr_1"}, api.PermissionTeam},
				{contests.OfTeam, "south", nil, api.PermissionTeam}, {contests.OfOrg, "aurora", nil, api.PermissionOrg},
			} {
				h, err := r.Of(t.Context(), of.kind, of.ref)
				if !slices.Contains(of.members, user) {
					if condition(err) != of.refusal || h != (contests.History{}) {
						t.Errorf("%s of %s: got %+v (%v), want %s", of.ref, user, h, err, of.refusal)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if found, _, err := h.Page(t.Context(), contests.Filter{}, 10, ""); err != nil || len(found) != 1 {
					t.Errorf("%s of %s: got %d contests (%v), want 1", of.ref, user, len(found), err)
				}
			}
		}
	})
}

func TestContestsAreReadOnlyThroughReader(t *testing.T) {
	t.Parallel()
	if got, want := methodsOf[contests.Reader](), []string{"Get", "Of", "Own"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: test the new method in TestReaderReturnsNoContestOfAnotherGameOrHistoryOfOthers", got, want)
	}
	if got, want := methodsOf[*contests.Store](), []string{"Change", "Create", "For", "Put", "Token"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: reads belong to Reader", got, want)
	}
}

func TestReadersOfAContestAreTheActiveMembersOfItsTeamsAndTheirOrganisations(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		c, err := create(t.Context(), s, request("", noon), 3)
		if err != nil {
			t.Fatal(err)
		}
		put := func(kind contests.Kind, p contests.Contestant) {
			t.Helper()
			if _, err := s.Put(t.Context(), request("", noon), kind, p); err != nil {
				t.Fatal(err)
			}
		}
		readers := func(want ...string) {
			t.Helper()
			got, err := contests.Audience{Table: tbl}.Readers(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if all := slices.Sorted(maps.Keys(got)); !slices.Equal(all, want) {
				t.Errorf("got %v, want %v", all, want)
			}
		}
		readers("usr_1")
		put(contests.OfOrg, contests.Contestant{ID: "org_aurora", Slug: "aurora", Name: "Aurora", Members: []contests.Member{{User: "usr_3", State: contests.Active}, {User: "usr_4", State: contests.Inactive}}})
		put(contests.OfTeam, contests.Contestant{ID: "team_south", Slug: "south", Name: "South", Members: []contests.Member{{User: "usr_2", State: contests.Active}}})
		readers("usr_1", "usr_2", "usr_3")
		// The team plays for no organisation now, and its first member has left it.
		put(contests.OfTeam, contests.Contestant{ID: "team_north", Slug: "north", Name: "North", Members: []contests.Member{{User: "usr_1", State: contests.Inactive}}})
		readers("usr_2", "usr_3")
	})
}
