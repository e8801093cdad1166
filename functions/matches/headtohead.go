package matches

import (
	"context"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

// headToHeadAnswer has the played meetings of the two teams of the requested match, in
// every league.
type headToHeadAnswer struct {
	Home   matches.Side    `json:"home" doc:"Home team of the match asked about"`
	Away   matches.Side    `json:"away" doc:"Away team of the match asked about"`
	Totals totals          `json:"totals"`
	Data   []matches.Match `json:"data" doc:"The meetings, newest first"`
}

// totals counts by the home and away team of the requested match, at any venue.
type totals struct {
	Played    int `json:"played"`
	HomeWins  int `json:"home_wins"`
	Draws     int `json:"draws"`
	AwayWins  int `json:"away_wins"`
	HomeGoals int `json:"home_goals" doc:"After extra time where there was any; penalties do not count"`
	AwayGoals int `json:"away_goals"`
}

func headToHead(d Deps) api.Handler {
	return api.Handle("getHeadToHead", func(ctx context.Context, r *api.Request, in *getInput) (*headToHeadAnswer, error) {
		m, met, err := d.Matches.For(r.Caller, d.Contract).HeadToHead(ctx, in.Match)
		if err != nil {
			return nil, missing(err, "no such match")
		}
		answer := &headToHeadAnswer{Home: m.Home, Away: m.Away, Data: met}
		if answer.Data == nil {
			answer.Data = []matches.Match{}
		}
		for i := range met {
			answer.Totals.add(&met[i], m.Home.ID)
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
