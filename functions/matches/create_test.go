package matches

import (
	"context"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/teams"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

func ptr[T any](v T) *T { return &v }

// simulated returns the handlers' stores with the simulated league in them, and one of its
// matches.
func simulated(t *testing.T, hidePublic bool) (Deps, matches.Match) {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tbl := db.Table(table.Stats.Name)
	if _, err := importer.Put(t.Context(), tbl, time.Now, importer.Simulated(simulation.New(1, time.Now()))); err != nil {
		t.Fatal(err)
	}
	d := Deps{Contract: &contract.Contract{HidePublic: hidePublic}, Leagues: leagues.NewStore(tbl),
		Teams: teams.NewStore(tbl), Matches: matches.NewStore(tbl, time.Now)}
	page, err := d.Matches.Public().List(t.Context(), matches.Filter{}, matches.PageRequest{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return d, page.Matches[0]
}

func TestHiddenPublicDataCannotBeReferenced(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{false, true} {
		d, public := simulated(t, hidden)
		for field, change := range map[string]func(*createInput){
			"league":  func(in *createInput) { in.League = ptr(string(public.League)) },
			"home.id": func(in *createInput) { in.Home = teamInput{ID: &public.Home.ID} },
			"away.id": func(in *createInput) { in.Away = teamInput{ID: &public.Away.ID} },
		} {
			draftErr := func(set func(*createInput)) error {
				in := &createInput{Home: teamInput{Name: ptr("Elm")}, Away: teamInput{Name: ptr("Fir")}, Date: ptr("2026-05-02")}
				set(in)
				_, err := d.draft(context.Background(), &api.Caller{Org: "org_1"}, in)
				return err
			}
			err := draftErr(change)
			if (err != nil) != hidden || err != nil && api.AsError(err).Fields[field] == nil {
				t.Errorf("hidden %v: %s: got %v", hidden, field, err)
			}
			if !hidden {
				continue
			}
			unknownErr := draftErr(map[string]func(*createInput){
				"league":  func(in *createInput) { in.League = ptr("unknown") },
				"home.id": func(in *createInput) { in.Home = teamInput{ID: ptr("unknown")} },
				"away.id": func(in *createInput) { in.Away = teamInput{ID: ptr("unknown")} },
			}[field])
			if err == nil || unknownErr == nil || err.Error() != unknownErr.Error() || api.AsError(err).Fields[field][0] != api.AsError(unknownErr).Fields[field][0] {
				t.Errorf("%s: got %v for a hidden object and %v for an unknown one, want the same", field, err, unknownErr)
			}
		}
	}
}

func TestKickoffHasTheLocalDayOfItsLeague(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		league, date, at string
		want             matches.When
		wrong            string
	}{
		{league: "", at: "2026-05-02T23:30:00-02:00", want: matches.When{Date: "2026-05-03", KickoffAt: ptr("2026-05-03T01:30:00Z")}},
		{league: "en.1", at: "2026-05-02T23:30:00Z", want: matches.When{Date: "2026-05-03", Time: ptr("00:30"), KickoffAt: ptr("2026-05-02T23:30:00Z")}},
		{league: "en.1", date: "2026-05-02", want: matches.When{Date: "2026-05-02"}},
		{date: "2026-05-02", at: "2026-05-02T23:30:00Z", wrong: "date"},
		{date: "1799-12-31", wrong: "date"}, {date: "3000-01-01", wrong: "date"}, {at: "9999-12-31T23:59:59-12:00", wrong: "kickoff_at"}, {at: "noon", wrong: "kickoff_at"},
	} {
		var date, at *string
		if c.date != "" {
			date = &c.date
		}
		if c.at != "" {
			at = &c.at
		}
		got, err := kickoff(c.league, date, at)
		if c.wrong != "" {
			if err == nil || api.AsError(err).Fields[c.wrong] == nil {
				t.Errorf("%+v: got %v", c, err)
			}
			continue
		}
		text := func(s *string) string {
			if s == nil {
				return "null"
			}
			return *s
		}
		if err != nil || got.Date != c.want.Date || text(got.Time) != text(c.want.Time) || text(got.KickoffAt) != text(c.want.KickoffAt) {
			t.Errorf("%s %s%s: got %+v (%v), want %+v", c.league, c.date, c.at, got, err, c.want)
		}
	}
}
