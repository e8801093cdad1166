package matches_test

import (
	"slices"
	"testing"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
)

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

func TestStatusLeadsWhereTheGameMayGoAndNowhereElse(t *testing.T) {
	t.Parallel()
	stopped := []matches.Status{matches.Postponed, matches.Cancelled, matches.Abandoned, matches.Awarded}
	leads := map[matches.Status][]matches.Status{
		matches.Scheduled: append([]matches.Status{matches.Live}, stopped...),
		matches.Live:      append([]matches.Status{matches.Finished}, stopped...),
		matches.Postponed: {matches.Scheduled},
	}
	for _, from := range matches.Statuses {
		for _, to := range matches.Statuses {
			m := matches.Match{Status: from, Score: matches.Score{FullTime: &matches.Goals{Home: 1}}}
			got, err := m.Edited(matches.Edit{Status: &to})
			if allowed := from == to || slices.Contains(leads[from], to); allowed != (err == nil) || err != nil && condition(err) != api.ConflictStep {
				t.Errorf("%s to %s: got %v, want it allowed: %v", from, to, err, allowed)
			} else if allowed && got.Status != to {
				t.Errorf("%s to %s: got %s", from, to, got.Status)
			}
		}
	}
}

func TestScoreAndMinuteGoWithTheStatus(t *testing.T) {
	t.Parallel()
	goals := func(home, away int) *matches.Goals { return &matches.Goals{Home: home, Away: away} }
	two := matches.Score{HalfTime: goals(1, 0), FullTime: goals(2, 1)}
	now := func(s matches.Status) *matches.Status { return &s }
	for name, c := range map[string]struct {
		from matches.Match
		edit matches.Edit
		want string // the field that is refused, "" for none
		then matches.Match
	}{
		"a score with the end": {matches.Match{Status: matches.Live, Minute: ptr(89)}, matches.Edit{Status: now(matches.Finished), Score: &two}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{HalfTime: goals(1, 0), FullTime: goals(2, 1), Winner: ptr("home")}}},
		"a score that is put right after the end": {matches.Match{Status: matches.Finished, Score: two}, matches.Edit{Score: &matches.Score{FullTime: goals(2, 2)}}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{FullTime: goals(2, 2), Winner: ptr("draw")}}},
		"penalties decide": {matches.Match{Status: matches.Live}, matches.Edit{Status: now(matches.Finished), Score: &matches.Score{FullTime: goals(1, 1), ExtraTime: goals(1, 1), Penalties: goals(3, 4)}}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{FullTime: goals(1, 1), ExtraTime: goals(1, 1), Penalties: goals(3, 4), Winner: ptr("away")}}},
		"what was played is void where it is played anew": {matches.Match{Status: matches.Live, Minute: ptr(20), Score: two}, matches.Edit{Status: now(matches.Postponed)}, "", matches.Match{Status: matches.Postponed}},
		"what was played stands where it was broken off":  {matches.Match{Status: matches.Live, Minute: ptr(20), Score: two}, matches.Edit{Status: now(matches.Abandoned)}, "", matches.Match{Status: matches.Abandoned, Score: two}},
		"the minute of a live match":                      {matches.Match{Status: matches.Live}, matches.Edit{Minute: ptr(12), Score: &matches.Score{FullTime: goals(1, 0)}}, "", matches.Match{Status: matches.Live, Minute: ptr(12), Score: matches.Score{FullTime: goals(1, 0)}}},
		"a new day":                                       {matches.Match{Status: matches.Postponed, Date: "2026-05-02", Time: ptr("15:00")}, matches.Edit{Status: now(matches.Scheduled), When: &matches.When{Date: "2026-05-09"}}, "", matches.Match{Status: matches.Scheduled, Date: "2026-05-09"}},

		"no end without a score":        {matches.Match{Status: matches.Live}, matches.Edit{Status: now(matches.Finished)}, "score.full_time", matches.Match{}},
		"no award without a score":      {matches.Match{Status: matches.Scheduled}, matches.Edit{Status: now(matches.Awarded)}, "score.full_time", matches.Match{}},
		"no score before the kick-off":  {matches.Match{Status: matches.Scheduled}, matches.Edit{Score: &two}, "score", matches.Match{}},
		"no minute before the kick-off": {matches.Match{Status: matches.Scheduled}, matches.Edit{Minute: ptr(1)}, "minute", matches.Match{}},
		"no move after the kick-off":    {matches.Match{Status: matches.Live}, matches.Edit{When: &matches.When{Date: "2026-05-09"}}, "date", matches.Match{}},
		"no goal is lost":               {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{HalfTime: goals(1, 0), FullTime: goals(0, 1)}}, "score.full_time", matches.Match{}},
		"nor in extra time":             {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{FullTime: goals(1, 1), ExtraTime: goals(0, 1)}}, "score.extra_time", matches.Match{}},
		"no end with level penalties":   {matches.Match{Status: matches.Live}, matches.Edit{Status: now(matches.Finished), Score: &matches.Score{FullTime: goals(1, 1), Penalties: goals(3, 3)}}, "score.penalties", matches.Match{}},
		"no penalties after nothing":    {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{Penalties: goals(3, 4)}}, "score.full_time", matches.Match{}},
	} {
		got, err := c.from.Edited(c.edit)
		if c.want == "" {
			if err != nil || string(encode(t, got)) != string(encode(t, c.then)) {
				t.Errorf("%s: got %s (%v), want %s", name, encode(t, got), err, encode(t, c.then))
			}
			continue
		}
		if err == nil || api.ErrorOf(err).Fields[c.want] == nil {
			t.Errorf("%s: got %v, want field %s refused", name, err, c.want)
		}
	}
}
