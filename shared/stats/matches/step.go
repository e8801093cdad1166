package matches

import (
	"fmt"
	"slices"
	"strings"

	"statgate/shared/api"
)

// steps lists the statuses that may follow a status. A status without an entry is final.
var steps = map[Status][]Status{
	Scheduled: {Live, Postponed, Cancelled, Abandoned, Awarded},
	Live:      {Finished, Postponed, Cancelled, Abandoned, Awarded},
	Postponed: {Scheduled},
}

// Edit is a change of a match; nil fields stay unchanged. Score replaces the whole score.
// When sets the kick-off, which requires a match that is scheduled after the edit.
type Edit struct {
	Status *Status
	Minute *int
	Score  *Score
	When   *When
}

// When is the day of a match, and its kick-off if that is known.
type When struct {
	Date      string  // local, YYYY-MM-DD
	Time      *string // local, HH:MM
	KickoffAt *string // RFC 3339 UTC
}

// Edited returns the match after an edit. It fails with an *[api.Error] if the status
// may not follow the current one, or if a value does not fit the status.
func (m Match) Edited(e Edit) (Match, error) {
	if e.Status != nil && *e.Status != m.Status {
		if !slices.Contains(steps[m.Status], *e.Status) {
			return m, api.Fail(api.ConflictStep, "status: %s %s", m.Status, stepHint(m.Status))
		}
		m.Status = *e.Status
	}
	if e.When != nil {
		if m.Status != Scheduled {
			return m, api.FieldError("date", "can be changed only while the match is scheduled")
		}
		m.Date, m.Time, m.KickoffAt = e.When.Date, e.When.Time, e.When.KickoffAt
	}
	if e.Score != nil {
		m.Score = *e.Score
	}
	if e.Minute != nil {
		m.Minute = e.Minute
	}
	return m.settled(e)
}

// stepHint says which statuses may follow a status, for an error message.
func stepHint(from Status) string {
	if len(steps[from]) == 0 {
		return "is final and cannot change"
	}
	var to []string
	for _, s := range steps[from] {
		to = append(to, string(s))
	}
	return fmt.Sprintf("can change only to %s", strings.Join(to, ", "))
}

// settled makes score, minute and winner consistent with the status. It refuses values
// of the edit that do not fit the status, and drops earlier ones that no longer fit.
func (m Match) settled(e Edit) (Match, error) {
	if m.Status != Live {
		if e.Minute != nil {
			return m, api.FieldError("minute", "is allowed only for a live match")
		}
		m.Minute = nil
	}
	switch m.Status {
	case Scheduled, Postponed, Cancelled:
		if e.Score != nil && !e.Score.empty() {
			return m, api.FieldError("score", "is not allowed while the match is %s", m.Status)
		}
		m.Score = Score{}
	case Finished, Awarded:
		if m.Score.FullTime == nil {
			return m, api.FieldError("score.full_time", "is required when the match is %s", m.Status)
		}
		if p := m.Score.Penalties; p != nil && p.Home == p.Away {
			return m, api.FieldError("score.penalties", "must have a winner when the match is %s", m.Status)
		}
	}
	if err := m.Score.check(); err != nil {
		return m, err
	}
	m.Score.Winner = Winner(m.Status, m.Score)
	return m, nil
}

func (s Score) empty() bool {
	return s.HalfTime == nil && s.FullTime == nil && s.ExtraTime == nil && s.Penalties == nil
}

// check refuses a score in which a side has fewer goals later in the match, and extra time
// or penalties without a full-time score.
func (s Score) check() error {
	if s.FullTime == nil && (s.ExtraTime != nil || s.Penalties != nil) {
		return api.FieldError("score.full_time", "is required with extra_time or penalties")
	}
	for _, later := range []struct {
		name     string
		from, to *Goals
	}{{"score.full_time", s.HalfTime, s.FullTime}, {"score.extra_time", s.FullTime, s.ExtraTime}} {
		if later.from != nil && later.to != nil && (later.to.Home < later.from.Home || later.to.Away < later.from.Away) {
			return api.FieldError(later.name, "must not have fewer goals than the score before it")
		}
	}
	return nil
}
