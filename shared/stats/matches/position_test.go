package matches_test

import (
	"slices"
	"testing"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
)

// timed stores three matches of two teams, and returns a reader of them: one begins late on
// 1 May in UTC, one on the next morning, one has no time on 3 May.
func timed(t *testing.T, tbl table.Table) matches.Reader {
	t.Helper()
	s := matches.NewStore(tbl, time.Now)
	if _, err := leagues.NewStore(tbl).Ensure(t.Context(), "en.1", "League", "2020"); err != nil {
		t.Fatal(err)
	}
	for id, at := range map[string]string{"m_late": "2020-05-01T22:00:00Z", "m_morning": "2020-05-02T10:00:00Z", "m_open": ""} {
		m := matches.Match{ID: id, League: "en.1", Season: "2020", Date: "2020-05-03", Status: matches.Scheduled, Owner: matches.Public,
			Home: matches.Side{ID: "elm", Name: "Elm"}, Away: matches.Side{ID: "fir", Name: "Fir"}}
		if at != "" {
			m.KickoffAt, m.Date = &at, at[:len(time.DateOnly)]
		}
		if err := s.Apply(t.Context(), []matches.Change{{After: &matches.Record{Match: m}}}); err != nil {
			t.Fatal(err)
		}
	}
	return s.Public()
}

func idsOf(t *testing.T, page *matches.Page, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, m := range page.Matches {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestDaysAreCountedInTheZoneOfTheFilter(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		r := timed(t, tbl)
		for zone, want := range map[string][]string{"UTC": {"m_morning"}, "Asia/Tokyo": {"m_late", "m_morning"}, "Pacific/Pago_Pago": {}, "Pacific/Kiritimati": {"m_late"}} {
			at, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			page, err := r.List(t.Context(), matches.Filter{From: "2020-05-02", To: "2020-05-02", Zone: at}, matches.PageRequest{Limit: 10})
			if got := idsOf(t, page, err); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", zone, got, want)
			}
		}
	})
}

func TestListBeginsAtAMomentOrAfterAMatch(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		r := timed(t, tbl)
		all, err := r.Meetings(t.Context(), "fir", "elm", matches.PageRequest{Limit: 10})
		if got := idsOf(t, all, err); !slices.Equal(got, []string{"m_late", "m_morning", "m_open"}) {
			t.Fatal(got)
		}
		after, err := matches.Position(&all.Matches[1])
		if err != nil {
			t.Fatal(err)
		}
		start := matches.Moment(time.Date(2020, 5, 2, 10, 0, 0, 0, time.UTC))
		for _, c := range []struct {
			name string
			page matches.PageRequest
			want []string
		}{
			{"from a kick-off on", matches.PageRequest{Limit: 10, After: start}, []string{"m_morning", "m_open"}},
			{"before a kick-off", matches.PageRequest{Limit: 10, After: start, Descending: true}, []string{"m_late"}},
			{"after a match", matches.PageRequest{Limit: 10, After: after}, []string{"m_open"}},
			{"before a match", matches.PageRequest{Limit: 10, After: after, Descending: true}, []string{"m_late"}},
			{"at most one", matches.PageRequest{Limit: 1, Descending: true}, []string{"m_open"}},
		} {
			page, err := r.Meetings(t.Context(), "elm", "fir", c.page)
			if got := idsOf(t, page, err); !slices.Equal(got, c.want) {
				t.Errorf("meetings %s: got %v, want %v", c.name, got, c.want)
			}
			page, err = r.List(t.Context(), matches.Filter{Team: "elm"}, c.page)
			if got := idsOf(t, page, err); !slices.Equal(got, c.want) {
				t.Errorf("a team's matches %s: got %v, want %v", c.name, got, c.want)
			}
		}
	})
}
