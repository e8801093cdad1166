package standings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

func ptr[T any](v T) *T { return &v }

// fixture parses "3 Ash 2-1 Elm" (matchday 3) and "3 Ash - Elm" (not played). The matchday
// is also the day of August.
func fixture(line string) matches.Match {
	f := strings.Fields(line)
	var matchday int
	fmt.Sscan(f[0], &matchday)
	m := matches.Match{League: "xx.1", Season: "2030-31", Matchday: &matchday, Date: fmt.Sprintf("2030-08-%02d", matchday),
		Status: matches.Scheduled, Home: team(f[1]), Away: team(f[3])}
	var g matches.Goals
	if n, _ := fmt.Sscanf(f[2], "%d-%d", &g.Home, &g.Away); n == 2 {
		m.Status, m.Score.FullTime = matches.Finished, &g
	}
	return m
}

func team(name string) matches.Side {
	return matches.Side{ID: strings.ToLower(name), Name: name}
}

func season(lines ...string) []matches.Match {
	ms := make([]matches.Match, len(lines))
	for i, l := range lines {
		ms[i] = fixture(l)
	}
	return ms
}

func compute(t *testing.T, rules standings.Rules, ms []matches.Match, adj []standings.Deduction, asOf standings.AsOf) []standings.Row {
	t.Helper()
	rows, err := standings.Compute(rules, ms, adj, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// lines formats rows as "Ash 6, Elm 3": names and points, in order.
func lines(rows []standings.Row) string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r.Team.Name, " ", r.Points)
	}
	return strings.Join(out, ", ")
}

var generalRules = standings.For("xx.1", "2030-31")

func TestRowsAddUpPlayedMatches(t *testing.T) {
	t.Parallel()
	rows := compute(t, generalRules, season("1 Ash 2-1 Elm", "2 Elm 0-0 Ash", "3 Ash 0-3 Elm"), nil, standings.AsOf{})
	want := []standings.Row{
		{Position: 1, Team: team("Elm"), Played: 3, Won: 1, Drawn: 1, Lost: 1, GoalsFor: 4, GoalsAgainst: 2, GoalDifference: 2, Points: 4, PointsPerGame: 1.333},
		{Position: 2, Team: team("Ash"), Played: 3, Won: 1, Drawn: 1, Lost: 1, GoalsFor: 2, GoalsAgainst: 4, GoalDifference: -2, Points: 4, PointsPerGame: 1.333},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got %+v, want %+v", rows, want)
	}
}

func TestOnlyFinishedAndAwardedMatchesCount(t *testing.T) {
	t.Parallel()
	for _, status := range matches.Statuses {
		m := fixture("1 Ash 1-0 Elm")
		m.Status = status
		rows := compute(t, generalRules, append(season("1 Oak - Fir"), m), nil, standings.AsOf{})
		got := 0
		for _, r := range rows {
			got += r.Played
		}
		want := 0
		if status == matches.Finished || status == matches.Awarded {
			want = 2
		}
		if got != want {
			t.Errorf("%s: got %d, want %d", status, got, want)
		}
	}
}

func TestAnAwardedMatchWithoutAScoreCountsByItsWinner(t *testing.T) {
	t.Parallel()
	m := fixture("1 Ash - Elm")
	m.Status, m.Score.Winner = matches.Awarded, ptr("away")
	rows := compute(t, generalRules, []matches.Match{m}, nil, standings.AsOf{})
	if got, want := lines(rows), "Elm 3, Ash 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if rows[0].GoalsFor != 0 || rows[0].Won != 1 {
		t.Errorf("got %+v, want a win without goals", rows[0])
	}
}

func TestAFinishedMatchWithoutAScoreDoesNotCount(t *testing.T) {
	t.Parallel()
	m := fixture("1 Ash - Elm")
	m.Status = matches.Finished
	if got := compute(t, generalRules, []matches.Match{m}, nil, standings.AsOf{})[0].Played; got != 0 {
		t.Errorf("got %d played, want 0", got)
	}
}

