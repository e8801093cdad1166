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

// add counts one meeting.
func (t *Totals) add(m *Match, home string) {
	o := m.Outcome(home)
	t.Played++
	t.HomeGoals += o.For
	t.AwayGoals += o.Against
	switch o.Result {
	case Drawn:
		t.Draws++
	case Won:
		t.HomeWins++
	case Lost:
		t.AwayWins++
	}
}

// Result is how a match ended for one of its teams.
type Result string

// The results of a match, after extra time and penalties if there were any.
const (
	Won     Result = "W"
	Drawn   Result = "D"
	Lost    Result = "L"
	Unknown Result = "?"
)

// Outcome is a match from the view of one of its teams. Goals include extra time, without
// penalties; they are 0 if they are unknown.
type Outcome struct {
	For, Against int
	Result       Result
}

// Outcome returns the match from the view of the team with the id.
func (m *Match) Outcome(team string) Outcome {
	o, home := Outcome{Result: Unknown}, m.Home.ID == team
	if goals := m.Score.Final(); goals != nil {
		o.For, o.Against = goals.Home, goals.Away
		if !home {
			o.For, o.Against = o.Against, o.For
		}
	}
	switch winner := m.Score.Winner; {
	case winner == nil:
	case *winner == "draw":
		o.Result = Drawn
	case (*winner == "home") == home:
		o.Result = Won
	default:
		o.Result = Lost
	}
	return o
}

// Final returns the goals as people quote them: after extra time if there was any. It returns
// nil if they are unknown.
func (s Score) Final() *Goals {
	if s.ExtraTime != nil {
		return s.ExtraTime
	}
	return s.FullTime
}
