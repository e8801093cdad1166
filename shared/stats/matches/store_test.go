package matches_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"statgate/shared/stats/leagues"
	"statgate/shared/stats/matches"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

var ctx = context.Background()

func at(s string) func() time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t }
}

func open(t testing.TB) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Table(table.Stats.Name)
}

// put creates the seasons of matches, and stores the matches through Apply.
func put(t testing.TB, s *matches.Store, list ...*matches.Record) {
	t.Helper()
	seasons := leagues.NewStore(matches.Table(s))
	bySeason := map[string][]matches.Change{}
	for _, r := range list {
		if _, err := seasons.Ensure(ctx, string(r.League), string(r.League), string(r.Season)); err != nil {
			t.Fatal(err)
		}
		bySeason[string(r.League+r.Season)] = append(bySeason[string(r.League+r.Season)], matches.Change{After: r})
	}
	for _, changes := range bySeason {
		for _, batch := range matches.Batches(changes) {
			if err := s.Apply(ctx, batch); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

// randomRecords returns n matches of several leagues, seasons, statuses and owners, some
// without a time. It returns the same matches each time.
func randomRecords(n int) []*matches.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"alder", "birch", "cedar", "dogwood", "elm", "fir"}
	codes := []string{"en.1", "co.1", "jp.1", "zz.9"}
	var list []*matches.Record
	for i := range n {
		pair := rng.Perm(len(names))
		m := matches.Match{
			League: matches.Ref(codes[rng.IntN(len(codes))]), Season: matches.Ref(fmt.Sprint(2020 + rng.IntN(2))), Owner: matches.Public,
			Status: matches.Statuses[rng.IntN(len(matches.Statuses))],
			Home:   matches.Side{ID: names[pair[0]], Name: strings.ToUpper(names[pair[0]])},
			Away:   matches.Side{ID: names[pair[1]], Name: strings.ToUpper(names[pair[1]])},
			Round:  ptr(fmt.Sprintf("Matchday %d", 1+i%7)), Matchday: ptr(1 + i%7),
			Date: time.Date(2020, 1, 1+rng.IntN(90), 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
		}
		if rng.IntN(4) == 0 {
			m.Owner = "org_1"
		}
		if rng.IntN(3) == 0 {
			m.Stage = ptr("Cup")
		}
		if zone := zoneOf(string(m.League)); zone != nil && rng.IntN(4) > 0 {
			hour := rng.IntN(24)
			m.Time = ptr(fmt.Sprintf("%02d:30", hour))
			day, _ := time.ParseInLocation(time.DateOnly, m.Date, zone)
			m.KickoffAt = ptr(day.Add(time.Duration(hour)*time.Hour + 30*time.Minute).UTC().Format(time.RFC3339))
		}
		m.Score.Winner = matches.Winner(m.Status, m.Score)
		m.ID = matches.IdentityOf(&m).ID(m.Owner, i)
		list = append(list, &matches.Record{Match: m, HomeAs: m.Home.Name, AwayAs: m.Away.Name})
	}
	return list
}

// zoneOf returns the zone of a league, nil for an unknown league.
func zoneOf(league string) *time.Location {
	zone, err := leagues.Zone(league)
	if err != nil {
		panic(err) // the test program has no zone database
	}
	return zone
}

// instant computes the time by which pages are ordered, independently of the store: the
// kick-off, or the end of the local day.
func instant(m matches.Match) time.Time {
	if m.KickoffAt != nil {
		t, _ := time.Parse(time.RFC3339, *m.KickoffAt)
		return t
	}
	zone := zoneOf(string(m.League))
	if zone == nil {
		zone = time.UTC
	}
	t, _ := time.ParseInLocation("2006-01-02 15:04:05", m.Date+" 23:59:59", zone)
	return t
}

// servedFilters are filters that an index serves, and the matches that each selects.
var servedFilters = map[string]struct {
	f      matches.Filter
	keep   func(matches.Match) bool
	counts bool
}{
	"none":   {matches.Filter{}, func(m matches.Match) bool { return true }, true},
	"league": {matches.Filter{League: "en.1"}, func(m matches.Match) bool { return m.League == "en.1" }, true},
	"season": {matches.Filter{League: "co.1", Season: "2020"},
		func(m matches.Match) bool { return m.League == "co.1" && m.Season == "2020" }, true},
	"round's number": {matches.Filter{League: "co.1", Season: "2020", Round: "5"},
		func(m matches.Match) bool { return m.League == "co.1" && m.Season == "2020" && *m.Matchday == 5 }, false},
	"round verbatim, stage, statuses": {matches.Filter{League: "jp.1", Season: "2021", Round: "Matchday 2", Stage: "Cup", Statuses: []matches.Status{"live", "awarded", "finished"}},
		func(m matches.Match) bool {
			return m.League == "jp.1" && m.Season == "2021" && *m.Matchday == 2 && m.Stage != nil &&
				slices.Contains([]matches.Status{"live", "awarded", "finished"}, m.Status)
		}, false},
	"status": {matches.Filter{Statuses: []matches.Status{"postponed"}}, func(m matches.Match) bool { return m.Status == "postponed" }, true},
	"team":   {matches.Filter{Team: "elm"}, func(m matches.Match) bool { return m.Home.ID == "elm" || m.Away.ID == "elm" }, true},
	"days": {matches.Filter{From: "2020-02-01", To: "2020-02-20"},
		func(m matches.Match) bool { return m.Date >= "2020-02-01" && m.Date <= "2020-02-20" }, false},
	"one day":     {matches.Filter{From: "2020-02-11", To: "2020-02-11"}, func(m matches.Match) bool { return m.Date == "2020-02-11" }, false},
	"one UTC day": {matches.Filter{From: "2020-02-11", To: "2020-02-11", UTC: true}, func(m matches.Match) bool { return utcDay(m) == "2020-02-11" }, false},
	"league within days": {matches.Filter{League: "co.1", From: "2020-02-01", To: "2020-02-20"},
		func(m matches.Match) bool {
			return m.League == "co.1" && m.Date >= "2020-02-01" && m.Date <= "2020-02-20"
		}, false},
	"status within UTC days": {matches.Filter{Statuses: []matches.Status{"finished"}, From: "2020-02-01", To: "2020-02-20", UTC: true},
		func(m matches.Match) bool {
			return m.Status == "finished" && utcDay(m) >= "2020-02-01" && utcDay(m) <= "2020-02-20"
		}, false},
	"team within days": {matches.Filter{Team: "elm", From: "2020-02-01", To: "2020-02-20"},
		func(m matches.Match) bool {
			return (m.Home.ID == "elm" || m.Away.ID == "elm") && m.Date >= "2020-02-01" && m.Date <= "2020-02-20"
		}, false},
	"season and status within days": {matches.Filter{League: "co.1", Season: "2020", Statuses: []matches.Status{"finished"}, From: "2020-02-01", To: "2020-03-01"},
		func(m matches.Match) bool {
			return m.League == "co.1" && m.Season == "2020" && m.Status == "finished" && m.Date >= "2020-02-01" && m.Date <= "2020-03-01"
		}, false},
	"unknown team": {matches.Filter{Team: "unknown"}, func(m matches.Match) bool { return false }, true},
}

func TestPagesOfEveryServedFilterHoldExactlyItsMatchesInOrder(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	all := randomRecords(700)
	put(t, s, all...)

	for name, tt := range servedFilters {
		for _, owners := range [][]string{{matches.Public}, {matches.Public, "org_1"}} {
			for _, descending := range []bool{false, true} {
				want := expect(all, tt.keep, owners, descending)
				got := readAll(t, s, tt.f, owners, 7, descending)
				if !slices.Equal(got, want) {
					t.Errorf("%s of %v, descending %v: got %d, want %d matches, in order\ngot  %v\nwant %v", name, owners, descending, len(got), len(want), got, want)
				}
				page, err := reader(s, owners...).List(ctx, tt.f, matches.PageRequest{Limit: 1})
				if err != nil {
					t.Fatal(err)
				}
				if tt.counts && (page.Total == nil || *page.Total != int64(len(want))) {
					t.Errorf("%s of %v: got total %v, want %d", name, owners, page.Total, len(want))
				}
				if !tt.counts && page.Total != nil {
					t.Errorf("%s: got total %d, want none", name, *page.Total)
				}
			}
		}
	}
}

// utcDay returns the UTC day of the kick-off, or the local day if the time is unknown.
func utcDay(m matches.Match) string {
	if m.KickoffAt != nil {
		return (*m.KickoffAt)[:10]
	}
	return m.Date
}

func expect(all []*matches.Record, keep func(matches.Match) bool, owners []string, descending bool) []string {
	var selected []matches.Match
	for _, r := range all {
		if slices.Contains(owners, r.Owner) && keep(r.Match) {
			selected = append(selected, r.Match)
		}
	}
	sort.Slice(selected, func(i, j int) bool {
		a, b := instant(selected[i]), instant(selected[j])
		if a.Equal(b) {
			return selected[i].ID < selected[j].ID
		}
		return a.Before(b)
	})
	if descending {
		slices.Reverse(selected)
	}
	ids := []string{}
	for _, m := range selected {
		ids = append(ids, m.ID)
	}
	return ids
}

func readAll(t *testing.T, s *matches.Store, f matches.Filter, owners []string, limit int, descending bool) []string {
	t.Helper()
	ids := []string{}
	for after := ""; ; {
		page, err := reader(s, owners...).List(ctx, f, matches.PageRequest{Limit: limit, After: after, Descending: descending})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Matches {
			ids = append(ids, m.ID)
		}
		if page.Next == "" {
			return ids
		}
		if len(page.Matches) != limit {
			t.Fatalf("got a page of %d matches with a cursor, want %d", len(page.Matches), limit)
		}
		after = page.Next
	}
}

func TestMatchesByIDAreListedInOrderAndOnce(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	all := randomRecords(60)
	put(t, s, all...)
	ids := []string{"m_unknown", "", strings.Repeat("x", 3000), "\xff"}
	for _, r := range all[:30] {
		ids = append(ids, r.ID, r.ID)
	}
	f := matches.Filter{IDs: ids}
	want := expect(all[:30], func(matches.Match) bool { return true }, []string{matches.Public}, false)
	if got := readAll(t, s, f, []string{matches.Public}, 7, false); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	slices.Reverse(want)
	if got := readAll(t, s, f, []string{matches.Public}, 7, true); !slices.Equal(got, want) {
		t.Errorf("descending: got %v, want %v", got, want)
	}
}

func TestFiltersThatNoIndexServesAreRefused(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]matches.Filter{
		"season alone":       {Season: "2020"},
		"round, no season":   {Round: "1", League: "en.1"},
		"stage, no season":   {Stage: "Cup"},
		"team and league":    {Team: "elm", League: "en.1"},
		"team and season":    {Team: "elm", League: "en.1", Season: "2020"},
		"two statuses":       {Statuses: []matches.Status{"live", "finished"}},
		"league and status":  {League: "en.1", Statuses: []matches.Status{"live"}},
		"32 days":            {From: "2020-01-01", To: "2020-02-01"},
		"backwards":          {From: "2020-01-02", To: "2020-01-01"},
		"half a range":       {From: "2020-01-02"},
		"invalid day":        {From: "2020-02-30", To: "2020-03-01"},
		"101 ids":            {IDs: make([]string, 101)},
		"ids and league":     {IDs: []string{"m_1"}, League: "en.1"},
		"ids and days":       {IDs: []string{"m_1"}, From: "2020-01-01", To: "2020-01-01"},
		"days, team, league": {From: "2020-01-01", To: "2020-01-01", Team: "elm", League: "en.1"},
	} {
		if err := f.Check(); !errors.Is(err, matches.ErrFilter) {
			t.Errorf("%s: got %v, want ErrFilter", name, err)
		}
	}
	if err := (matches.Filter{From: "2020-01-01", To: "2020-01-31"}).Check(); err != nil {
		t.Errorf("31 days: got error %v, want none", err)
	}
}

func TestMatchesOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	mine := randomRecords(1)[0]
	mine.Owner = "org_1"
	put(t, s, mine)
	if _, err := reader(s, matches.Public, "org_2").Get(ctx, mine.ID); !errors.Is(err, matches.ErrNotFound) {
		t.Errorf("another organisation: got %v, want ErrNotFound", err)
	}
	if got, err := reader(s, matches.Public, "org_1").Get(ctx, mine.ID); err != nil || got.ID != mine.ID {
		t.Errorf("the owner: got %v, %v", got, err)
	}
	season, version, err := leagues.NewStore(matches.Table(s)).Public().Season(ctx, string(mine.League), string(mine.Season))
	if err != nil || version != 0 || season.Start != nil {
		t.Errorf("public season: got %+v at version %d, %v; want no effect of an organisation's match", season, version, err)
	}
}

