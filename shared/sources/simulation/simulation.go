// Package simulation invents a league: clubs that do not exist, a finished season, and a
// current season that is about half played. It gives data to a deployment without any.
//
// The same seed on the same day gives the same league, match by match. Dates
// depend on the day, so that half of the season is always in the future. Results depend
// only on the seed and the fixture, so a result stays the same when the league is generated
// again a week later.
package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/players"
	"statgate/shared/stats/reports"
	"statgate/shared/stats/teams"
)

// leagueID is the id of the simulated league.
const leagueID = "sim.1"

const (
	clubs           = 14
	matchdays       = 2 * (clubs - 1)
	playedMatchdays = matchdays / 2 // matchdays of the current season that are over or take place this weekend
	breakWeeks      = 6             // weeks between the seasons
)

// League is a simulated league, older season first. Matches are in order of kick-off.
// They have no id, version and update time, which the store sets.
type League struct {
	League  leagues.League
	Seasons []leagues.Season
	Teams   []teams.Team
	Matches []matches.Match
	Reports map[int]*reports.Report // reports of the latest matchdays, by index in Matches
	Sheets  map[int]players.Sheet   // match sheets of these matches
	Players map[string]players.Stated
}

// New returns the league of a seed on the UTC day of now. Matches of earlier days are
// finished; those of this day and later days are scheduled. Times are UTC.
func New(seed int64, now time.Time) League {
	today := now.UTC().Truncate(24 * time.Hour)
	saturday := today.AddDate(0, 0, -int(today.Weekday()+1)%7)
	current := saturday.AddDate(0, 0, -7*(playedMatchdays-1))
	before := current.AddDate(0, 0, -7*(matchdays+breakWeeks))

	squad := pickClubs(seed)
	l := League{League: leagues.League{ID: leagueID, Name: "Statgate Simulated League"}, Reports: map[int]*reports.Report{}, Sheets: map[int]players.Sheet{}, Players: map[string]players.Stated{}}
	for _, c := range squad {
		l.Teams = append(l.Teams, teams.Team{ID: c.side.ID, Name: c.side.Name, Names: []string{c.side.Name}})
	}
	for number, start := range []time.Time{before, current} {
		first := len(l.Matches)
		l.play(squad, rand.New(rand.NewPCG(uint64(seed), uint64(1+number))), start, today)
		l.report(seed, number, first)
	}
	l.League.CurrentSeason = &l.Seasons[len(l.Seasons)-1].ID
	return l
}

// club is a team with its strength: attack and defence are logarithms of factors
// on the goals that it scores and concedes.
type club struct {
	side            matches.Side
	attack, defence float64
}

// names are invented and, as far as we know, are not names of real clubs.
var names = []string{
	"Amberfield Rovers", "Brackenmoor United", "Cindervale Athletic", "Dunmarrow Town", "Eastermere Albion",
	"Fallowbridge City", "Greywater Harriers", "Halcyon Docks", "Ivorstrand Wanderers", "Juniper Hollow",
	"Kestrelbay Rangers", "Larkspur Vale", "Mossgate Union", "Nightingale Quay", "Oldhaven Mariners",
	"Port Calloway", "Quillborough Orient", "Ravensmere Victoria", "Silverthorn Lanterns", "Thistlewick County",
}

// pickClubs returns the clubs of a seed with their strengths, by name.
func pickClubs(seed int64) []club {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	pick := rng.Perm(len(names))[:clubs]
	slices.Sort(pick)
	squad := make([]club, clubs)
	for i, n := range pick {
		id := strings.ReplaceAll(strings.ToLower(names[n]), " ", "-")
		squad[i] = club{matches.Side{ID: id, Name: names[n]}, 0.28 * rng.NormFloat64(), 0.22 * rng.NormFloat64()}
	}
	return squad
}

// slots are the kick-offs of a matchday: days from Saturday, and the time.
var slots = [clubs / 2]struct {
	day  int
	time string
}{{-1, "19:30"}, {0, "15:00"}, {0, "15:00"}, {0, "15:00"}, {0, "17:30"}, {1, "14:00"}, {1, "16:30"}}

