package replays

import (
	"cmp"
	"slices"
	"time"

	"statgate/shared/api"
	"statgate/shared/stats/matches"
	"statgate/shared/stats/reports"
)

const (
	minute        = time.Minute
	halfMinutes   = 45
	extraMinutes  = 15
	halfTime      = 15 * time.Minute // between the halves
	extraBreak    = 5 * time.Minute  // before extra time
	extraHalfTime = time.Minute      // between the halves of extra time
	shootOut      = 10 * time.Minute // a penalty shoot-out
	leastAdded    = 1                // minutes of added time of each period

	// maxEvents keeps the largest step, from the beginning to the end, in one transaction.
	maxEvents = 80
)

// Tape is a finished match with its report: what is replayed.
type Tape struct {
	Match   matches.Match    `json:"match"`
	Events  []reports.Event  `json:"events"` // by minute, added time and id
	Lineups *reports.Lineups `json:"lineups"`
	Stats   *reports.Stats   `json:"stats"`
}

// Moment is the state of a match at one moment of its clock.
type Moment struct {
	Status matches.Status
	Minute *int // of play; nil unless the match is live
	Score  matches.Score
	Events int // the number of events that have happened
}

// Timeline says what happens at which time of a match's clock. The clock starts with the
// kick-off and runs during breaks too.
type Timeline struct {
	tape    Tape
	periods []period
	at      []time.Duration // by event
	end     time.Duration
}

// period is a half, or a half of extra time.
type period struct {
	pause    time.Duration // before it
	before   int           // minutes of play before it
	minutes  int           // without added time
	from, to time.Duration // of the clock, with added time
}

// NewTimeline returns the timeline of a tape. It fails with an *[api.Error] that names the
// field "match" if the match cannot be replayed: it is not finished, has no events, or its
// goals do not add up to its result.
func NewTimeline(t Tape) (*Timeline, error) {
	score := t.Match.Score
	switch {
	case t.Match.Status != matches.Finished || score.FullTime == nil:
		return nil, api.FieldError("match", "must be a finished match")
	case len(t.Events) == 0:
		return nil, api.FieldError("match", "has no events; choose a match whose events are known")
	case len(t.Events) > maxEvents:
		return nil, api.FieldError("match", "has more than %d events", maxEvents)
	}
	l := &Timeline{tape: t}
	l.lay()
	if !l.addsUp() {
		return nil, api.FieldError("match", "its goals do not add up to its result, so it cannot be replayed")
	}
	return l, nil
}

// lay sets the periods, the time of each event, and the end.
func (l *Timeline) lay() {
	score := l.tape.Match.Score
	l.periods = []period{{minutes: halfMinutes}, {pause: halfTime, before: halfMinutes, minutes: halfMinutes}}
	if score.ExtraTime != nil {
		const regular = 2 * halfMinutes
		l.periods = append(l.periods, period{pause: extraBreak, before: regular, minutes: extraMinutes},
			period{pause: extraHalfTime, before: regular + extraMinutes, minutes: extraMinutes})
	}
	added := make([]int, len(l.periods))
	for i := range l.tape.Events {
		n, more := l.place(&l.tape.Events[i])
		added[n] = max(added[n], more)
	}
	for i := range l.periods {
		p := &l.periods[i]
		p.from = l.end + p.pause
		p.to = p.from + time.Duration(p.minutes+max(added[i], leastAdded))*minute
		l.end = p.to
	}
	l.date()
	if score.Penalties != nil {
		l.end += shootOut
	}
}

// place returns the index of an event's period, and its minute of added time: 0 in regular
// time. A minute after the last period counts as added time of it.
func (l *Timeline) place(e *reports.Event) (index, added int) {
	for i, p := range l.periods {
		if e.Minute <= p.before+p.minutes {
			if e.AddedTime != nil && e.Minute == p.before+p.minutes {
				return i, *e.AddedTime
			}
			return i, 0
		}
	}
	last := len(l.periods) - 1
	return last, e.Minute - l.periods[last].before - l.periods[last].minutes
}

