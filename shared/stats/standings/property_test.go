package standings_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/standings"
)

var leaguesWithRules = []string{"xx.1", "en.1", "en.3", "es.1", "it.1", "de.1", "at.1", "br.1", "co.1", "uefa.cl"}

// drawSeason draws matches of few teams with few goals, so that teams are often level.
// Pairs meet up to twice, in any status; some matches are in groups or stages.
func drawSeason(t *rapid.T) []matches.Match {
	n := rapid.IntRange(2, 6).Draw(t, "teams")
	groups := rapid.IntRange(0, 2).Draw(t, "groups")
	stages := []*string{nil, nil, ptr("Playoffs - Championship"), ptr("Playoffs - Relegation")}
	var ms []matches.Match
	for h := range n {
		for a := range n {
			if h == a || groups > 0 && h%groups != a%groups || rapid.IntRange(0, 4).Draw(t, "left out") == 0 {
				continue
			}
			goals := rapid.IntRange(0, 2)
			m := fixture(fmt.Sprintf("%d T%d %d-%d T%d", rapid.IntRange(1, 9).Draw(t, "matchday"), h, goals.Draw(t, "home"), goals.Draw(t, "away"), a))
			if rapid.IntRange(0, 3).Draw(t, "not finished") == 0 {
				m.Status = rapid.SampledFrom(matches.Statuses).Draw(t, "status")
			}
			if groups > 0 {
				m.Group = ptr(fmt.Sprint("Group ", h%groups))
			}
			m.Stage = rapid.SampledFrom(stages).Draw(t, "stage")
			ms = append(ms, m)
		}
	}
	return ms
}

func drawRules(t *rapid.T) standings.Rules {
	return standings.For(rapid.SampledFrom(leaguesWithRules).Draw(t, "league"), "2019-20")
}

func drawDeductions(t *rapid.T) []standings.Deduction {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) standings.Deduction {
		return standings.Deduction{TeamID: fmt.Sprint("t", rapid.IntRange(0, 6).Draw(t, "team")), Points: rapid.IntRange(-4, 2).Draw(t, "points")}
	}), 0, 3).Draw(t, "deductions")
}

func TestFiguresAddUpInEveryTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		rows, err := standings.Compute(rules, drawSeason(t), drawDeductions(t), standings.AsOf{})
		if err != nil {
			return
		}
		var scored, conceded, won, lost, drawn int
		for i, r := range rows {
			scored, conceded, won, lost, drawn = scored+r.GoalsFor, conceded+r.GoalsAgainst, won+r.Won, lost+r.Lost, drawn+r.Drawn
			if r.Played != r.Won+r.Drawn+r.Lost || r.GoalDifference != r.GoalsFor-r.GoalsAgainst || r.Deduction < 0 {
				t.Fatalf("a row does not add up: %+v", r)
			}
			if restart := i == 0 || !reflect.DeepEqual(r.Group, rows[i-1].Group); restart && r.Position != 1 || !restart && r.Position != rows[i-1].Position+1 {
				t.Fatalf("positions are not consecutive: %+v", rows)
			}
		}
		if scored != conceded || won != lost || drawn%2 != 0 {
			t.Fatalf("got %d goals for and %d against, %d won and %d lost, %d drawn", scored, conceded, won, lost, drawn)
		}
	})
}

func TestTableDoesNotDependOnTheOrderOfMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules, ms, adj := drawRules(t), drawSeason(t), drawDeductions(t)
		asOf := standings.AsOf{}
		if rapid.Bool().Draw(t, "as of a round") {
			asOf.Round = ptr(rapid.IntRange(0, 10).Draw(t, "round"))
		}
		want, wantErr := standings.Compute(rules, ms, adj, asOf)
		seed := rapid.Uint64().Draw(t, "seed")
		shuffled := slices.Clone(ms)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got, gotErr := standings.Compute(rules, shuffled, adj, asOf)
		if !reflect.DeepEqual(got, want) || gotErr != wantErr {
			t.Fatalf("got %+v, %v; want %+v, %v", got, gotErr, want, wantErr)
		}
	})
}

func TestTableOfARoundCountsOnlyMatchesUpToTheRound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rules, ms, round := drawRules(t), drawSeason(t), rapid.IntRange(0, 10).Draw(t, "round")
		got, gotErr := standings.Compute(rules, ms, nil, standings.AsOf{Round: &round})
		upTo := slices.Clone(ms)
		for i := range upTo {
			if *upTo[i].Matchday > round && upTo[i].Status != matches.Cancelled {
				upTo[i].Status, upTo[i].Score = matches.Scheduled, matches.Score{}
			}
		}
		want, wantErr := standings.Compute(rules, upTo, nil, standings.AsOf{})
		if !reflect.DeepEqual(got, want) || gotErr != wantErr {
			t.Fatalf("got %+v, %v; want %+v, %v", got, gotErr, want, wantErr)
		}
	})
}

func TestTeamsWithMorePointsAreRankedHigher(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		league := rapid.SampledFrom([]string{"xx.1", "en.1", "es.1", "br.1", "en.3"}).Draw(t, "league")
		rows, _ := standings.Compute(standings.For(league, "2019-20"), drawSeason(t), nil, standings.AsOf{})
		for i := 1; i < len(rows); i++ {
			a, b := rows[i-1], rows[i]
			if !reflect.DeepEqual(a.Group, b.Group) {
				continue
			}
			if league == "en.3" && a.PointsPerGame < b.PointsPerGame || league != "en.3" && a.Points < b.Points {
				t.Fatalf("%+v is ranked above %+v", a, b)
			}
			if league == "en.1" && a.Points == b.Points && a.GoalDifference < b.GoalDifference {
				t.Fatalf("%+v is ranked above %+v", a, b)
			}
		}
	})
}

// doubleRound returns a season of n teams in which every pair has met twice.
func doubleRound(n int) []matches.Match {
	rng := rand.New(rand.NewPCG(1, 2))
	var ms []matches.Match
	for h := range n {
		for a := range n {
			if h != a {
				ms = append(ms, fixture(fmt.Sprintf("%d T%02d %d-%d T%02d", 1+(h+a)%38, h, rng.IntN(4), rng.IntN(4), a)))
			}
		}
	}
	return ms
}

func BenchmarkCompute380Matches(b *testing.B) {
	ms := doubleRound(20)
	for _, league := range []string{"en.1", "es.1"} {
		rules := standings.For(league, "2018-19")
		for name, asOf := range map[string]standings.AsOf{"final": {}, "first": {Round: ptr(0)}} {
			b.Run(league+" "+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := standings.Compute(rules, ms, nil, asOf); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
