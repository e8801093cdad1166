package matches_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/api"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// writer is an organisation that writes matches of its own.
type writer struct {
	*matches.Own
	store *matches.Store
	table *tabletest.Faulty
	keys  *tabletest.Faulty // the keys table, for claims of Idempotency-Keys
	trail *audit.Store
	calls atomic.Int64
}

func newWriter(t testing.TB) *writer {
	t.Helper()
	db, err := local.OpenMemory(table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tbl := tabletest.NewFaulty(db.Table(table.Stats.Name))
	keys := tabletest.NewFaulty(db.Table(table.Keys.Name))
	store := matches.NewStore(tbl, at("2026-05-01T12:00:00Z"))
	return &writer{Own: matches.NewOwn(store, keys, rand.Reader), store: store, table: tbl, keys: keys, trail: audit.New(keys, tbl)}
}

// call returns a request of the organisation.
func (w *writer) call(org, ifMatch string) *api.Request {
	return &api.Request{
		ID: fmt.Sprintf("r%d", w.calls.Add(1)), Now: matches.Now(w.store), IfMatch: ifMatch,
		Caller: &api.Caller{Key: "key_" + org, User: "usr_" + org, Org: "org_" + org}, Tag: api.Encoder{}.Tag,
	}
}

// draftOf returns a draft of a match in a round, between two teams of the organisation.
func draftOf(round string) func(context.Context) (matches.Draft, error) {
	return func(context.Context) (matches.Draft, error) {
		return matches.Draft{Match: matches.Match{Round: &round, Status: matches.Scheduled, Date: "2026-05-02",
			Home: matches.Side{ID: "t_elm", Name: "Elm"}, Away: matches.Side{ID: "t_fir", Name: "Fir"}}}, nil
	}
}

func (w *writer) mustCreate(t testing.TB, org, round string) *matches.Match {
	t.Helper()
	m, err := w.Create(t.Context(), w.call(org, ""), round, draftOf(round))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRescheduledMatchFreesItsDayForAnotherMatch(t *testing.T) {
	t.Parallel()
	for _, uuid := range []bool{false, true} {
		w := newWriter(t)
		createOn := func(day string) (*matches.Match, error) {
			return w.Create(t.Context(), w.call("a", ""), day, func(context.Context) (matches.Draft, error) {
				return matches.Draft{UUID: uuid, Match: matches.Match{Status: matches.Scheduled, Date: day,
					Home: matches.Side{ID: "t_elm", Name: "Elm"}, Away: matches.Side{ID: "t_fir", Name: "Fir"}}}, nil
			})
		}
		first, err := createOn("2026-05-02")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := createOn("2026-05-02"); err == nil || api.ErrorOf(err).Condition != api.Conflict {
			t.Errorf("the same match again: got %v, want a conflict", err)
		}
		moved, err := w.Update(t.Context(), w.call("a", ""), first.ID, func(matches.Match) (matches.Edit, error) {
			return matches.Edit{When: &matches.When{Date: "2026-05-09"}}, nil
		})
		if err != nil || moved.ID != first.ID {
			t.Fatalf("moving: got %+v (%v)", moved, err)
		}
		w.table.Next(1, tabletest.Lost, "Transact")
		second, err := createOn("2026-05-02")
		if err != nil || second.ID == first.ID {
			t.Fatalf("another match on the first one's former day: got %+v (%v)", second, err)
		}
		if _, err := createOn("2026-05-02"); err == nil || api.ErrorOf(err).Details.(map[string]string)["match"] != second.ID {
			t.Errorf("the second match again: got %v, want a conflict with it", err)
		}
		if total, listed := w.total(t, matches.Filter{}, "org_a"); total != 2 || listed != 2 {
			t.Errorf("counted %d, listed %d, want two", total, listed)
		}
	}
}

func TestKeyThatChangesDuringARequestWritesNoMatch(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	changed := w.call("a", "")
	changed.Recheck = func(context.Context) error { return api.Fail(api.SecretRevoked, "this key changed") }
	_, createErr := w.Create(t.Context(), changed, "2", draftOf("2"))
	_, updateErr := w.Update(t.Context(), changed, m.ID, setStatus(matches.Live, 1))
	for what, err := range map[string]error{"create": createErr, "update": updateErr, "delete": w.Delete(t.Context(), changed, m.ID)} {
		if err == nil || api.ErrorOf(err).Condition != api.SecretRevoked {
			t.Errorf("%s: got %v, want %s", what, err, api.SecretRevoked)
		}
	}
	if total, listed := w.total(t, matches.Filter{}, "org_a"); total != 1 || listed != 1 {
		t.Errorf("counted %d, listed %d, want the one match", total, listed)
	}
	if n := len(w.entries(t, audit.Filter{})); n != 1 {
		t.Errorf("got %d audit entries, want the one of the first match", n)
	}
}

// setStatus returns an edit to a status, with a score if the status requires one.
func setStatus(s matches.Status, home int) func(matches.Match) (matches.Edit, error) {
	e := matches.Edit{Status: &s}
	if s == matches.Live || s == matches.Finished {
		e.Score = &matches.Score{FullTime: &matches.Goals{Home: home}}
	}
	return func(matches.Match) (matches.Edit, error) { return e, nil }
}

func (w *writer) tag(t testing.TB, m *matches.Match) string {
	t.Helper()
	tag, err := api.Encoder{}.Tag(m)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

// entries returns the entries of org_a that a filter selects.
func (w *writer) entries(t testing.TB, f audit.Filter) []audit.Entry {
	t.Helper()
	f.Limit = 1000
	found, _, err := w.trail.For(&api.Caller{Org: "org_a"}).List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// total returns the counter of a filter, and the number of matches on its pages.
func (w *writer) total(t testing.TB, f matches.Filter, owners ...string) (int64, int) {
	t.Helper()
	page, err := reader(w.store, owners...).List(t.Context(), f, matches.PageRequest{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return *page.Total, len(page.Matches)
}

func TestOwnMatchIsVisibleToAndCountedForItsOrganisationOnly(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	for _, f := range []matches.Filter{{}, {Statuses: []matches.Status{matches.Scheduled}}, {Team: "t_elm"}, {Team: "t_fir"}} {
		for owner, want := range map[string]int64{"org_a": 1, "org_b": 0, matches.Public: 0} {
			if total, n := w.total(t, f, owner); total != want || int64(n) != want {
				t.Errorf("%+v of %s: got %d, counted %d, want %d", f, owner, n, total, want)
			}
		}
	}
	if _, err := reader(w.store, matches.Public, "org_b").Get(t.Context(), m.ID); !errors.Is(err, matches.ErrNotFound) {
		t.Errorf("another organisation: got %v, want not found", err)
	}
	var shown map[string]any
	if err := json.Unmarshal(encode(t, m), &shown); err != nil || shown["league"] != nil || shown["season"] != nil || shown["version"] != 1.0 || shown["owner"] != "org_a" {
		t.Errorf("got %v, want the first version of the organisation's match without a league", shown)
	}
	if _, err := w.Update(t.Context(), w.call("a", ""), m.ID, setStatus(matches.Live, 0)); err != nil {
		t.Fatal(err)
	}
	for status, want := range map[matches.Status]int64{matches.Scheduled: 0, matches.Live: 1} {
		if total, n := w.total(t, matches.Filter{Statuses: []matches.Status{status}}, "org_a"); total != want || int64(n) != want {
			t.Errorf("%s: got %d, counted %d, want %d", status, n, total, want)
		}
	}
	if err := w.Delete(t.Context(), w.call("a", ""), m.ID); err != nil {
		t.Fatal(err)
	}
	for _, f := range []matches.Filter{{}, {Statuses: []matches.Status{matches.Live}}, {Team: "t_elm"}} {
		if total, n := w.total(t, f, "org_a"); total != 0 || n != 0 {
			t.Errorf("%+v after the deletion: got %d, counted %d, want none", f, n, total)
		}
	}
}

func TestMatchesOfOthersAndOfThePublicCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	public := randomRecords(1)[0]
	public.Owner = matches.Public
	put(t, w.store, public)
	other := w.mustCreate(t, "b", "1")
	for name, id := range map[string]string{"another's": other.ID, "a public one": public.ID, "none": "m_nothing", "no id": ""} {
		for operation, err := range map[string]error{
			"update": func() error {
				_, err := w.Update(t.Context(), w.call("a", "*"), id, setStatus(matches.Live, 0))
				return err
			}(),
			"delete": w.Delete(t.Context(), w.call("a", `"tag"`), id),
		} {
			if condition(err) != api.NotFound || api.ErrorOf(err).Message != "no such match" {
				t.Errorf("%s of %s: got %v, want not found", operation, name, err)
			}
		}
	}
	if got := w.entries(t, audit.Filter{}); len(got) != 0 {
		t.Errorf("got %d audit entries for refused changes", len(got))
	}
}

func TestSameMatchIsCreatedOnce(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	_, err := w.Create(t.Context(), w.call("a", ""), "1", draftOf("1"))
	if details, _ := api.ErrorOf(err).Details.(map[string]string); condition(err) != api.Conflict || details["match"] != m.ID {
		t.Errorf("got %v, want a conflict that names %s", err, m.ID)
	}
	if other := w.mustCreate(t, "b", "1"); other.ID == m.ID {
		t.Error("the matches of two organisations have the same id")
	}
}

func TestOfConcurrentConditionalWritesExactlyOneChangesEachVersion(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	if _, err := w.Update(t.Context(), w.call("a", ""), m.ID, setStatus(matches.Live, 0)); err != nil {
		t.Fatal(err)
	}
	var writes [40]atomic.Int64 // successful writes by the version that they replaced
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for {
				current, err := reader(w.store, "org_a").Get(t.Context(), m.ID)
				if err != nil {
					t.Error(err)
					return
				}
				after, err := w.Update(t.Context(), w.call("a", w.tag(t, current)), m.ID, setStatus(matches.Live, i+1))
				if condition(err) == api.ConflictVersion {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if after.Version != current.Version+1 {
					t.Errorf("version %d followed %d", after.Version, current.Version)
				}
				writes[current.Version].Add(1)
				return
			}
		})
	}
	all.Wait()
	for version := 2; version < 2+32; version++ {
		if n := writes[version].Load(); n != 1 {
			t.Errorf("version %d was replaced %d times, want once", version, n)
		}
	}
	if got := len(w.entries(t, audit.Filter{Target: m.ID})); got != 1+1+32 {
		t.Errorf("got %d audit entries, want %d", got, 1+1+32)
	}
}

func TestConcurrentUnconditionalWritesAreAllStoredAndCounted(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			m, err := w.Create(t.Context(), w.call("a", ""), i, draftOf(fmt.Sprint(i)))
			if err == nil && i%2 == 0 {
				_, err = w.Update(t.Context(), w.call("a", ""), m.ID, setStatus(matches.Live, i))
			}
			if err == nil && i%4 == 0 {
				err = w.Delete(t.Context(), w.call("a", ""), m.ID)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for want, f := range map[int64]matches.Filter{12: {}, 8: {Statuses: []matches.Status{matches.Scheduled}}, 4: {Statuses: []matches.Status{matches.Live}}} {
		if total, n := w.total(t, f, "org_a"); total != want || int64(n) != want {
			t.Errorf("%+v: got %d, counted %d, want %d", f, n, total, want)
		}
	}
	if total, _ := w.total(t, matches.Filter{Team: "t_fir"}, "org_a"); total != 12 {
		t.Errorf("by team: counted %d, want 12", total)
	}
}

func TestStaleTagChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	first := w.tag(t, m)
	for _, stale := range []string{`"other"`, "W/" + first, `W/"x", "y"`, "other"} {
		if _, err := w.Update(t.Context(), w.call("a", stale), m.ID, setStatus(matches.Live, 0)); condition(err) != api.ConflictVersion {
			t.Errorf("update under %s: got %v, want %s", stale, err, api.ConflictVersion)
		}
		if err := w.Delete(t.Context(), w.call("a", stale), m.ID); condition(err) != api.ConflictVersion {
			t.Errorf("delete under %s: got %v, want %s", stale, err, api.ConflictVersion)
		}
	}
	for _, fresh := range []string{first, `"x", ` + first, "*"} {
		current, err := reader(w.store, "org_a").Get(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if fresh != "*" && current.Version > 1 {
			fresh = w.tag(t, current)
		}
		if _, err := w.Update(t.Context(), w.call("a", fresh), m.ID, setStatus(matches.Live, 0)); err != nil {
			t.Errorf("update under %s: %v", fresh, err)
		}
	}
	if err := w.Delete(t.Context(), w.call("a", first), m.ID); condition(err) != api.ConflictVersion {
		t.Errorf("delete under the first tag: got %v, want %s", err, api.ConflictVersion)
	}
}

func TestEveryChangeOfAMatchIsAuditedWithItsActor(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	w.mustCreate(t, "b", "1")
	if _, err := w.Update(t.Context(), w.call("a", ""), m.ID, setStatus(matches.Live, 2)); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), w.call("a", ""), m.ID); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]audit.Filter{
		"all": {}, "by match": {Target: m.ID}, "by key": {Actor: "key_a"},
		"by user": {Actor: "usr_a"}, "by match and key": {Target: m.ID, Actor: "key_a"},
	} {
		var actions []string
		for _, e := range w.entries(t, f) {
			actions = append(actions, e.Action)
			if *e.Actor.Key != "key_a" || *e.Actor.User != "usr_a" || e.Method != audit.MethodKey || e.Target != m.ID || e.RequestID == "" {
				t.Errorf("%s: got %+v", name, e)
			}
		}
		if want := []string{"match.delete", "match.update", "match.create"}; !slices.Equal(actions, want) {
			t.Errorf("%s: got %v, want %v", name, actions, want)
		}
	}
	change := w.entries(t, audit.Filter{})[1]
	if change.Before["status"] != "scheduled" || change.After["status"] != "live" || change.Before["home"] != nil {
		t.Errorf("got %v to %v, want only the fields that differ", change.Before, change.After)
	}
}

// operation is a change that is made on a failing table.
type operation struct {
	name string
	do   func(w *writer, m *matches.Match) error
}

var operations = []operation{
	{"create", func(w *writer, _ *matches.Match) error {
		r := w.call("a", "")
		_, err := w.Create(context.Background(), r, "2", draftOf("2"))
		return err
	}},
	{"create with an Idempotency-Key", func(w *writer, _ *matches.Match) error {
		r := w.call("a", "")
		r.IdempotencyKey = "once"
		_, err := w.Create(context.Background(), r, "2", draftOf("2"))
		return err
	}},
	{"update", func(w *writer, m *matches.Match) error {
		_, err := w.Update(context.Background(), w.call("a", ""), m.ID, setStatus(matches.Live, 1))
		return err
	}},
	{"update with If-Match", func(w *writer, m *matches.Match) error {
		tag, _ := api.Encoder{}.Tag(m)
		_, err := w.Update(context.Background(), w.call("a", tag), m.ID, setStatus(matches.Live, 1))
		return err
	}},
	{"delete", func(w *writer, m *matches.Match) error {
		return w.Delete(context.Background(), w.call("a", ""), m.ID)
	}},
	{"delete with If-Match", func(w *writer, m *matches.Match) error {
		tag, _ := api.Encoder{}.Tag(m)
		return w.Delete(context.Background(), w.call("a", tag), m.ID)
	}},
}

// TestFaultAppliesAChangeWithItsAuditEntryOrNotAtAll injects each kind of fault at each
// call to the table, once, twice and permanently.
func TestFaultAppliesAChangeWithItsAuditEntryOrNotAtAll(t *testing.T) {
	for _, c := range operations {
		for _, fault := range []tabletest.Fault{tabletest.Throttled, tabletest.Unavailable, tabletest.Conflict, tabletest.Lost} {
			for _, times := range []int{1, 2, 1000} {
				for from := range 4 {
					synctest.Test(t, func(t *testing.T) { testFault(t, c, fault, times, from) })
				}
			}
		}
	}
}

func testFault(t *testing.T, c operation, fault tabletest.Fault, times, from int) {
	what := fmt.Sprintf("%s with fault %d, %d times from call %d on", c.name, fault, times, from)
	w := newWriter(t)
	m := w.mustCreate(t, "a", "1")
	before, entriesBefore := matchesOf(t, w), len(w.entries(t, audit.Filter{}))
	seen := 0
	w.table.Follow(func(tabletest.Call) (tabletest.Fault, time.Duration) {
		if seen++; seen > from && seen <= from+times {
			return fault, 0
		}
		return tabletest.None, 0
	})
	err := c.do(w, m)
	w.table.Heal()
	after, entriesAfter := matchesOf(t, w), len(w.entries(t, audit.Filter{}))
	if entriesAfter-entriesBefore > 1 || (entriesAfter-entriesBefore == 1) != (before != after) {
		t.Errorf("%s: %d audit entries, matches changed: %v", what, entriesAfter-entriesBefore, before != after)
	}
	if err == nil && before == after {
		t.Errorf("%s: succeeded without a change", what)
	}
	if err != nil && condition(err) != api.Unavailable {
		t.Errorf("%s: got %v, want success or unavailable", what, err)
	}
	w.checkCounters(t, what)
}

// matchesOf returns all matches of the organisation as JSON.
func matchesOf(t testing.TB, w *writer) string {
	t.Helper()
	page, err := reader(w.store, "org_a").List(t.Context(), matches.Filter{}, matches.PageRequest{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return string(encode(t, page.Matches))
}

// checkCounters compares the counters with the stored matches.
func (w *writer) checkCounters(t testing.TB, what string) {
	t.Helper()
	page, err := w.table.Query(t.Context(), table.Query{Partition: "COUNT#org_a"})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := reader(w.store, "org_a").List(t.Context(), matches.Filter{}, matches.PageRequest{Limit: 100})
	want := map[string]int64{}
	for _, m := range all.Matches {
		for _, at := range []string{"ALL", "STATUS#" + string(m.Status), "TEAM#" + m.Home.ID, "TEAM#" + m.Away.ID} {
			want[at]++
		}
	}
	for _, it := range page.Items {
		if at := it.Str(table.SortAttr); it.Int("n") != want[at] {
			t.Errorf("%s: %s counts %d, want %d", what, at, it.Int("n"), want[at])
		}
	}
}

func TestRepeatWithTheSameIdempotencyKeyGetsTheFirstAnswerWhileTheMatchExists(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	once := func(input any, round string) (*matches.Match, error) {
		r := w.call("a", "")
		r.IdempotencyKey = "once"
		return w.Create(t.Context(), r, input, draftOf(round))
	}
	first, err := once("1", "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Update(t.Context(), w.call("a", ""), first.ID, setStatus(matches.Live, 0)); err != nil {
		t.Fatal(err)
	}
	again, err := once("1", "1")
	if err != nil || string(encode(t, again)) != string(encode(t, first)) {
		t.Errorf("got %s (%v), want %s", encode(t, again), err, encode(t, first))
	}
	if _, err := once("2", "2"); condition(err) != api.ConflictRepeat {
		t.Errorf("another input: got %v, want %s", err, api.ConflictRepeat)
	}
	if err := w.Delete(t.Context(), w.call("a", ""), first.ID); err != nil {
		t.Fatal(err)
	}
	again, err = once("1", "1")
	if details := fmt.Sprint(api.ErrorOf(err).Details); condition(err) != api.ConflictRepeat || details != "map[match:"+first.ID+"]" {
		t.Errorf("after the match was deleted: got %v (%v, details %s), want %s with its id", again, err, details, api.ConflictRepeat)
	}
	if total, _ := w.total(t, matches.Filter{}, "org_a"); total != 0 {
		t.Errorf("the repeat created the match again")
	}
}
