package replays_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"statgate/shared/stats/matches"
	"statgate/shared/stats/replays"
	"statgate/shared/stats/reports"
)

func event(kind reports.EventType, team string, minute, added int) reports.Event {
	e := reports.Event{Type: kind, Team: team, Minute: minute}
	if added > 0 {
		e.AddedTime = &added
	}
	return e
}

func goals(home, away int) *matches.Goals { return &matches.Goals{Home: home, Away: away} }

// final is a match of 2–1 with a goal in the added time of each half.
func final() replays.Tape {
	winner := "home"
	return replays.Tape{
		Match: matches.Match{ID: "m_1", Status: matches.Finished, Score: matches.Score{HalfTime: goals(1, 0), FullTime: goals(2, 1), Winner: &winner}},
		Events: []reports.Event{
			event(reports.YellowCard, reports.Away, 12, 0), event(reports.Goal, reports.Home, 45, 2),
			event(reports.Goal, reports.Away, 46, 0), event(reports.OwnGoal, reports.Home, 90, 4),
		},
	}
}

func timeline(t testing.TB, tape replays.Tape) *replays.Timeline {
	t.Helper()
	l, err := replays.NewTimeline(tape)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAMatchIsPlayedMinuteByMinute(t *testing.T) {
	t.Parallel()
	l := timeline(t, final())
	const m = time.Minute
	for _, c := range []struct {
		clock  time.Duration
		status matches.Status
		minute int
		half   *matches.Goals
		score  *matches.Goals
		events int
	}{
		{-1, matches.Scheduled, 0, nil, nil, 0},
		{0, matches.Live, 1, nil, goals(0, 0), 0},
		{11*m + 29*time.Second, matches.Live, 12, nil, goals(0, 0), 0},
		{11*m + 30*time.Second, matches.Live, 12, nil, goals(0, 0), 1},
		{46 * m, matches.Live, 45, nil, goals(0, 0), 1},
		{46*m + 30*time.Second, matches.Live, 45, nil, goals(1, 0), 2}, // 45+2
		{47 * m, matches.Live, 45, goals(1, 0), goals(1, 0), 2},        // half-time
		{62 * m, matches.Live, 46, goals(1, 0), goals(1, 0), 2},
		{62*m + 30*time.Second, matches.Live, 46, goals(1, 0), goals(1, 1), 3},
		{110*m + 30*time.Second, matches.Live, 90, goals(1, 0), goals(2, 1), 4}, // 90+4
		{111 * m, matches.Finished, 0, goals(1, 0), goals(2, 1), 4},
	} {
		got := l.At(c.clock)
		if got.Status != c.status || got.Events != c.events || (got.Minute == nil) != (c.minute == 0) || got.Minute != nil && *got.Minute != c.minute {
			t.Errorf("at %s: got %s, %d events, minute %v", c.clock, got.Status, got.Events, got.Minute)
		}
		if !same(got.Score.FullTime, c.score) || !same(got.Score.HalfTime, c.half) || (got.Score.Winner != nil) != (c.status == matches.Finished) {
			t.Errorf("at %s: got score %+v", c.clock, got.Score)
		}
	}
	if l.End() != 111*m {
		t.Errorf("the end is at %s, want 111 min", l.End())
	}
}

func same(a, b *matches.Goals) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func TestExtraTimeAndPenaltiesAreReplayed(t *testing.T) {
	t.Parallel()
	tape := final()
	tape.Match.Score = matches.Score{HalfTime: goals(0, 0), FullTime: goals(1, 1), ExtraTime: goals(2, 2), Penalties: goals(4, 2)}
	tape.Events = []reports.Event{
		event(reports.Goal, reports.Home, 50, 0), event(reports.Goal, reports.Away, 80, 0),
		event(reports.Goal, reports.Home, 105, 1), event(reports.Penalty, reports.Away, 118, 0),
	}
	l := timeline(t, tape)
	// 46 + 15 + 46 min, 5 min, then 16 + 1 + 16 min, 10 min of penalties.
	if l.End() != 155*time.Minute {
		t.Errorf("the end is at %s", l.End())
	}
	extra := l.At(127*time.Minute + 30*time.Second) // 105+1
	if !same(extra.Score.FullTime, goals(1, 1)) || !same(extra.Score.ExtraTime, goals(2, 1)) || *extra.Minute != 105 || extra.Score.Penalties != nil {
		t.Errorf("in extra time: got %+v", extra)
	}
	shots := l.At(150 * time.Minute)
	if shots.Status != matches.Live || *shots.Minute != 120 || !same(shots.Score.ExtraTime, goals(2, 2)) || shots.Score.Penalties != nil {
		t.Errorf("during the shoot-out: got %+v", shots)
	}
	if end := l.At(l.End()); !same(end.Score.Penalties, goals(4, 2)) {
		t.Errorf("at the end: got %+v", end)
	}
}

func TestMatchThatCannotBeReplayedIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*replays.Tape){
		"not finished":            func(t *replays.Tape) { t.Match.Status = matches.Live },
		"without events":          func(t *replays.Tape) { t.Events = nil },
		"with a goal too few":     func(t *replays.Tape) { t.Events = t.Events[:3] },
		"with another half-time":  func(t *replays.Tape) { t.Match.Score.HalfTime = goals(0, 1) },
		"with other extra time":   func(t *replays.Tape) { t.Match.Score.ExtraTime = goals(3, 1) },
		"with too many events":    func(t *replays.Tape) { t.Events = append(make([]reports.Event, 100), t.Events...) },
		"finished without result": func(t *replays.Tape) { t.Match.Score.FullTime = nil },
	} {
		tape := final()
		change(&tape)
		if _, err := replays.NewTimeline(tape); err == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
}

