package keys

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/ids"
)

// OrgReport counts the requests of an organisation's keys, a page of keys at a time. All sums
// are over the keys of the page, except RunningTotal.
type OrgReport struct {
	Org      string    `json:"org" doc:"Organisation id"`
	From     time.Time `json:"from" doc:"Start of the report, UTC; the same on all pages"`
	To       time.Time `json:"to" doc:"End of the report, UTC; hours or days that begin before it are included; the same on all pages"`
	Interval string    `json:"interval" enum:"hour,day" doc:"Interval of the counts; days are those of UTC"`
	Total    int64     `json:"total" doc:"Requests of the keys on this page"`
	// RunningTotal makes the sum over all keys, which takes a read for each, the result of
	// reading all pages.
	RunningTotal int64      `json:"running_total" doc:"Requests of the keys on this page and on the pages before it; on the last page, of all keys"`
	Data         []OrgCount `json:"data" nullable:"false" doc:"Counts by hour or day, and operation: sums over the keys on this page"`
	Keys         []KeyUsage `json:"keys" nullable:"false" doc:"Keys, newest first, with revoked and expired ones"`
	NextCursor   *string    `json:"next_cursor" doc:"Cursor of the next page; null on the last page"`
}

// OrgCount is the number of requests of one operation in one hour or day.
type OrgCount struct {
	Start     time.Time `json:"start" doc:"Start of the hour or day, UTC"`
	Operation string    `json:"operation" doc:"Operation id" example:"listMatches"`
	Count     int64     `json:"count" doc:"Requests in the hour or day"`
}

// KeyUsage is the usage of one of an organisation's keys.
type KeyUsage struct {
	Key        string           `json:"key" doc:"Key id" example:"key_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Name       string           `json:"name" doc:"Display name"`
	Prefix     string           `json:"prefix" doc:"Prefix of the key's secrets" example:"sg_live_"`
	LastFour   string           `json:"last_four" doc:"Last characters of the newest secret, as many as the contract shows"`
	User       string           `json:"user" doc:"Id of the member who owns the key"`
	State      string           `json:"state" enum:"active,expired,revoked" doc:"Key state"`
	LastUsedAt *time.Time       `json:"last_used_at" doc:"Time of the last request; null if the key was never used"`
	Total      int64            `json:"total" doc:"Requests in the period of the report"`
	Operations []OperationCount `json:"operations" nullable:"false" doc:"Requests in the period of the report by operation"`
	Window     Window           `json:"window" doc:"Use of the quota in the current window"`
}

// OperationCount is the number of requests of one operation.
type OperationCount struct {
	Operation string `json:"operation" doc:"Operation id" example:"listMatches"`
	Count     int64  `json:"count" doc:"Requests in the period of the report"`
}

// OrgQuery selects a page of an [OrgReport].
type OrgQuery struct {
	Org    string
	Period Period
	Limit  int
	After  string // the position that the previous page returned; "" for the first page
}

// OrgUsage reports the usage of an organisation's keys that the caller may manage, newest
// first, and returns the position of the next page ("" on the last). A page reads the gates of
// its keys in batches, and makes one query for the history of each.
func (s *Store) OrgUsage(ctx context.Context, r *api.Request, h History, q OrgQuery) (OrgReport, string, error) {
	if q.Org == "" || q.Org != r.Caller.Org && !(r.Caller.Operator() && ids.Valid(q.Org)) {
		return OrgReport{}, "", api.Fail(api.NotFound, "no such organisation")
	}
	o, err := s.orgOf(ctx, r.Caller, q.Org)
	if failed := (*api.Error)(nil); errors.As(err, &failed) && failed.Condition == api.InputField {
		err = api.Fail(api.NotFound, "no such organisation")
	}
	if err != nil {
		return OrgReport{}, "", err
	}
	at, err := q.position(r.Now)
	if err != nil {
		return OrgReport{}, "", err
	}
	found, next, err := s.scan(ctx, r, o, Filter{Limit: q.Limit, After: at.key})
	if err != nil {
		return OrgReport{}, "", err
	}
	rep := OrgReport{Org: o.ID, From: at.from, To: at.to, Interval: at.interval, Keys: []KeyUsage{}}
	used, err := at.readAll(ctx, h, found)
	if err != nil {
		return OrgReport{}, "", err
	}
	sums := tally{}
	for _, k := range found {
		one := k.used(at.span, used[k.ID], r.Now)
		one.Window = s.usage(o, used[k.ID].State, r.Now).Window
		rep.Keys = append(rep.Keys, one)
		rep.Total += sums.add(used[k.ID].Hours, at.span)
	}
	rep.Data, rep.RunningTotal = sums.inOrder(), at.total+rep.Total
	if next != "" {
		next = position{at.span, rep.RunningTotal, next}.String()
	}
	return rep, next, nil
}

// used returns the usage of the key, without its window.
func (k record) used(of span, u gate.Used, now time.Time) KeyUsage {
	one := KeyUsage{Key: k.ID, Name: k.Name, Prefix: k.Prefix, LastFour: k.LastFour, User: k.Owner, State: k.state(now), Operations: []OperationCount{}}
	if !u.Seen.IsZero() {
		one.LastUsedAt = &u.Seen
	}
	byOperation := map[string]int64{}
	for _, h := range u.Hours {
		for code, n := range h.Operations {
			byOperation[operation(code)] += n
			one.Total += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byOperation)) {
		one.Operations = append(one.Operations, OperationCount{name, byOperation[name]})
	}
	return one
}

func (s span) readAll(ctx context.Context, h History, of []record) (map[string]gate.Used, error) {
	names := make([]string, len(of))
	for i, k := range of {
		names[i] = k.ID
	}
	from, to := s.whole()
	used, err := h.Usages(ctx, names, from, to)
	if err != nil {
		return nil, api.UnavailableError("reading the usage of keys", err)
	}
	return used, nil
}

// position is where a page of an [OrgReport] begins. It has the period of the first page, so
// that all pages have the same, and the sum of the pages before.
type position struct {
	span
	total int64
	key   string // the last key of the previous page
}

func (p position) String() string {
	return strings.Join([]string{strconv.FormatInt(p.from.UnixMilli(), 36), strconv.FormatInt(p.to.UnixMilli(), 36),
		p.interval, strconv.FormatInt(p.total, 36), p.key}, " ")
}

func (q OrgQuery) position(now time.Time) (position, error) {
	if q.After == "" {
		of, err := q.Period.span(now)
		return position{span: of}, err
	}
	parts := strings.Split(q.After, " ")
	if len(parts) != 5 {
		return position{}, errors.New("keys: a position of a usage report has the wrong form")
	}
	var numbers [3]int64
	for i, part := range []string{parts[0], parts[1], parts[3]} {
		n, err := strconv.ParseInt(part, 36, 64)
		if err != nil {
			return position{}, errors.New("keys: a position of a usage report has the wrong form")
		}
		numbers[i] = n
	}
	return position{span{time.UnixMilli(numbers[0]).UTC(), time.UnixMilli(numbers[1]).UTC(), parts[2]}, numbers[2], parts[4]}, nil
}
