package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

// headToHeadAnswer has the played meetings of the two teams of the requested match, in
// every league.
type headToHeadAnswer struct {
	Home   matches.Side    `json:"home" doc:"Home team of the requested match"`
	Away   matches.Side    `json:"away" doc:"Away team of the requested match"`
	Totals totals          `json:"totals" doc:"Totals over all meetings"`
	Data   []matches.Match `json:"data" doc:"Meetings, newest first"`
}

// totals counts by the home and away team of the requested match, at any venue.
type totals struct {
	Played    int `json:"played" doc:"Meetings played"`
	HomeWins  int `json:"home_wins" doc:"Wins of the home team of the requested match"`
	Draws     int `json:"draws" doc:"Draws"`
	AwayWins  int `json:"away_wins" doc:"Wins of the away team of the requested match"`
	HomeGoals int `json:"home_goals" doc:"Goals of the home team of the requested match, including extra time, without penalties"`
	AwayGoals int `json:"away_goals" doc:"Goals of the away team of the requested match, including extra time, without penalties"`
}

func headToHead(d Deps) api.Handler {
	return api.Handle("getHeadToHead", func(ctx context.Context, r *api.Request, in *getInput) (*headToHeadAnswer, error) {
		m, meetings, err := d.Matches.For(r.Caller, d.Contract).HeadToHead(ctx, in.Match)
		if err != nil {
			return nil, missing(err, "no such match")
		}
		answer := &headToHeadAnswer{Home: m.Home, Away: m.Away, Data: meetings}
		if answer.Data == nil {
			answer.Data = []matches.Match{}
		}
		for i := range meetings {
			answer.Totals.add(&meetings[i], m.Home.ID)
		}
		return answer, nil
	})
}

// add counts one meeting. Extra time and penalties count for the winner.
func (t *totals) add(m *matches.Match, home string) {
	t.Played++
	goals := m.Score.FullTime
	if m.Score.ExtraTime != nil {
		goals = m.Score.ExtraTime
	}
	swapped := m.Home.ID != home
	if goals != nil {
		own, other := goals.Home, goals.Away
		if swapped {
			own, other = other, own
		}
		t.HomeGoals += own
		t.AwayGoals += other
	}
	if m.Score.Winner == nil {
		return
	}
	switch winner := *m.Score.Winner; {
	case winner == "draw":
		t.Draws++
	case (winner == "home") != swapped:
		t.HomeWins++
	default:
		t.AwayWins++
	}
}
