package contests

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"
)

// The errors of the rules. They are wrapped with the refused request.
var (
	// errState: the contest's status does not allow the step.
	errState = errors.New("the match's status does not allow this")
	// errMap: the contest has no such map.
	errMap = errors.New("the match has no such map")
	// errTeam: the team does not take part.
	errTeam = errors.New("the team does not take part in this match")
)

// moves lists the steps that a game may request. All other steps follow from scores or
// from agreements of the teams.
var moves = map[Status][]Status{
	Accepted:   {Cancelled},
	Ready:      {InProgress},
	InProgress: {Cancelled},
}

// agreements lists the steps that the teams agree on, which their site reports.
var agreements = map[Status][]Status{
	Pending:    {Accepted, Cancelled},
	Accepted:   {Ready},
	InProgress: {Disputed},
	Completed:  {Disputed},
	Disputed:   {Completed, Cancelled},
}

// Move takes a step of the game to another state. It fails with errState.
func (c Contest) Move(to Status, now time.Time) (Contest, error) { return c.step(moves, to, now) }

// Agree takes a step that the teams agreed on. It fails with errState. A settled dispute
// sets the winner by the confirmed maps.
func (c Contest) Agree(to Status, now time.Time) (Contest, error) {
	next, err := c.step(agreements, to, now)
	if err == nil {
		next.Winner = nil
		if to == Completed {
			next.Winner = next.leader()
		}
	}
	return next, err
}

func (c Contest) step(steps map[Status][]Status, to Status, now time.Time) (Contest, error) {
	if !slices.Contains(steps[c.Status], to) {
		return c, fmt.Errorf("cannot change from %s to %s: %w", c.Status, to, errState)
	}
	c.Status, c.UpdatedAt = to, now
	return c, nil
}

// Forfeit makes the other team the winner; reason may be nil. It fails with errTeam or
// errState.
func (c Contest) Forfeit(team string, reason *string, now time.Time) (Contest, error) {
	winner := c.Home.ID
	switch team {
	case c.Home.ID:
		winner = c.Away.ID
	case c.Away.ID:
	default:
		return c, fmt.Errorf("%q: %w", team, errTeam)
	}
	if c.Status != Accepted && c.Status != Ready && c.Status != InProgress {
		return c, fmt.Errorf("cannot forfeit while %s: %w", c.Status, errState)
	}
	c.Status, c.UpdatedAt, c.Winner, c.ForfeitedBy, c.ForfeitReason = Forfeited, now, &winner, &team, reason
	return c, nil
}

// Outcome is the result of submitting the score of one map.
type Outcome struct {
	Map    int    `json:"map" doc:"Map number, from 1"`
	Result string `json:"result" enum:"saved,already_confirmed" doc:"saved, or already_confirmed if a confirmed score exists and the submitted one was ignored"`
}

// Results of an outcome.
const (
	saved            = "saved"
	alreadyConfirmed = "already_confirmed"
)

// Score stores scores of maps while the contest is in progress. It overwrites unconfirmed
// scores and keeps confirmed ones, as their outcomes say. The contest completes when
// enough maps are confirmed. If Score fails with errState or errMap, it stores nothing.
func (c Contest) Score(scores []MapScore, now time.Time) (Contest, []Outcome, error) {
	if c.Status != InProgress {
		return c, nil, fmt.Errorf("cannot submit scores while %s: %w", c.Status, errState)
	}
	c.Maps = slices.Clone(c.Maps)
	outcomes := make([]Outcome, 0, len(scores))
	for _, s := range scores {
		if s.Map < 1 || s.Map > c.BestOf {
			return c, nil, fmt.Errorf("map %d of %d: %w", s.Map, c.BestOf, errMap)
		}
		at := slices.IndexFunc(c.Maps, func(m MapScore) bool { return m.Map == s.Map })
		switch {
		case at < 0:
			c.Maps = append(c.Maps, s)
		case c.Maps[at].Confirmed:
			outcomes = append(outcomes, Outcome{s.Map, alreadyConfirmed})
			continue
		default:
			c.Maps[at] = s
		}
		outcomes = append(outcomes, Outcome{s.Map, saved})
	}
	sort.Slice(c.Maps, func(i, j int) bool { return c.Maps[i].Map < c.Maps[j].Map })
	return c.withWins(now), outcomes, nil
}

// Confirm confirms existing scores while the contest is in progress. If all of them are
// confirmed already, it returns the contest unchanged. If it fails with errState or errMap, it
// confirms nothing.
func (c Contest) Confirm(maps []int, now time.Time) (Contest, error) {
	if c.Status != InProgress {
		return c, fmt.Errorf("cannot confirm scores while %s: %w", c.Status, errState)
	}
	c.Maps = slices.Clone(c.Maps)
	changed := false
	for _, n := range maps {
		at := slices.IndexFunc(c.Maps, func(m MapScore) bool { return m.Map == n })
		if at < 0 {
			return c, fmt.Errorf("map %d has no score: %w", n, errMap)
		}
		changed = changed || !c.Maps[at].Confirmed
		c.Maps[at].Confirmed = true
	}
	if !changed {
		return c, nil
	}
	return c.withWins(now), nil
}

// withWins returns the contest with its confirmed maps counted. It completes the contest
// if one team has won more than half of all maps, or if all maps are confirmed.
func (c Contest) withWins(now time.Time) Contest {
	c.Home.Wins, c.Away.Wins, c.UpdatedAt = 0, 0, now
	confirmed := 0
	for _, m := range c.Maps {
		if !m.Confirmed {
			continue
		}
		confirmed++
		switch {
		case m.Home > m.Away:
			c.Home.Wins++
		case m.Away > m.Home:
			c.Away.Wins++
		}
	}
	if most := max(c.Home.Wins, c.Away.Wins); most > c.BestOf/2 || confirmed == c.BestOf {
		c.Status, c.Winner = Completed, c.leader()
	}
	return c
}

// leader returns the id of the team with more maps, nil if both have the same number.
func (c Contest) leader() *string {
	switch {
	case c.Home.Wins > c.Away.Wins:
		return &c.Home.ID
	case c.Away.Wins > c.Home.Wins:
		return &c.Away.ID
	}
	return nil
}