// play adds a season whose first matchday is around the Saturday start.
func (l *League) play(squad []club, rng *rand.Rand, start, today time.Time) {
	season := leagues.Season{ID: seasonID(start, start.AddDate(0, 0, 7*(matchdays-1)+1))}
	first := len(l.Matches)
	for day, pairs := range fixtures(rng) {
		for slot, pair := range pairs {
			m := fixture(squad, pair, season.ID, day+1)
			kickoff := start.AddDate(0, 0, 7*day+slots[slot].day)
			m.Date, m.Time = kickoff.Format(time.DateOnly), &slots[slot].time
			at := m.Date + "T" + slots[slot].time + ":00Z"
			m.KickoffAt = &at
			// Draw a result for every match, so that results do not depend on the day.
			score := result(rng, &squad[pair[0]], &squad[pair[1]])
			if kickoff.Before(today) {
				m.Status, m.Score = matches.Finished, score
				season.CurrentMatchday = m.Matchday
			}
			l.Matches = append(l.Matches, m)
		}
	}
	season.Start, season.End = &l.Matches[first].Date, &l.Matches[len(l.Matches)-1].Date
	l.Seasons = append(l.Seasons, season)
}

// seasonID returns the year or the two years in which a season is played. Two consecutive
// seasons never have the same id, because together they are longer than a year.
func seasonID(start, end time.Time) string {
	if start.Year() == end.Year() {
		return fmt.Sprint(start.Year())
	}
	return fmt.Sprintf("%d-%02d", start.Year(), end.Year()%100)
}

func fixture(squad []club, pair [2]int, season string, matchday int) matches.Match {
	round := fmt.Sprint("Matchday ", matchday)
	return matches.Match{
		League: leagueID, Season: matches.Ref(season), Matchday: &matchday, Round: &round, Status: matches.Scheduled,
		Home: squad[pair[0]].side, Away: squad[pair[1]].side, Owner: matches.Public,
	}
}

// fixtures returns a double round robin by the circle method (de Werra, "Scheduling in
// sports", 1981): one club stays in place while the others rotate. The second half repeats
// the first with home and away exchanged. In each half a club alternates between home
// and away matches, except that it may once play two in a row at the same venue.
func fixtures(rng *rand.Rand) [][][2]int {
	seat := rng.Perm(clubs)
	rounds := make([][][2]int, matchdays)
	for r := range clubs - 1 {
		turn := func(i int) int { return seat[(r+i)%(clubs-1)] }
		pairs := [][2]int{{seat[clubs-1], turn(0)}}
		if r%2 == 1 {
			pairs[0] = [2]int{turn(0), seat[clubs-1]}
		}
		for i := 1; i < clubs/2; i++ {
			pair := [2]int{turn(i), turn(clubs - 1 - i)}
			if i%2 == 1 {
				pair[0], pair[1] = pair[1], pair[0]
			}
			pairs = append(pairs, pair)
		}
		rng.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		rounds[r] = pairs
		for _, p := range pairs {
			rounds[clubs-1+r] = append(rounds[clubs-1+r], [2]int{p[1], p[0]})
		}
	}
	return rounds
}

// result draws a score. Goals of the two sides are independent Poisson variables
// whose means are products of attack, defence and venue (Maher, "Modelling
// association football scores", Statistica Neerlandica 36, 1982). Each goal falls
// in the first half with probability 0.45.
func result(rng *rand.Rand, home, away *club) matches.Score {
	const homeMean, awayMean, firstHalf = 1.50, 1.15, 0.45
	full := matches.Goals{
		Home: poisson(rng, homeMean*math.Exp(home.attack-away.defence)),
		Away: poisson(rng, awayMean*math.Exp(away.attack-home.defence)),
	}
	half := matches.Goals{Home: binomial(rng, full.Home, firstHalf), Away: binomial(rng, full.Away, firstHalf)}
	winner := "draw"
	switch {
	case full.Home > full.Away:
		winner = "home"
	case full.Home < full.Away:
		winner = "away"
	}
	return matches.Score{HalfTime: &half, FullTime: &full, Winner: &winner}
}

// poisson draws by multiplying uniforms (Knuth, The Art of Computer Programming,
// volume 2, 3.4.1), up to nine.
func poisson(rng *rand.Rand, mean float64) int {
	limit, product := math.Exp(-mean), 1.0
	for n := range 9 {
		if product *= rng.Float64(); product <= limit {
			return n
		}
	}
	return 9
}

// binomial returns the number of successes in n trials with probability p.
func binomial(rng *rand.Rand, n int, p float64) int {
	successes := 0
	for range n {
		if rng.Float64() < p {
			successes++
		}
	}
	return successes
}