// Each change is announced: walking from one to the next gives the same states as looking at
// every second.
func TestNextMissesNoChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tape := replays.Tape{Match: matches.Match{Status: matches.Finished}}
		var full matches.Goals
		kinds := []reports.EventType{reports.Goal, reports.Penalty, reports.OwnGoal, reports.YellowCard, reports.RedCard, reports.Substitution}
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			e := event(rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom([]string{reports.Home, reports.Away}).Draw(t, "team"),
				rapid.IntRange(0, 99).Draw(t, "minute"), rapid.IntRange(0, 9).Draw(t, "added"))
			if goal := e.Type == reports.Goal || e.Type == reports.Penalty || e.Type == reports.OwnGoal; goal && e.Team == reports.Home {
				full.Home++
			} else if goal {
				full.Away++
			}
			tape.Events = append(tape.Events, e)
		}
		tape.Match.Score.FullTime = &full
		l, err := replays.NewTimeline(tape)
		if err != nil {
			t.Fatal(err)
		}
		at := -time.Second
		state := l.At(at)
		for clock := at; clock <= l.End()+time.Minute; clock += time.Second {
			for {
				next, more := l.Next(at)
				if !more || next > clock {
					break
				}
				if next <= at {
					t.Fatalf("after %s comes %s", at, next)
				}
				at, state = next, l.At(next)
			}
			if now := l.At(clock); !sameMoment(now, state) {
				t.Fatalf("at %s the state is %+v, the last change gave %+v at %s", clock, now, state, at)
			}
		}
		if state.Status != matches.Finished || state.Events != len(tape.Events) {
			t.Fatalf("got %+v in the end", state)
		}
	})
}

func sameMoment(a, b replays.Moment) bool {
	minute := (a.Minute == nil) == (b.Minute == nil) && (a.Minute == nil || *a.Minute == *b.Minute)
	return minute && a.Status == b.Status && a.Events == b.Events && same(a.Score.FullTime, b.Score.FullTime) && same(a.Score.HalfTime, b.Score.HalfTime)
}