func TestATeamIsListedUnlessAllItsMatchesAreCancelled(t *testing.T) {
	t.Parallel()
	cancelled := fixture("2 Bury - Ash")
	cancelled.Status = matches.Cancelled
	rows := compute(t, generalRules, append(season("1 Ash - Elm"), cancelled), nil, standings.AsOf{})
	if got, want := lines(rows), "Ash 0, Elm 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	all := []matches.Match{cancelled}
	if rows, err := standings.Compute(generalRules, all, nil, standings.AsOf{}); err != nil || len(rows) != 0 {
		t.Errorf("all cancelled: got %v, %v; want an empty table", rows, err)
	}
}

func TestARenamedTeamHasItsLatestName(t *testing.T) {
	t.Parallel()
	ms := season("2 Ash 1-0 Elm", "1 Elm 1-0 Ash")
	ms[0].Home.Name = "Ash FC"
	if got, want := lines(compute(t, generalRules, ms, nil, standings.AsOf{})), "Ash FC 3, Elm 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRoundCountsMatchdaysAndDateCountsDays(t *testing.T) {
	t.Parallel()
	ms := season("1 Ash 1-0 Elm", "2 Ash 1-0 Elm", "3 Ash 1-0 Elm")
	ms[0].Date = "2030-12-31" // rescheduled to the winter
	for _, c := range []struct {
		asOf standings.AsOf
		want int
	}{
		{standings.AsOf{}, 3},
		{standings.AsOf{Round: ptr(0)}, 0},
		{standings.AsOf{Round: ptr(1)}, 1},
		{standings.AsOf{Round: ptr(2)}, 2},
		{standings.AsOf{Round: ptr(99)}, 3},
		{standings.AsOf{Date: ptr("2030-08-01")}, 0},
		{standings.AsOf{Date: ptr("2030-08-03")}, 2},
		{standings.AsOf{Round: ptr(1), Date: ptr("2030-08-03")}, 0},
	} {
		rows := compute(t, generalRules, ms, nil, c.asOf)
		if len(rows) != 2 || rows[0].Played != c.want {
			t.Errorf("%+v: got %d played by %d teams, want %d by 2", c.asOf, rows[0].Played, len(rows), c.want)
		}
	}
}

func TestDeductionsApplyAtEveryRound(t *testing.T) {
	t.Parallel()
	ms := season("1 Ash 1-0 Elm", "2 Ash 1-0 Elm")
	adj := []standings.Deduction{{TeamID: "ash", Points: -10}, {TeamID: "ash", Points: 4}, {TeamID: "elm", Points: 2}, {TeamID: "unlisted", Points: -1}}
	for round, want := range []string{"Elm 2, Ash -6", "Elm 2, Ash -3", "Elm 2, Ash 0"} {
		rows := compute(t, generalRules, ms, adj, standings.AsOf{Round: &round})
		if got := lines(rows); got != want {
			t.Errorf("round %d: got %s, want %s", round, got, want)
		}
		if rows[1].Deduction != 6 || rows[0].Deduction != 0 {
			t.Errorf("round %d: got deductions %d and %d, want 6 and 0", round, rows[1].Deduction, rows[0].Deduction)
		}
	}
}

func TestPointsPerGameRankBeforePoints(t *testing.T) {
	t.Parallel()
	ms := season("1 Ash 1-0 Elm", "2 Oak 1-0 Elm", "3 Oak 0-0 Fir", "4 Fir - Ash")
	rows := compute(t, standings.For("en.3", "2019-20"), ms, nil, standings.AsOf{})
	if got, want := lines(rows), "Ash 3, Oak 4, Fir 1, Elm 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := lines(compute(t, standings.For("en.3", "2018-19"), ms, nil, standings.AsOf{})), "Oak 4, Ash 3, Fir 1, Elm 0"; got != want {
		t.Errorf("a year before: got %s, want %s", got, want)
	}
}

// level is a season after which Ash, Elm and Oak have ten points each. In the table of
// their six matches against each other, Ash leads, and Elm and Oak are level. Oak has the
// better record in its two matches against Elm. Elm has by far the best goal difference of
// the season; Ash and Oak have the same goal difference and the same goals.
var level = season(
	"1 Oak 1-0 Elm", "2 Elm 0-0 Oak", "3 Elm 1-0 Ash", "4 Ash 1-0 Elm", "5 Ash 1-0 Oak", "6 Oak 0-1 Ash",
	"7 Elm 9-0 Fir", "8 Fir 0-1 Elm", "9 Oak 1-0 Fir", "10 Fir 0-1 Oak", "11 Ash 0-0 Fir", "12 Fir 1-0 Ash",
)

