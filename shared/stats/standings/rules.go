package standings

import (
	"strconv"
	"strings"
)

// ranking is the figure by which teams are ranked before any tie-break.
type ranking int

// The rankings. rankPoints per game is for seasons that were curtailed.
const (
	rankPoints ranking = iota
	rankPointsPerGame
)

// tieBreak separates teams that are level; more is better, unless said otherwise.
type tieBreak int

// The tie-breaks. byPoints only makes sense within head-to-head; the name and the
// id follow every list.
const (
	goalDifference    tieBreak = iota
	goalsScored                // scored
	wins                       // of all matches
	awayGoals                  // scored away
	awayGoalsConceded          // conceded away; fewer is better
	awayWins                   // of matches away
	roundedDown                // the team lost half a point when points were halved
	byPoints
	headToHead // by the matches among the level teams
)

// of returns the team's figure; more is better.
func (b tieBreak) of(r *record) int {
	switch b {
	case goalDifference:
		return r.row.GoalDifference
	case goalsScored:
		return r.row.GoalsFor
	case wins:
		return r.row.Won
	case awayGoals:
		return r.awayGoals
	case awayGoalsConceded:
		return -r.awayLost
	case awayWins:
		return r.awayWins
	case roundedDown:
		if r.rounded {
			return 1
		}
		return 0
	case byPoints:
		return r.row.Points
	}
	return 0
}

// duelRules is how head-to-head is reckoned.
type duelRules struct {
	By      []tieBreak // in turn, over the matches among the level teams
	InFull  bool       // only once all of them have met in full
	Legs    int        // matches between two teams in a full season, where InFull; 0: as many as are listed
	TwoOnly bool       // only between two teams
}

// Rules are the rules of one season of one league. A value from [For] is shared
// and must not be changed.
type Rules struct {
	KnockOut        bool // numbers of rounds are not matchdays; only groups, if any, have tables
	Win, Draw, Loss int  // points of a match
	Ranking         ranking
	TieBreaks       []tieBreak
	HeadToHead      duelRules
	// Split has a lower-case word for each stage that follows the regular season, from
	// the best part to the last. A stage belongs to the first word that it contains,
	// because sources spell the same stage in several ways.
	Split []string
	Halve bool // points are halved, and rounded down, at the split
}

func (r *Rules) points(won side) int {
	switch won {
	case home:
		return r.Win
	case away:
		return r.Loss
	}
	return r.Draw
}

// part returns the index in Split of a stage, -1 if it is not in the split.
func (r *Rules) part(stage string) int {
	if stage == "" || len(r.Split) == 0 {
		return -1
	}
	stage = strings.ToLower(stage)
	for i, word := range r.Split {
		if strings.Contains(stage, word) {
			return i
		}
	}
	return -1
}

// For returns the rules of a season. Leagues that are not in the rules table have
// goal difference, goals, head-to-head.
func For(league, season string) Rules {
	year := startYear(season)
	for _, e := range book {
		if e.matches(league) && e.from <= year && (e.to == 0 || year <= e.to) {
			return e.rules
		}
	}
	return general
}

// startYear returns 2018 for "2018-19", and 0 for a text that does not begin with a year.
func startYear(season string) int {
	year, _, _ := strings.Cut(season, "-")
	n, err := strconv.Atoi(year)
	if err != nil {
		return 0
	}
	return n
}

// entry is one line of the rules table: leagues by id, or by what the id begins
// or ends with; first and last season by the year in which they start (0: open).
type entry struct {
	leagues  string
	from, to int
	rules    Rules
}

func (e *entry) matches(league string) bool {
	for _, pattern := range strings.Fields(e.leagues) {
		if before, after, wild := strings.Cut(pattern, "*"); pattern == league ||
			wild && strings.HasPrefix(league, before) && strings.HasSuffix(league, after) {
			return true
		}
	}
	return false
}

// general applies to leagues without an entry in the book. It is close to FIFA's rules for
// groups (Regulations FIFA World Cup 2018, article 32.5).
var general = league([]tieBreak{goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored}})

// england: Premier League Handbook, section C: goal difference, goals and, since
// 2019-20, points and away goals of the matches between the clubs, where an earlier
// season would have had a play-off. The EFL's order begins alike.
var england = league([]tieBreak{goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, awayGoals}})

// spain: RFEF Reglamento General, article 201 (numbered otherwise in later
// editions). For more than two clubs goals in their own matches are no criterion,
// and for two they never separate.
var spain = league([]tieBreak{headToHead, goalDifference, goalsScored}, duelRules{By: []tieBreak{byPoints, goalDifference}, InFull: true, Legs: 2})

