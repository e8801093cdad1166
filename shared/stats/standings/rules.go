package standings

import (
	"strconv"
	"strings"
)

// ranking is the figure by which teams are ranked before any tie-break.
type ranking int

// The rankings. rankPointsPerGame is for curtailed seasons.
const (
	rankPoints ranking = iota
	rankPointsPerGame
)

// tieBreak separates teams that are level. The higher figure is better unless noted.
type tieBreak int

// The tie-breaks. byPoints is useful only within head-to-head. The name and the id follow
// every list of tie-breaks.
const (
	goalDifference tieBreak = iota
	goalsScored
	wins // of all matches
	awayGoals
	awayGoalsConceded // fewer is better
	awayWins
	roundedDown // the team lost half a point when points were halved
	byPoints
	headToHead // by the matches among the level teams
)

// of returns the team's figure. The higher figure is better.
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
		return -r.awayConceded
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

// duelRules are the rules of head-to-head.
type duelRules struct {
	By      []tieBreak // applied in order to the matches among the level teams
	InFull  bool       // applies only after the level teams have played all their matches
	Legs    int        // with InFull: matches between two teams in a full season; 0: the listed matches
	TwoOnly bool       // applies only between two teams
}

// Rules are the rules of one season of one league. A value from [For] is shared
// and must not be changed.
type Rules struct {
	KnockOut        bool // round numbers are not matchdays; only groups, if any, have tables
	Win, Draw, Loss int  // points per match
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
	for _, e := range rulesTable {
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

// entry is one line of the rules table. leagues has league ids, or patterns with * for
// any text. from and to are the years in which the first and last season start; 0 is open.
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

// general applies to leagues without an entry in the rules table. It is close to FIFA's
// rules for groups (Regulations FIFA World Cup 2018, article 32.5).
var general = league([]tieBreak{goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored}})

// england: Premier League Handbook, section C. Goal difference, goals and, since 2019-20,
// points and away goals of the matches between the clubs. Earlier seasons would have had a
// play-off instead. The EFL's order begins in the same way.
var england = league([]tieBreak{goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, awayGoals}})

// spain: RFEF Reglamento General, article 201 (another number in later editions). Goals in
// the clubs' own matches do not count among more than two clubs. Between two clubs they
// never separate.
var spain = league([]tieBreak{headToHead, goalDifference, goalsScored}, duelRules{By: []tieBreak{byPoints, goalDifference}, InFull: true, Legs: 2})

// austria: Österreichische Fußball-Bundesliga, Spielbetriebsrichtlinien. Until
// 2020-21 goal difference came first and head-to-head last; since 2021-22
// head-to-head comes first. Since the reform of 2018-19 the top division halves the
// points after 22 rounds and rounds down. A team that lost half a point in this way is
// ahead of teams that are level with it.
var (
	austria      = league([]tieBreak{goalDifference, goalsScored, wins, awayWins, headToHead}, austriaDuel)
	austriaLater = league([]tieBreak{headToHead, goalDifference, goalsScored, wins, awayWins, awayGoals}, austriaDuel)
	austriaDuel  = duelRules{By: []tieBreak{byPoints, goalDifference, goalsScored, awayGoals}, InFull: true, Legs: 2}
)

// brazil: CBF, Regulamento Específico da Competição, Série A, article 15. Cards and
// the drawing of lots follow.
var brazil = league([]tieBreak{wins, goalDifference, goalsScored, headToHead}, duelRules{By: []tieBreak{byPoints, goalDifference}, InFull: true, Legs: 2, TwoOnly: true})

// colombia: Dimayor, Reglamento Liga BetPlay 2025. The drawing of lots follows.
var colombia = league([]tieBreak{goalDifference, goalsScored, awayGoals, awayGoalsConceded}, duelRules{})

// germany: DFL Spielordnung and, for the third division, DFB-Spielordnung § 46. Goal
// difference, goals, the aggregate of both matches and its away goals after both are
// played, then away goals of the season.
var germany = league([]tieBreak{goalDifference, goalsScored, headToHead, awayGoals}, duelRules{By: []tieBreak{goalDifference, awayGoals}, InFull: true, Legs: 2})

// UEFA: Regulations of the UEFA Champions League. In groups (article 17 in
// 2015-16), points, goal difference, goals and, until 2020-21, away goals in the matches
// among the level teams count after these matches are complete. Then all matches count. The
// league phase since 2024-25 (article 18) has no head-to-head, because the teams do not all
// meet each other. The next criterion, the points of a team's opponents, is left out.
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

// cup is for cups. Their files number rounds as league files number matchdays.
var cup = Rules{KnockOut: true, Win: 3, Draw: 1, TieBreaks: general.TieBreaks, HeadToHead: general.HeadToHead}

// rulesTable lists the rules by league and season; the first matching entry applies.
// Sources: for Italy, FIGC, NOIF article 51, as Lega Serie A applies it. For the seasons
// curtailed in 2020, EFL, clubs' vote of 9 June 2020; SPFL, 18 May 2020.
var rulesTable = []entry{
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