func TestTieBreaksDependOnLeagueAndSeason(t *testing.T) {
	t.Parallel()
	const (
		headToHeadFirst = "Ash 10, Oak 10, Elm 10, Fir 4"
		goalsFirst      = "Elm 10, Ash 10, Oak 10, Fir 4"
		awayGoalsNext   = "Elm 10, Oak 10, Ash 10, Fir 4"
	)
	for _, c := range []struct{ league, season, want string }{
		{"es.1", "2018-19", headToHeadFirst},
		{"it.2", "2018-19", headToHeadFirst},
		{"uefa.cl", "2015-16", headToHeadFirst},
		{"uefa.cl", "2023-24", headToHeadFirst},
		{"uefa.cl", "2024-25", goalsFirst},
		{"en.1", "2015-16", goalsFirst},
		{"en.4", "2025-26", goalsFirst},
		{"de.1", "2018-19", goalsFirst},
		{"at.1", "2018-19", goalsFirst},
		{"at.1", "2021-22", headToHeadFirst},
		{"at.2", "2016-17", goalsFirst},
		{"br.1", "2025", goalsFirst},
		{"co.1", "2025", awayGoalsNext},
		{"xx.1", "2030-31", goalsFirst},
		{"xx.1", "some season", goalsFirst},
	} {
		if got := lines(compute(t, standings.For(c.league, c.season), level, nil, standings.AsOf{})); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.league, c.season, got, c.want)
		}
	}
}

func TestWinsComeFirstInBrazil(t *testing.T) {
	t.Parallel()
	ms := season("1 Oak 1-0 Fir", "2 Fir 5-0 Oak", "3 Fir 1-0 Oak", "4 Ash 0-0 Fir", "5 Fir 0-0 Ash", "6 Ash 0-0 Fir")
	for league, want := range map[string]string{"br.1": "Fir 9, Oak 3, Ash 3", "en.1": "Fir 9, Ash 3, Oak 3"} {
		if got := lines(compute(t, standings.For(league, "2025"), ms, nil, standings.AsOf{})); got != want {
			t.Errorf("%s: got %s, want %s", league, got, want)
		}
	}
}

func TestGeneralRulesApplyHeadToHeadBeforeTheName(t *testing.T) {
	t.Parallel()
	ms := season("1 Elm 1-0 Ash", "2 Ash 1-0 Fir", "3 Fir 1-0 Elm", "4 Ash - Elm", "5 Oak - Ash")
	if got, want := lines(compute(t, generalRules, ms, nil, standings.AsOf{})), "Ash 3, Elm 3, Fir 3, Oak 0"; got != want {
		t.Errorf("in a circle: got %s, want %s", got, want)
	}
	if got, want := lines(compute(t, generalRules, season("1 Elm 1-0 Ash", "2 Ash 1-0 Fir", "3 Oak 1-0 Elm", "4 Fir 0-0 Oak"), nil, standings.AsOf{})),
		"Oak 4, Elm 3, Ash 3, Fir 1"; got != want {
		t.Errorf("of two: got %s, want %s", got, want)
	}
}

