package matches

import "context"

// HeadToHeadAnswer has the played meetings of the two teams of the requested match, in
// every league.
type HeadToHeadAnswer struct {
	Home   Side    `json:"home" doc:"Home team of the requested match"`
	Away   Side    `json:"away" doc:"Away team of the requested match"`
	Totals Totals  `json:"totals" doc:"Totals over all meetings"`
	Data   []Match `json:"data" doc:"Meetings, newest first"`
}

// Totals counts by the home and away team of the requested match, at any venue.
type Totals struct {
	Played    int `json:"played" doc:"Meetings played"`
	HomeWins  int `json:"home_wins" doc:"Wins of the home team of the requested match"`
	Draws     int `json:"draws" doc:"Draws"`
	AwayWins  int `json:"away_wins" doc:"Wins of the away team of the requested match"`
	HomeGoals int `json:"home_goals" doc:"Goals of the home team of the requested match, including extra time, without penalties"`
	AwayGoals int `json:"away_goals" doc:"Goals of the away team of the requested match, including extra time, without penalties"`
}

// RecordOf returns the head-to-head record of a match's two teams. It fails with ErrNotFound.
func (r Reader) RecordOf(ctx context.Context, id string) (*HeadToHeadAnswer, error) {
	m, meetings, err := r.HeadToHead(ctx, id)
	if err != nil {
		return nil, err
	}
	answer := &HeadToHeadAnswer{Home: m.Home, Away: m.Away, Data: meetings}
	for i := range meetings {
		answer.Totals.add(&meetings[i], m.Home.ID)
	}
	return answer, nil
}

// add counts one meeting. Extra time and penalties count for the winner.
func (t *Totals) add(m *Match, home string) {
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
