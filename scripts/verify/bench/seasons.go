package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"statgate/shared/sources/importer"
	"statgate/shared/stats/matches"
)

// The sizes of the generated leagues. All names have the same length and so all items
// have the same size, which makes pages of small and large tables comparable.
const (
	leagueCount   = 10
	clubCount     = 20
	firstSeason   = 1970
	matchdayCount = 2 * (clubCount - 1)
)

// generate returns seasons with n finished matches in total, the oldest first.
func generate(n int) []importer.Season {
	rng := rand.New(rand.NewPCG(1, 1))
	var seasons []importer.Season
	for year := firstSeason; ; year++ {
		for league := range leagueCount {
			s := importer.Season{
				League: fmt.Sprintf("made.%d", league), Name: fmt.Sprintf("Made League %d", league),
				Season: fmt.Sprintf("%d-%02d", year, (year+1)%100),
			}
			s.Matches = seasonOf(rng, league, year)
			if n <= len(s.Matches) {
				s.Matches = s.Matches[:n]
				return append(seasons, s)
			}
			n -= len(s.Matches)
			seasons = append(seasons, s)
		}
	}
}

// seasonOf returns a double round robin with a matchday a week, starting in August.
func seasonOf(rng *rand.Rand, league, year int) []matches.Match {
	var all []matches.Match
	start := time.Date(year, time.August, 1, 15, 0, 0, 0, time.UTC)
	for day := range matchdayCount {
		for i := range clubCount / 2 {
			round, again := day%(clubCount-1), day >= clubCount-1
			home, away := pairing(round, i)
			if (i+round)%2 == 1 != again {
				home, away = away, home
			}
			all = append(all, played(rng, start.AddDate(0, 0, 7*day), day+1, name(league, home), name(league, away)))
		}
	}
	return all
}

// pairing returns two opponents by the circle method: the last club stays in place and
// the others rotate.
func pairing(round, i int) (a, b int) {
	const others = clubCount - 1
	if i == 0 {
		return others, round % others
	}
	return (round + i) % others, (round + others - i) % others
}

func name(league, club int) string { return fmt.Sprintf("Club %c%c Town", 'A'+league, 'A'+club) }

func played(rng *rand.Rand, at time.Time, matchday int, home, away string) matches.Match {
	kickoff, clock, round := at.Format(time.RFC3339), at.Format("15:04"), fmt.Sprintf("Matchday %02d", matchday)
	half := matches.Goals{Home: rng.IntN(2), Away: rng.IntN(2)}
	ended := matches.Goals{Home: half.Home + rng.IntN(3), Away: half.Away + rng.IntN(3)}
	score := matches.Score{HalfTime: &half, FullTime: &ended}
	score.Winner = matches.Winner(matches.Finished, score)
	return matches.Match{
		Matchday: &matchday, Round: &round, Date: at.Format(time.DateOnly), Time: &clock, KickoffAt: &kickoff,
		Status: matches.Finished, Home: matches.Side{Name: home}, Away: matches.Side{Name: away}, Score: score, Owner: matches.Public,
	}
}