func TestHeadToHeadAppliesOnlyAfterAllMatchesAmongTheLevelTeams(t *testing.T) {
	t.Parallel()
	first := "1 Ash 1-0 Elm"
	rest := []string{"3 Ash 0-3 Oak", "3 Elm 4-0 Fir", "4 Oak 0-0 Fir", "4 Fir 0-0 Oak"}
	cases := []struct {
		name   string
		second string
		want   string
	}{
		{"second leg to come", "9 Elm - Ash", "Elm 3, Ash 3"},
		{"second leg played", "9 Elm 0-0 Ash", "Ash 4, Elm 4"},
		{"second leg not listed", "9 Fir - Ash", "Elm 3, Ash 3"},
	}
	for _, c := range cases {
		rows := compute(t, standings.For("it.1", "2018-19"), season(append(rest, first, c.second)...), nil, standings.AsOf{})
		rows = slices.DeleteFunc(rows, func(r standings.Row) bool { return r.Team.Name == "Oak" || r.Team.Name == "Fir" })
		if got := lines(rows); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	early := compute(t, standings.For("it.1", "2018-19"), season(append(rest, first, "9 Elm 0-0 Ash")...), nil, standings.AsOf{Round: ptr(8)})
	early = slices.DeleteFunc(early, func(r standings.Row) bool { return r.Team.Name == "Oak" || r.Team.Name == "Fir" })
	if got, want := lines(early), "Elm 3, Ash 3"; got != want {
		t.Errorf("as of round 8: got %s, want %s", got, want)
	}
}

func grouped(group, line string) matches.Match {
	m := fixture(line)
	m.Group, m.Matchday = &group, nil
	return m
}

func TestGroupsFollowEachOtherAndPositionsRestart(t *testing.T) {
	t.Parallel()
	ms := []matches.Match{
		grouped("Group 10", "1 Yew 1-0 Box"),
		grouped("Group 2", "1 Elm 0-2 Ash"),
		grouped("Group 2", "2 Ash 1-0 Oak"),
		grouped("Group 2", "3 Oak 0-5 Elm"),
	}
	final := fixture("9 Yew 7-0 Ash")
	final.Matchday = nil // a knock-out match after the groups
	var got []string
	for _, r := range compute(t, generalRules, append(ms, final), nil, standings.AsOf{}) {
		got = append(got, fmt.Sprint(*r.Group, " ", r.Position, " ", r.Team.Name, " ", r.Points))
	}
	want := []string{"Group 2 1 Ash 6", "Group 2 2 Elm 3", "Group 2 3 Oak 0", "Group 10 1 Yew 3", "Group 10 2 Box 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatchdaysOfAGroupWithoutNumbersFollowTheDates(t *testing.T) {
	t.Parallel()
	ms := []matches.Match{
		grouped("A", "5 Ash 1-0 Oak"), grouped("A", "5 Elm 1-0 Fir"),
		grouped("A", "1 Ash 1-0 Elm"), grouped("A", "2 Oak 1-0 Fir"),
		grouped("A", "8 Fir 1-0 Ash"), grouped("A", "9 Oak 1-0 Elm"),
	}
	for round := range 5 {
		for _, r := range compute(t, generalRules, ms, nil, standings.AsOf{Round: &round}) {
			if want := min(round, 3); r.Played != want {
				t.Errorf("%s after round %d: got %d played, want %d", r.Team.Name, round, r.Played, want)
			}
		}
	}
}

func TestAKnockOutHasNoStandings(t *testing.T) {
	t.Parallel()
	final := fixture("1 Ash 1-0 Elm")
	final.Matchday = nil
	for name, c := range map[string]struct {
		league string
		ms     []matches.Match
	}{
		"rounds without numbers": {"xx.1", []matches.Match{final}},
		"numbered rounds":        {"xx.cup", season("1 Ash 1-0 Elm", "2 Ash 1-0 Fir")},
		"no matches":             {"xx.1", nil},
	} {
		if rows, err := standings.Compute(standings.For(c.league, "2030-31"), c.ms, nil, standings.AsOf{}); !errors.Is(err, standings.ErrNoStandings) {
			t.Errorf("%s: got %v, %v; want ErrNoStandings", name, rows, err)
		}
	}
}

func staged(stage, line string) matches.Match {
	m := fixture(line)
	m.Stage = &stage
	return m
}

// split returns a season with a regular season, a championship part, a relegation part,
// and a final that is not a league match.
func split() []matches.Match {
	final := staged("Europa League Finals", "9 Oak 3-0 Ash")
	final.Matchday = nil
	return append(season("1 Ash 1-0 Oak", "2 Ash 0-0 Elm", "2 Fir 1-0 Oak", "3 Ash 0-0 Fir", "3 Oak 1-0 Elm", "4 Elm 0-0 Fir", "4 Elm 9-0 Box"),
		staged("Playoffs - Championship", "5 Ash 0-1 Fir"),
		staged("Relegation", "6 Oak 0-0 Elm"),
		staged("Relegation", "7 Box - Elm"),
		final,
	)
}

func TestAustrianTableSplitsWithTheFirstResultAfterTheRegularSeason(t *testing.T) {
	t.Parallel()
	austria := standings.For("at.1", "2018-19")
	for round, want := range map[int]string{
		4: "Elm 5, Ash 5, Fir 5, Oak 3, Box 0",
		5: "Fir 5, Ash 2, Elm 2, Oak 1, Box 0",
		6: "Fir 5, Ash 2, Elm 3, Oak 2, Box 0",
	} {
		rows := compute(t, austria, split(), nil, standings.AsOf{Round: &round})
		if got := lines(rows); got != want {
			t.Errorf("round %d: got %s, want %s", round, got, want)
		}
		for i, r := range rows {
			if r.Position != i+1 || r.Group != nil {
				t.Errorf("round %d: %s has position %d in group %v, want %d without a group", round, r.Team.Name, r.Position, r.Group, i+1)
			}
		}
	}
	if got, want := lines(compute(t, standings.For("at.1", "2017-18"), split(), nil, standings.AsOf{})), "Elm 5, Ash 5, Fir 5, Oak 3, Box 0"; got != want {
		t.Errorf("before the reform: got %s, want %s", got, want)
	}
}

func TestAustrianTeamThatLostHalfAPointIsAheadOfLevelTeams(t *testing.T) {
	t.Parallel()
	// Halving takes Ash from 5 to 2 points and Elm from 4 to 2. Then each gets one point.
	// Elm has the better goal difference.
	ms := append(season("1 Ash 1-0 Oak", "2 Ash 0-0 Fir", "3 Fir 0-0 Ash", "4 Elm 9-0 Oak", "5 Elm 0-0 Fir"),
		staged("Championship", "8 Ash 0-0 Elm"))
	for _, c := range []struct {
		name string
		ms   []matches.Match
		adj  []standings.Deduction
		want string
	}{
		{"one rounded down", ms, nil, "Ash 3, Elm 3"},
		{"both rounded down", append(ms, fixture("6 Oak 0-0 Elm")), nil, "Elm 3, Ash 3"},
		{"a deduction is not halved", ms, []standings.Deduction{{TeamID: "elm", Points: -2}}, "Ash 3, Elm 1"},
	} {
		if got := lines(compute(t, standings.For("at.1", "2018-19"), c.ms, c.adj, standings.AsOf{})[:2]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSeasonOfTournamentsHasTheTableOfTheLatestThatHasBegun(t *testing.T) {
	t.Parallel()
	ms := []matches.Match{staged("Apertura", "1 Ash 1-0 Elm"), staged("Apertura", "2 Elm 1-0 Ash"), staged("Clausura", "1 Ash 2-0 Elm"), staged("Clausura", "2 Elm - Ash")}
	ms[2].Date, ms[3].Date = "2031-01-10", "2031-01-20"
	for _, c := range []struct {
		asOf standings.AsOf
		want string
	}{
		{standings.AsOf{}, "Ash 3, Elm 0"},
		{standings.AsOf{Date: ptr("2030-12-31")}, "Ash 3, Elm 3"},
		{standings.AsOf{Date: ptr("2030-01-01")}, "Ash 0, Elm 0"},
		{standings.AsOf{Round: ptr(1)}, "Ash 3, Elm 0"},
	} {
		if got := lines(compute(t, generalRules, ms, nil, c.asOf)); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.asOf, got, c.want)
		}
	}
}

func TestTableHasTheDocumentedShape(t *testing.T) {
	t.Parallel()
	rows := compute(t, generalRules, season("1 Ash 1-0 Elm"), []standings.Deduction{{TeamID: "ash", Points: -1}}, standings.AsOf{})
	raw, err := json.Marshal(standings.Table{League: "xx.1", Season: "2030-31", AsOf: standings.AsOf{Round: ptr(1)}, Data: rows[:1]})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"league":"xx.1","season":"2030-31","as_of":{"round":1,"date":null},"data":[{"position":1,"group":null,"team":{"id":"ash","name":"Ash"},` +
		`"played":1,"won":1,"drawn":0,"lost":0,"goals_for":1,"goals_against":0,"goal_difference":1,"points":2,"points_per_game":2,"deduction":1}]}`
	if string(raw) != want {
		t.Errorf("got %s, want %s", raw, want)
	}
}