// austria: Österreichische Fußball-Bundesliga, Spielbetriebsrichtlinien. Until
// 2020-21 goal difference came first and head-to-head last; since 2021-22
// head-to-head comes first. From the reform of 2018-19 the top division halves the
// points after 22 rounds, rounds down, and puts a team that lost half a point so
// ahead of those that are level with it.
var (
	austria      = league([]tieBreak{goalDifference, goalsScored, wins, awayWins, headToHead}, austriaDuel)
	austriaLater = league([]tieBreak{headToHead, goalDifference, goalsScored, wins, awayWins, awayGoals}, austriaDuel)
	austriaDuel  = duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored, awayGoals}, InFull: true, Legs: 2}
)

// brazil: CBF, Regulamento Específico da Competição, Série A, article 15; cards and
// lots follow.
var brazil = league([]tieBreak{wins, goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, goalDifference}, InFull: true, Legs: 2, TwoOnly: true})

// colombia: Dimayor, Reglamento Liga BetPlay 2025; lots follow.
var colombia = league([]tieBreak{goalDifference, goalsScored, awayGoals, awayGoalsConceded}, duelRules{})

// germany: DFL Spielordnung and, for the third division, DFB-Spielordnung § 46: goal
// difference, goals, the aggregate of both matches and away goals in it, once both
// are played, then away goals of the season.
var germany = league([]tieBreak{goalDifference, goalsScored, headToHead, awayGoals}, duelRules{By: []tieBreak{goalDifference, awayGoals}, InFull: true, Legs: 2})

// UEFA: Regulations of the UEFA Champions League. Groups (article 17 in 2015-16):
// points, goal difference, goals and, until 2020-21, away goals in the matches
// among the level teams, once these are complete; then all matches. The league
// phase since 2024-25 (article 18): no head-to-head, as teams do not meet each
// other; the points of a team's opponents, which come next, are left out.
var (
	uefaAwayGoals = league([]tieBreak{headToHead, goalDifference, goalsScored, awayGoals, wins, awayWins},
		duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored, awayGoals}, InFull: true, Legs: 2})
	uefaGroups = league(uefaAwayGoals.TieBreaks,
		duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored}, InFull: true, Legs: 2})
	uefaLeague = league([]tieBreak{goalDifference, goalsScored, awayGoals, wins, awayWins}, duelRules{})
)

// france: LFP, decision of 30 April 2020 on the curtailed season: points per game,
// then the matches between the clubs.
var france2019 = perGame(league([]tieBreak{headToHead, goalDifference, goalsScored}, general.HeadToHead))

// cup is for cups, whose files number rounds as those of leagues number matchdays.
var cup = Rules{KnockOut: true, Win: 3, Draw: 1, TieBreaks: general.TieBreaks, HeadToHead: general.HeadToHead}

// book is the rules table; the first matching entry applies. Italy: FIGC, NOIF
// article 51, as Lega Serie A applies it. Seasons curtailed in 2020: EFL, clubs'
// vote of 9 June 2020; SPFL, 18 May 2020.
var book = []entry{
	{leagues: "*.cup", rules: cup},
	{leagues: "en.3 en.4", from: 2019, to: 2019, rules: perGame(england)},
	{leagues: "en.*", rules: england},
	{leagues: "sco.*", from: 2019, to: 2019, rules: perGame(general)},
	{leagues: "fr.1 fr.2", from: 2019, to: 2019, rules: france2019},
	{leagues: "es.*", rules: spain},
	{leagues: "it.*", rules: spain},
	{leagues: "de.*", rules: germany},
	{leagues: "at.1", from: 2021, rules: halved(austriaLater)},
	{leagues: "at.1", from: 2018, rules: halved(austria)},
	{leagues: "at.*", from: 2021, rules: austriaLater},
	{leagues: "at.*", rules: austria},
	{leagues: "br.*", rules: brazil},
	{leagues: "co.*", rules: colombia},
	{leagues: "uefa.*", from: 2024, rules: uefaLeague},
	{leagues: "uefa.*", from: 2021, rules: uefaGroups},
	{leagues: "uefa.*", rules: uefaAwayGoals},
}

// league returns rules with three points for a win.
func league(breaks []tieBreak, duel duelRules) Rules {
	return Rules{Win: 3, Draw: 1, TieBreaks: breaks, HeadToHead: duel}
}

func perGame(r Rules) Rules {
	r.Ranking = rankPointsPerGame
	return r
}

// halved returns rules with a split after the regular season that halves the points.
func halved(r Rules) Rules {
	r.Split = []string{"championship", "relegation"}
	r.Halve = true
	r.TieBreaks = append([]tieBreak{roundedDown}, r.TieBreaks...)
	return r
}
