package reports_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

func methodsOf[T any]() (names []string) {
	for i := range reflect.TypeFor[T]().NumMethod() {
		names = append(names, reflect.TypeFor[T]().Method(i).Name)
	}
	return names
}

func TestReportIsVisibleOnlyWithItsMatch(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		matchStore, s := matches.NewStore(tbl, time.Now), reports.NewStore(tbl, time.Now)
		if _, err := leagues.NewStore(tbl).Ensure(ctx, "en.1", "League", "2020"); err != nil {
			t.Fatal(err)
		}
		for _, owner := range []string{matches.Public, "org_1"} {
			m := matches.Match{ID: "m_" + owner, League: "en.1", Season: "2020", Date: "2020-02-01", Status: matches.Finished, Owner: owner,
				Home: matches.Side{ID: "elm"}, Away: matches.Side{ID: "fir"}}
			if err := matchStore.Apply(ctx, []matches.Change{{After: &matches.Record{Match: m}}}); err != nil {
				t.Fatal(err)
			}
			r := goals(goal("A", 3, 0))
			r.Lineups = &reports.Lineups{Home: reports.Lineup{Starters: []reports.LineupPlayer{{Name: "A"}}}}
			r.Stats = &reports.Stats{Data: []reports.Section{{Section: "attack"}}}
			put(t, s, m.ID, r, true)
		}
		for _, c := range []struct {
			org  string
			hide bool
			want []string
		}{{"org_1", false, []string{"m_public", "m_org_1"}}, {"org_1", true, []string{"m_org_1"}}, {"org_2", false, []string{"m_public"}}, {"org_2", true, nil}} {
			var got []string
			for _, id := range []string{"m_public", "m_org_1"} {
				visible, _ := matchStore.For(&api.Caller{Org: c.org}, &contract.Contract{HidePublic: c.hide}).Visible(ctx, id)
				events, err := s.Of(visible).Events(ctx)
				if err != nil {
					t.Fatal(err)
				}
				lineups, err := s.Of(visible).Lineups(ctx)
				if err != nil {
					t.Fatal(err)
				}
				stats, err := s.Of(visible).Stats(ctx)
				if err != nil {
					t.Fatal(err)
				}
				switch n := len(events) + len(lineups.Home.Starters) + len(stats.Data); n {
				case 3:
					got = append(got, id)
				case 0:
				default:
					t.Errorf("%+v: %s: got %d of 3 parts", c, id, n)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, hide_public %t: got the reports of %v, want %v", c.org, c.hide, got, c.want)
			}
		}
	})
}

func TestReportsAreReadOnlyThroughReader(t *testing.T) {
	t.Parallel()
	if got, want := methodsOf[reports.Reader](), []string{"Events", "Lineups", "Stats"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: test the new method in TestReportIsVisibleOnlyWithItsMatch", got, want)
	}
	if got, want := methodsOf[*reports.Store](), []string{"Adopt", "Deletion", "Drop", "Of", "Put", "Writes"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: reads belong to Reader", got, want)
	}
}
