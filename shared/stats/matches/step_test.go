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
	return api.AsError(err).Condition
}

func TestStatusChangesOnlyAlongTheAllowedSteps(t *testing.T) {
	t.Parallel()
	stopped := []matches.Status{matches.Postponed, matches.Cancelled, matches.Abandoned, matches.Awarded}
	steps := map[matches.Status][]matches.Status{
		matches.Scheduled: append([]matches.Status{matches.Live}, stopped...),
		matches.Live:      append([]matches.Status{matches.Finished}, stopped...),
		matches.Postponed: {matches.Scheduled},
	}
	for _, from := range matches.Statuses {
		for _, to := range matches.Statuses {
			m := matches.Match{Status: from, Score: matches.Score{FullTime: &matches.Goals{Home: 1}}}
			got, err := m.Edited(matches.Edit{Status: &to})
			if allowed := from == to || slices.Contains(steps[from], to); allowed != (err == nil) || err != nil && condition(err) != api.ConflictStep {
				t.Errorf("%s to %s: got %v, want allowed %v", from, to, err, allowed)
			} else if allowed && got.Status != to {
				t.Errorf("%s to %s: got status %s", from, to, got.Status)
			}
		}
	}
}

func TestScoreAndMinuteFitTheStatus(t *testing.T) {
	t.Parallel()
	goals := func(home, away int) *matches.Goals { return &matches.Goals{Home: home, Away: away} }
	score := matches.Score{HalfTime: goals(1, 0), FullTime: goals(2, 1)}
	status := func(s matches.Status) *matches.Status { return &s }
	for name, c := range map[string]struct {
		from matches.Match
		edit matches.Edit
		want string // the refused field, or ""
		then matches.Match
	}{
		"a score with the finish": {matches.Match{Status: matches.Live, Minute: ptr(89)}, matches.Edit{Status: status(matches.Finished), Score: &score}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{HalfTime: goals(1, 0), FullTime: goals(2, 1), Winner: ptr("home")}}},
		"a score corrected after the finish": {matches.Match{Status: matches.Finished, Score: score}, matches.Edit{Score: &matches.Score{FullTime: goals(2, 2)}}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{FullTime: goals(2, 2), Winner: ptr("draw")}}},
		"penalties decide": {matches.Match{Status: matches.Live}, matches.Edit{Status: status(matches.Finished), Score: &matches.Score{FullTime: goals(1, 1), ExtraTime: goals(1, 1), Penalties: goals(3, 4)}}, "",
			matches.Match{Status: matches.Finished, Score: matches.Score{FullTime: goals(1, 1), ExtraTime: goals(1, 1), Penalties: goals(3, 4), Winner: ptr("away")}}},
		"a postponed match loses its score":  {matches.Match{Status: matches.Live, Minute: ptr(20), Score: score}, matches.Edit{Status: status(matches.Postponed)}, "", matches.Match{Status: matches.Postponed}},
		"an abandoned match keeps its score": {matches.Match{Status: matches.Live, Minute: ptr(20), Score: score}, matches.Edit{Status: status(matches.Abandoned)}, "", matches.Match{Status: matches.Abandoned, Score: score}},
		"the minute of a live match":         {matches.Match{Status: matches.Live}, matches.Edit{Minute: ptr(12), Score: &matches.Score{FullTime: goals(1, 0)}}, "", matches.Match{Status: matches.Live, Minute: ptr(12), Score: matches.Score{FullTime: goals(1, 0)}}},
		"a new day":                          {matches.Match{Status: matches.Postponed, Date: "2026-05-02", Time: ptr("15:00")}, matches.Edit{Status: status(matches.Scheduled), When: &matches.When{Date: "2026-05-09"}}, "", matches.Match{Status: matches.Scheduled, Date: "2026-05-09"}},

		"no finish without a score":      {matches.Match{Status: matches.Live}, matches.Edit{Status: status(matches.Finished)}, "score.full_time", matches.Match{}},
		"no award without a score":       {matches.Match{Status: matches.Scheduled}, matches.Edit{Status: status(matches.Awarded)}, "score.full_time", matches.Match{}},
		"no score before the kick-off":   {matches.Match{Status: matches.Scheduled}, matches.Edit{Score: &score}, "score", matches.Match{}},
		"no minute before the kick-off":  {matches.Match{Status: matches.Scheduled}, matches.Edit{Minute: ptr(1)}, "minute", matches.Match{}},
		"no move after the kick-off":     {matches.Match{Status: matches.Live}, matches.Edit{When: &matches.When{Date: "2026-05-09"}}, "date", matches.Match{}},
		"no fewer goals at full time":    {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{HalfTime: goals(1, 0), FullTime: goals(0, 1)}}, "score.full_time", matches.Match{}},
		"no fewer goals in extra time":   {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{FullTime: goals(1, 1), ExtraTime: goals(0, 1)}}, "score.extra_time", matches.Match{}},
		"no finish with level penalties": {matches.Match{Status: matches.Live}, matches.Edit{Status: status(matches.Finished), Score: &matches.Score{FullTime: goals(1, 1), Penalties: goals(3, 3)}}, "score.penalties", matches.Match{}},
		"no penalties without full time": {matches.Match{Status: matches.Live}, matches.Edit{Score: &matches.Score{Penalties: goals(3, 4)}}, "score.full_time", matches.Match{}},
	} {
		got, err := c.from.Edited(c.edit)
		if c.want == "" {
			if err != nil || string(encode(t, got)) != string(encode(t, c.then)) {
				t.Errorf("%s: got %s (%v), want %s", name, encode(t, got), err, encode(t, c.then))
			}
			continue
		}
		if err == nil || api.AsError(err).Fields[c.want] == nil {
			t.Errorf("%s: got %v, want field %s refused", name, err, c.want)
		}
	}
}