func TestHeadToHeadIsPlayedMeetingsNewestFirst(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	all := randomRecords(400)
	put(t, s, all...)
	requested := all[0]
	requested.Owner = matches.Public
	owners := []string{matches.Public, "org_1"}
	m, got, err := reader(s, owners...).HeadToHead(ctx, requested.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := expect(all, func(m matches.Match) bool {
		pair := []string{m.Home.ID, m.Away.ID}
		return slices.Contains(pair, requested.Home.ID) && slices.Contains(pair, requested.Away.ID) &&
			(m.Status == matches.Finished || m.Status == matches.Awarded)
	}, owners, true)
	var ids []string
	for _, m := range got {
		ids = append(ids, m.ID)
	}
	if m.ID != requested.ID || !slices.Equal(ids, want) {
		t.Errorf("of %s: got %v, want %v", m.ID, ids, want)
	}
}

func TestIdentityIsThePlaceInTheSeasonAndTheTeams(t *testing.T) {
	t.Parallel()
	base := func() *matches.Match {
		return &matches.Match{League: "at.1", Season: "2018-19", Stage: ptr("Finals"), Round: ptr("Final"), Date: "2019-05-30",
			Home: matches.Side{ID: "elm"}, Away: matches.Side{ID: "fir"}}
	}
	id := func(change func(*matches.Match)) string {
		m := base()
		change(m)
		return matches.IdentityOf(m).ID(matches.Public, 0)
	}
	same := id(func(*matches.Match) {})
	for name, change := range map[string]func(*matches.Match){
		"day":    func(m *matches.Match) { m.Date = "2019-06-02" },
		"result": func(m *matches.Match) { m.Status, m.Score.FullTime = "finished", &matches.Goals{Home: 1} },
		"group":  func(m *matches.Match) { m.Group = ptr("Group A") },
	} {
		if got := id(change); got != same {
			t.Errorf("another %s: got another id %s, want %s", name, got, same)
		}
	}
	for name, change := range map[string]func(*matches.Match){
		"league":     func(m *matches.Match) { m.League = "at.2" },
		"season":     func(m *matches.Match) { m.Season = "2019-20" },
		"stage":      func(m *matches.Match) { m.Stage = nil },
		"round":      func(m *matches.Match) { m.Round = ptr("Semifinals") },
		"second leg": func(m *matches.Match) { m.Home, m.Away = m.Away, m.Home },
		"no round":   func(m *matches.Match) { m.Round = nil },
		"another day without a round": func(m *matches.Match) {
			m.Round, m.Date = nil, "2019-06-02"
		},
	} {
		if got := id(change); got == same {
			t.Errorf("%s: got the same id, want another", name)
		}
	}
	if got := id(func(m *matches.Match) { m.Round = nil }); got == id(func(m *matches.Match) { m.Round, m.Date = nil, "2019-06-02" }) {
		t.Error("without a round, two meetings on different days have the same id")
	}
	if want := "m_s4hm8m09jrcg3reoatta"; same != want {
		t.Errorf("got id %s, want %s: the ids of all stored matches would change", same, want)
	}
	if len(same) != 22 || !strings.HasPrefix(same, "m_") {
		t.Errorf("got id %q, want m_ and 20 characters of 5 bits", same)
	}
}

func TestItemHasEveryAttributeOfTheMatch(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	full := &matches.Record{HomeAs: "Elm", AwayAs: "Fir", Match: matches.Match{
		ID: "m_1", League: "en.1", Season: "2020-21", Stage: ptr("Cup"), Group: ptr("Group A"), Matchday: ptr(3), Round: ptr("Matchday 3"),
		Date: "2020-01-02", Time: ptr("15:00"), KickoffAt: ptr("2020-01-02T15:00:00Z"), Status: matches.Live, Minute: ptr(12),
		Home: matches.Side{ID: "elm", Name: "Elm FC"}, Away: matches.Side{ID: "fir", Name: "Fir FC"}, Owner: matches.Public,
		Score: matches.Score{HalfTime: &matches.Goals{Home: 1}, FullTime: &matches.Goals{Home: 2, Away: 3}, ExtraTime: &matches.Goals{Home: 4, Away: 5},
			Penalties: &matches.Goals{Home: 6, Away: 7}, Winner: ptr("away")},
	}}
	bare := &matches.Record{Match: matches.Match{ID: "m_2", League: "en.1", Season: "2020-21", Date: "2020-01-02", Status: matches.Scheduled,
		Home: matches.Side{ID: "elm"}, Away: matches.Side{ID: "fir"}, Owner: matches.Public}}
	put(t, s, full, bare)
	for _, r := range []*matches.Record{full, bare} {
		records, err := s.RecordsOfAllOwners(ctx, []string{r.ID}, true)
		if err != nil || !reflect.DeepEqual(records[r.ID], r) {
			t.Errorf("got %+v, %v, want %+v", records[r.ID], err, r)
		}
		it, err := matches.Table(s).Get(ctx, table.Key{Partition: "MATCH#" + r.ID, Sort: "MATCH"}, true)
		if err != nil {
			t.Fatal(err)
		}
		want, err := table.Encode(r.Match)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range want {
			if !reflect.DeepEqual(it[name], v) {
				t.Errorf("%s: attribute %s: got %v, want %v", r.ID, name, it[name], v)
			}
		}
	}
}

func TestStaleChangeWritesNeitherMatchesNorCounters(t *testing.T) {
	t.Parallel()
	s := matches.NewStore(open(t), at("2026-01-01T00:00:00Z"))
	one := randomRecords(1)[0]
	one.Owner = matches.Public
	put(t, s, one)
	first, second := *one, *one
	first.Status, second.Status = matches.Live, matches.Finished
	before := *one
	if err := s.Apply(ctx, []matches.Change{{Before: &before, After: &first}}); err != nil {
		t.Fatal(err)
	}
	if first.Version != before.Version+1 {
		t.Errorf("got version %d, want %d", first.Version, before.Version+1)
	}
	err := s.Apply(ctx, []matches.Change{{Before: &before, After: &second}})
	if c := table.AsCanceled(err); c == nil || c.At(0) == nil {
		t.Fatalf("got %v, want the first write refused", err)
	}
	for status, want := range map[matches.Status]int64{one.Status: 0, matches.Live: 1, matches.Finished: 0} {
		page, err := s.Public().List(ctx, matches.Filter{Statuses: []matches.Status{status}}, matches.PageRequest{Limit: 5})
		if err != nil || *page.Total != want || int64(len(page.Matches)) != want {
			t.Errorf("%s: got %d matches, total %d, %v; want %d", status, len(page.Matches), *page.Total, err, want)
		}
	}
}

func TestWinnerIsKnownOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	draw, home, away := &matches.Goals{Home: 1, Away: 1}, &matches.Goals{Home: 2, Away: 1}, &matches.Goals{Home: 3, Away: 4}
	for _, tt := range []struct {
		status matches.Status
		score  matches.Score
		want   string
	}{
		{matches.Finished, matches.Score{FullTime: home}, "home"},
		{matches.Finished, matches.Score{FullTime: draw}, "draw"},
		{matches.Finished, matches.Score{FullTime: draw, ExtraTime: home}, "home"},
		{matches.Finished, matches.Score{FullTime: draw, ExtraTime: draw, Penalties: away}, "away"},
		{matches.Awarded, matches.Score{FullTime: away}, "away"},
		{matches.Awarded, matches.Score{}, ""},
		{matches.Live, matches.Score{FullTime: home}, ""},
		{matches.Abandoned, matches.Score{FullTime: home}, ""},
		{matches.Scheduled, matches.Score{}, ""},
	} {
		got := ""
		if w := matches.Winner(tt.status, tt.score); w != nil {
			got = *w
		}
		if got != tt.want {
			t.Errorf("%s %+v: got %q, want %q", tt.status, tt.score, got, tt.want)
		}
	}
}

func BenchmarkPageOf50(b *testing.B) {
	for _, n := range []int{1_000, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := matches.NewStore(open(b), at("2026-01-01T00:00:00Z"))
			put(b, s, randomRecords(n)...)
			for b.Loop() {
				if _, err := s.Public().List(ctx, matches.Filter{League: "en.1"}, matches.PageRequest{Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