// date sets the time of each event. Events of one minute are spread evenly over it, in order.
func (l *Timeline) date() {
	starts := make([]time.Duration, len(l.tape.Events))
	in := map[time.Duration]int{} // the number of events by the start of their minute
	for i := range l.tape.Events {
		e := &l.tape.Events[i]
		n, added := l.place(e)
		p := l.periods[n]
		played := max(e.Minute-p.before, 1) - 1
		if added > 0 {
			played = p.minutes + added - 1
		}
		starts[i] = p.from + time.Duration(played)*minute
		in[starts[i]]++
	}
	seen := map[time.Duration]int{}
	l.at = make([]time.Duration, len(starts))
	for i, start := range starts {
		seen[start]++
		l.at[i] = start + minute*time.Duration(seen[start])/time.Duration(in[start]+1)
	}
	order := make([]int, len(starts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.at[a], l.at[b]) })
	events, at := make([]reports.Event, len(order)), make([]time.Duration, len(order))
	for i, from := range order {
		events[i], at[i] = l.tape.Events[from], l.at[from]
	}
	l.tape.Events, l.at = events, at
}

// addsUp reports whether the goals give the result.
func (l *Timeline) addsUp() bool {
	score := l.tape.Match.Score
	regular := l.goals(l.periods[1].to)
	if regular != *score.FullTime || score.HalfTime != nil && l.goals(l.periods[0].to) != *score.HalfTime {
		return false
	}
	return score.ExtraTime == nil || l.goals(l.end) == *score.ExtraTime
}

// goals counts the goals until a time.
func (l *Timeline) goals(until time.Duration) matches.Goals {
	var g matches.Goals
	for i := range l.happened(until) {
		e := &l.tape.Events[i]
		switch {
		case !slices.Contains(reports.Goals, e.Type):
		case e.Team == reports.Home:
			g.Home++
		default:
			g.Away++
		}
	}
	return g
}

// happened returns the number of events until a time.
func (l *Timeline) happened(until time.Duration) int {
	n, _ := slices.BinarySearchFunc(l.at, until+1, cmp.Compare)
	return n
}

// End returns the time at which the match ends.
func (l *Timeline) End() time.Duration { return l.end }

// Events returns the first n events.
func (l *Timeline) Events(n int) []reports.Event { return l.tape.Events[:n] }

// At returns the state at a time of the match's clock. Before 0 the match is scheduled.
func (l *Timeline) At(clock time.Duration) Moment {
	switch {
	case clock < 0:
		return Moment{Status: matches.Scheduled}
	case clock >= l.end:
		return Moment{Status: matches.Finished, Score: l.tape.Match.Score, Events: len(l.tape.Events)}
	}
	m := Moment{Status: matches.Live, Events: l.happened(clock)}
	score := l.goals(clock)
	m.Score.FullTime = &score
	for i, p := range l.periods {
		if clock < p.from {
			break
		}
		now := p.before + min(int((clock-p.from)/minute)+1, p.minutes)
		m.Minute = &now
		switch {
		case i == 0 && clock >= p.to:
			half := l.goals(p.to)
			m.Score.HalfTime = &half
		case i == 2:
			regular, extra := l.goals(l.periods[1].to), score
			m.Score.FullTime, m.Score.ExtraTime = &regular, &extra
		}
	}
	return m
}

// Next returns the time after clock at which the state next changes, and false after the end.
func (l *Timeline) Next(clock time.Duration) (time.Duration, bool) {
	if clock >= l.end {
		return 0, false
	}
	if clock < 0 {
		return 0, true
	}
	next := l.end
	if n := l.happened(clock); n < len(l.at) {
		next = min(next, l.at[n])
	}
	for _, p := range l.periods {
		tick := p.from + (clock-p.from)/minute*minute + minute
		switch {
		case clock < p.from:
			next = min(next, p.from)
		case clock < p.to:
			next = min(next, tick, p.to)
		}
	}
	return next, true
}
