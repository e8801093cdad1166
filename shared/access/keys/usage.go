package keys

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/api"
)

// Intervals of a report.
const (
	ByHour = "hour"
	ByDay  = "day"
)

// spans are the longest and the usual span of a report, by interval.
var spans = map[string]struct {
	most, usual time.Duration
	text        string
}{
	ByHour: {31 * 24 * time.Hour, 24 * time.Hour, "31 days"},
	ByDay:  {90 * 24 * time.Hour, 30 * 24 * time.Hour, "90 days"},
}

// Period is the period of a report, as it was asked for.
type Period struct {
	From, To *time.Time // nil: the usual span before To; now
	Interval string     // "": ByHour
}

// span is the period of a report. Its intervals are counted whole: all that overlap [from, to).
type span struct {
	from, to time.Time
	interval string
}

// Report counts a key's requests by interval and operation. Intervals are counted whole: the
// total is the sum of all hours or days that overlap [from, to).
type Report struct {
	Key      string    `json:"key" doc:"Key id"`
	From     time.Time `json:"from" doc:"Start of the report, UTC"`
	To       time.Time `json:"to" doc:"End of the report, UTC; hours or days that begin before it are included"`
	Interval string    `json:"interval" enum:"hour,day" doc:"Interval of the counts; days are those of UTC"`
	Total    int64     `json:"total" doc:"Sum of all counts"`
	Data     []Count   `json:"data" nullable:"false" doc:"Counts by hour or day, and operation"`
}

// Count is the number of requests of one operation in one hour or day.
type Count struct {
	Start     time.Time  `json:"start" doc:"Start of the hour or day, UTC"`
	Hour      *time.Time `json:"hour" doc:"Start of the hour, UTC; null in a report by day"`
	Operation string     `json:"operation" doc:"Operation id" example:"listMatches"`
	Count     int64      `json:"count" doc:"Requests in the hour or day"`
}

// History reads the usage of keys (package gate).
type History interface {
	Usage(ctx context.Context, key string, from, to time.Time) ([]gate.Hour, error)
	Usages(ctx context.Context, keys []string, from, to time.Time) (map[string]gate.Used, error)
}

// Usage reports the usage of a key that the caller may manage.
func (s *Store) Usage(ctx context.Context, r *api.Request, h History, id string, p Period) (Report, error) {
	if _, err := s.find(ctx, r.Caller, id); err != nil {
		return Report{}, err
	}
	of, err := p.span(r.Now)
	if err != nil {
		return Report{}, err
	}
	hours, err := of.read(ctx, h, id)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Key: id, From: of.from, To: of.to, Interval: of.interval, Data: []Count{}}
	sums := tally{}
	rep.Total = sums.add(hours, of)
	for _, c := range sums.inOrder() {
		one := Count{Start: c.Start, Operation: c.Operation, Count: c.Count}
		if of.interval == ByHour {
			one.Hour = &one.Start
		}
		rep.Data = append(rep.Data, one)
	}
	return rep, nil
}

// span returns the period with its defaults: to is now, and from is 24 hours before it, or 30
// days in a report by day.
func (p Period) span(now time.Time) (span, error) {
	interval := cmp.Or(p.Interval, ByHour)
	// Include the current second, so that an hour is included from its first second on.
	s := span{to: now.UTC().Truncate(time.Second).Add(time.Second), interval: interval}
	if p.To != nil {
		s.to = p.To.UTC()
	}
	bounds := spans[interval]
	s.from = s.to.Add(-bounds.usual)
	if p.From != nil {
		s.from = p.From.UTC()
	}
	switch {
	case !s.from.Before(s.to):
		return s, api.Fail(api.InputDate, "from: must be before to")
	case s.to.Sub(s.from) > bounds.most:
		return s, api.Fail(api.InputDate, "from: must be at most %s before to in a report by %s", bounds.text, interval)
	}
	return s, nil
}

// whole returns the span with all hours of its first and last interval.
func (s span) whole() (from, to time.Time) {
	if s.interval == ByHour {
		return s.from, s.to
	}
	const day = 24 * time.Hour
	return s.from.Truncate(day), s.to.Add(day - 1).Truncate(day)
}

// start returns the start of the interval that contains an hour.
func (s span) start(hour time.Time) time.Time {
	if s.interval == ByDay {
		return hour.Truncate(24 * time.Hour)
	}
	return hour
}

func (s span) read(ctx context.Context, h History, key string) ([]gate.Hour, error) {
	from, to := s.whole()
	hours, err := h.Usage(ctx, key, from, to)
	if err != nil {
		return nil, api.UnavailableError("reading usage", err)
	}
	return hours, nil
}

// tally adds up requests by interval and operation.
type tally map[time.Time]map[string]int64

// add adds the requests of hours and returns their number.
func (t tally) add(hours []gate.Hour, of span) (all int64) {
	for _, h := range hours {
		start := of.start(h.Start)
		if t[start] == nil {
			t[start] = map[string]int64{}
		}
		for code, n := range h.Operations {
			t[start][operation(code)] += n
			all += n
		}
	}
	return all
}

// inOrder returns the sums by interval, then operation.
func (t tally) inOrder() []OrgCount {
	counts := []OrgCount{}
	for _, start := range slices.SortedFunc(maps.Keys(t), time.Time.Compare) {
		for _, operation := range slices.Sorted(maps.Keys(t[start])) {
			counts = append(counts, OrgCount{start, operation, t[start][operation]})
		}
	}
	return counts
}

// operation returns the operation or the tool of a code. An unknown code is returned
// as it is: requests of a removed operation stay counted.
func operation(code string) string {
	for _, r := range api.Routes {
		if r.Code == code {
			return r.Operation
		}
	}
	for _, t := range api.Tools {
		if t.Code == code {
			return t.Counted()
		}
	}
	return code
}
