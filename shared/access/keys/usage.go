package keys

import (
	"context"
	"sort"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/api"
)

// maxUsageSpan is the longest span of a usage report.
const maxUsageSpan = 31 * 24 * time.Hour

// Report counts a key's requests by hour and operation. Hours are counted whole: the total
// is the sum of all hours that begin in [from's hour, to).
type Report struct {
	Key   string    `json:"key" doc:"Key id"`
	From  time.Time `json:"from" doc:"Start of the report, UTC"`
	To    time.Time `json:"to" doc:"End of the report, UTC; hours that begin before it are included"`
	Total int64     `json:"total" doc:"Sum of all counts"`
	Data  []Count   `json:"data" nullable:"false" doc:"Counts by hour and operation"`
}

// Count is the number of requests of one operation in one hour.
type Count struct {
	Hour      time.Time `json:"hour" doc:"Start of the hour, UTC"`
	Operation string    `json:"operation" doc:"Operation id" example:"listMatches"`
	Count     int64     `json:"count" doc:"Requests in the hour"`
}

// History reads the usage of a key (package gate).
type History interface {
	Usage(ctx context.Context, key string, from, to time.Time) ([]gate.Hour, error)
}

// Usage reports the usage of a key that the caller may manage. from defaults to 24 hours
// before to, and to defaults to now.
func (s *Store) Usage(ctx context.Context, r *api.Request, h History, id string, from, to *time.Time) (Report, error) {
	if _, err := s.find(ctx, r.Caller, id); err != nil {
		return Report{}, err
	}
	rep, err := span(id, from, to, r.Now)
	if err != nil {
		return Report{}, err
	}
	hours, err := h.Usage(ctx, id, rep.From, rep.To)
	if err != nil {
		return Report{}, api.UnavailableError("reading usage", err)
	}
	for _, hour := range hours {
		for code, n := range hour.Operations {
			rep.Data = append(rep.Data, Count{Hour: hour.Start, Operation: operation(code), Count: n})
			rep.Total += n
		}
	}
	sort.Slice(rep.Data, func(i, j int) bool {
		if !rep.Data[i].Hour.Equal(rep.Data[j].Hour) {
			return rep.Data[i].Hour.Before(rep.Data[j].Hour)
		}
		return rep.Data[i].Operation < rep.Data[j].Operation
	})
	return rep, nil
}

func span(id string, from, to *time.Time, now time.Time) (Report, error) {
	// Include the current second, so that an hour is included from its first second on.
	rep := Report{Key: id, To: now.UTC().Truncate(time.Second).Add(time.Second), Data: []Count{}}
	if to != nil {
		rep.To = to.UTC()
	}
	rep.From = rep.To.Add(-24 * time.Hour)
	if from != nil {
		rep.From = from.UTC()
	}
	switch {
	case !rep.From.Before(rep.To):
		return rep, api.Fail(api.InputDate, "from: must be before to")
	case rep.To.Sub(rep.From) > maxUsageSpan:
		return rep, api.Fail(api.InputDate, "from: must be at most 31 days before to")
	}
	return rep, nil
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
