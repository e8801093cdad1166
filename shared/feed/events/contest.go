package events

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
)

// The types of events of contests. Contracts give them names.
const (
	ContestCreated   = "contest.created"
	ContestAccepted  = "contest.accepted"
	ContestReady     = "contest.ready"
	ContestStarted   = "contest.started"
	ContestCompleted = "contest.completed"
	ContestCancelled = "contest.cancelled"
	ContestForfeited = "contest.forfeited"
	ContestDisputed  = "contest.disputed"
	ScoreSubmitted   = "contest.score.submitted"
	ScoreConfirmed   = "contest.score.confirmed"
)

// ContestKinds lists the types of events of contests, in the order of the documentation.
var ContestKinds = []api.EventKind{
	{Type: ContestCreated, Summary: "Match created", Description: "A match was created.", Data: reflect.TypeFor[ContestNews]()},
	{Type: ContestAccepted, Summary: "Match accepted", Description: "Both teams have accepted a match.", Data: reflect.TypeFor[ContestNews]()},
	{Type: ContestReady, Summary: "Match ready", Description: "Both teams of a match are present.", Data: reflect.TypeFor[ContestNews]()},
	{Type: ContestStarted, Summary: "Match started", Description: "A match is in progress.", Data: reflect.TypeFor[ContestNews]()},
	{Type: ContestCompleted, Summary: "Match completed", Description: "A match has a result: enough of its maps are confirmed, or a dispute is settled.", Data: reflect.TypeFor[ContestResult]()},
	{Type: ContestCancelled, Summary: "Match cancelled", Description: "A match was cancelled.", Data: reflect.TypeFor[ContestNews]()},
	{Type: ContestForfeited, Summary: "Match forfeited", Description: "A team has forfeited a match, and the other team has won it.", Data: reflect.TypeFor[ContestForfeit]()},
	{Type: ScoreSubmitted, Summary: "Score submitted", Description: "The score of a map was submitted, or replaced before it was confirmed.", Data: reflect.TypeFor[ContestScore]()},
	{Type: ScoreConfirmed, Summary: "Score confirmed", Description: "The score of a map is final.", Data: reflect.TypeFor[ContestScore]()},
	{Type: ContestDisputed, Summary: "Scores disputed", Description: "The teams dispute the scores of a match. The event concerns all maps, so its fields of one map are null.", Data: reflect.TypeFor[ContestScore]()},
}

// All lists the types of all events under Statgate's names.
var All = slices.Concat(Kinds, ContestKinds)

// For returns the types of events that the webhooks of a contract can receive, under the
// contract's names.
func For(c *contract.Contract) []api.EventKind {
	var kinds []api.EventKind
	for _, k := range All {
		name := c.Webhooks.Name(k.Type)
		if name == "" {
			continue
		}
		if !strings.HasPrefix(k.Type, contract.ContestEvents) {
			k.Permission = Permission
		}
		k.Type = name
		kinds = append(kinds, k)
	}
	return kinds
}

// ContestNews is the data of an event about a contest.
type ContestNews struct {
	Contest      contests.Contest `json:"contest" doc:"Match after the change"`
	AcceptedTeam *string          `json:"accepted_team" doc:"Id of the team that accepted the other team's match; null until it accepts"`
}

// ContestResult is the data of an event about a contest that has a result.
type ContestResult struct {
	ContestNews
	Loser *string `json:"loser" doc:"Id of the losing team; null after a draw"`
	Draw  bool    `json:"draw" doc:"Whether neither team has won"`
}

// ContestForfeit is the data of an event about a forfeited contest.
type ContestForfeit struct{ ContestNews }

// ContestScore is the data of an event about the score of a map.
type ContestScore struct {
	ContestNews
	Score *contests.MapScore `json:"score" doc:"Score of the map; null if the event concerns all maps"`
}

// statuses has the type of the event of a contest that changes to a status.
var statuses = map[contests.Status]string{
	contests.Accepted: ContestAccepted, contests.Ready: ContestReady, contests.InProgress: ContestStarted, contests.Completed: ContestCompleted,
	contests.Cancelled: ContestCancelled, contests.Forfeited: ContestForfeited, contests.Disputed: ContestDisputed,
}

// OfContest returns the events of a change of the stats table if it is a change of a contest:
// its creation, then submitted and confirmed scores by map, then the new status. Their time
// is that of the change in the contest, to the millisecond.
func OfContest(c table.Change) ([]Event, error) {
	is, err := contests.FromItem(c.New)
	if err != nil || is == nil {
		return nil, err // contests are never deleted
	}
	was, err := contests.FromItem(c.Old)
	if err != nil {
		return nil, err
	}
	all := newsOf(was, is)
	for i := range all {
		e := &all[i]
		of := 0
		if score, ok := e.Data.(ContestScore); ok && score.Score != nil {
			of = score.Score.Map
		}
		e.At, e.Match, e.Contest = is.UpdatedAt.UTC(), is.ID, is
		e.ID = ID("evt_", e.At, c.ID, e.Type, strconv.Itoa(of))
	}
	return all, nil
}

// newsOf returns the types and the data of the events between two states of a contest; was
// is nil for a new one.
func newsOf(was, is *contests.Contest) []Event {
	news := ContestNews{Contest: *is, AcceptedTeam: accepted(was, is)}
	if was == nil {
		return []Event{{Type: ContestCreated, Data: news}}
	}
	var all []Event
	for _, kind := range []string{ScoreSubmitted, ScoreConfirmed} {
		for _, m := range is.Maps {
			before := mapOf(was, m.Map)
			submitted := before == nil || before.Home != m.Home || before.Away != m.Away
			confirmed := m.Confirmed && (before == nil || !before.Confirmed)
			if kind == ScoreSubmitted && submitted || kind == ScoreConfirmed && confirmed {
				all = append(all, Event{Type: kind, Data: ContestScore{news, &m}})
			}
		}
	}
	if kind := statuses[is.Status]; was.Status != is.Status && kind != "" {
		all = append(all, Event{Type: kind, Data: news.of(kind)})
	}
	return all
}

// of returns the data of the event of a new status.
func (n ContestNews) of(kind string) any {
	switch kind {
	case ContestCompleted:
		return ContestResult{ContestNews: n, Loser: loser(&n.Contest), Draw: n.Contest.Winner == nil}
	case ContestForfeited:
		return ContestForfeit{n}
	case ContestDisputed:
		return ContestScore{ContestNews: n}
	}
	return n
}

// accepted returns the away team's id, unless it has not accepted the contest.
func accepted(was, is *contests.Contest) *string {
	if is.Status == contests.Pending || is.Status == contests.Cancelled && was != nil && was.Status == contests.Pending {
		return nil
	}
	return &is.Away.ID
}

func loser(c *contests.Contest) *string {
	switch {
	case c.Winner == nil:
		return nil
	case *c.Winner == c.Home.ID:
		return &c.Away.ID
	}
	return &c.Home.ID
}

func mapOf(c *contests.Contest, n int) *contests.MapScore {
	for i := range c.Maps {
		if c.Maps[i].Map == n {
			return &c.Maps[i]
		}
	}
	return nil
}
