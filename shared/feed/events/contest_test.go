package events_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/feed/events"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// arena is a store of contests that records the changes of each contest's item.
type arena struct {
	t     *testing.T
	stats table.Table
	store *contests.Store
	id    string
	last  table.Item // of the contest
}

func newArena(t *testing.T) *arena {
	t.Helper()
	db, err := local.OpenMemory(table.Stats, table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	a := &arena{t: t, stats: db.Table(table.Stats.Name)}
	a.store = contests.NewStore(a.stats, db.Table(table.Keys.Name), rand.Reader)
	for _, team := range []string{"north", "south"} {
		if _, err := a.store.Put(t.Context(), a.request(), contests.OfTeam, contests.Contestant{ID: "team_" + team, Slug: team, Name: team}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *arena) request() *api.Request {
	return &api.Request{ID: rand.Text(), Route: api.Route{Operation: "createContest"}, Now: now, Caller: &api.Caller{Org: "org_1", User: "usr_1"}}
}

// create creates a contest and returns the events of the change.
func (a *arena) create(status contests.Status, bestOf int) []events.Event {
	a.t.Helper()
	c, err := a.store.Create(a.t.Context(), a.request(), idempotency.Token{}, contests.Spec{Game: "rally", Home: "north", Away: "south", BestOf: bestOf, Status: status})
	if err != nil {
		a.t.Fatal(err)
	}
	a.id, a.last = c.ID, nil
	return a.events()
}

// step changes the contest and returns the events of the change.
func (a *arena) step(rule func(c contests.Contest) (contests.Contest, error)) []events.Event {
	a.t.Helper()
	if _, err := a.store.Change(a.t.Context(), a.request(), idempotency.Token{}, a.id, contests.Step{Action: "contest.test", Guard: contests.AnyGame, Rule: rule}); err != nil {
		a.t.Fatal(err)
	}
	return a.events()
}

func (a *arena) events() []events.Event {
	a.t.Helper()
	it, err := a.stats.Get(a.t.Context(), table.Key{Partition: "CONTEST#" + a.id, Sort: "CONTEST"}, true)
	if err != nil {
		a.t.Fatal(err)
	}
	all, err := events.OfContest(table.Change{ID: fmt.Sprint("c", it.Int("rev")), Time: now, Old: a.last, New: it})
	if err != nil {
		a.t.Fatal(err)
	}
	a.last = it
	return all
}

func types(all []events.Event) string {
	var names []string
	for _, e := range all {
		name := strings.TrimPrefix(e.Type, "contest.")
		if score, ok := e.Data.(events.ContestScore); ok && score.Score != nil {
			name += fmt.Sprintf("(%d %d:%d)", score.Score.Map, score.Score.Home, score.Score.Away)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func agree(to contests.Status) func(c contests.Contest) (contests.Contest, error) {
	return func(c contests.Contest) (contests.Contest, error) { return c.Agree(to, now) }
}

func score(scores ...contests.MapScore) func(c contests.Contest) (contests.Contest, error) {
	return func(c contests.Contest) (contests.Contest, error) {
		after, _, err := c.Score(scores, now)
		return after, err
	}
}

func TestEachChangeOfAContestMakesItsEvents(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	is := func(got []events.Event, want string) {
		t.Helper()
		if types(got) != want {
			t.Errorf("got %q, want %q", types(got), want)
		}
	}
	is(a.create(contests.Pending, 3), "created")
	is(a.step(agree(contests.Accepted)), "accepted")
	is(a.step(agree(contests.Ready)), "ready")
	is(a.step(func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, now) }), "started")
	is(a.step(score(contests.MapScore{Map: 1, Home: 2, Away: 1})), "score.submitted(1 2:1)")
	is(a.step(score(contests.MapScore{Map: 1, Home: 3, Away: 1}, contests.MapScore{Map: 2, Home: 0, Away: 1, Confirmed: true})),
		"score.submitted(1 3:1) score.submitted(2 0:1) score.confirmed(2 0:1)")
	is(a.step(func(c contests.Contest) (contests.Contest, error) { return c.Confirm([]int{1}, now) }), "score.confirmed(1 3:1)")
	is(a.step(score(contests.MapScore{Map: 3, Home: 1, Away: 1, Confirmed: true})), "score.submitted(3 1:1) score.confirmed(3 1:1) completed")
	is(a.step(agree(contests.Disputed)), "disputed")
	is(a.step(agree(contests.Completed)), "completed")
	is(a.events(), "") // the same item again, as after a repair of its attributes
	is(a.create(contests.Ready, 1), "created")
	is(a.step(func(c contests.Contest) (contests.Contest, error) { return c.Forfeit("team_south", nil, now) }), "forfeited")
	is(a.create(contests.Accepted, 1), "created")
	is(a.step(func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.Cancelled, now) }), "cancelled")
}

func TestAContestEventSaysWhoAcceptedAndWhoLost(t *testing.T) {
	t.Parallel()
	text := func(id *string) string {
		if id == nil {
			return "-"
		}
		return *id
	}
	a := newArena(t)
	for _, c := range []struct {
		status contests.Status
		step   func(c contests.Contest) (contests.Contest, error)
		before string // the team that had accepted
		after  string
	}{
		{contests.Pending, agree(contests.Accepted), "-", "team_south"},
		{contests.Pending, agree(contests.Cancelled), "-", "-"},
		{contests.Accepted, func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.Cancelled, now) }, "team_south", "team_south"},
	} {
		made, changed := a.create(c.status, 1), a.step(c.step)
		if got := text(made[0].Data.(events.ContestNews).AcceptedTeam); got != c.before {
			t.Errorf("created as %s: got %s, want %s", c.status, got, c.before)
		}
		if got := text(changed[0].Data.(events.ContestNews).AcceptedTeam); got != c.after {
			t.Errorf("%s: got %s, want %s", types(changed), got, c.after)
		}
	}
	for _, c := range []struct {
		home, away    int
		winner, loser string
	}{{2, 1, "team_north", "team_south"}, {1, 2, "team_south", "team_north"}, {1, 1, "-", "-"}} {
		a.create(contests.Ready, 1)
		a.step(func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, now) })
		end := a.step(score(contests.MapScore{Map: 1, Home: c.home, Away: c.away, Confirmed: true}))
		result, ok := end[len(end)-1].Data.(events.ContestResult)
		if !ok || text(result.Contest.Winner) != c.winner || text(result.Loser) != c.loser || result.Draw != (c.winner == "-") {
			t.Errorf("%d:%d: got %+v", c.home, c.away, end[len(end)-1].Data)
		}
	}
}

func TestARepeatedChangeOfAContestMakesTheSameEvents(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.create(contests.Ready, 3)
	a.step(func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, now) })
	before := a.last
	first := a.step(score(contests.MapScore{Map: 1, Home: 1}, contests.MapScore{Map: 2, Home: 1, Confirmed: true}))
	a.last = before
	again := a.events()
	ids := map[string]bool{}
	for i, e := range first {
		if e.ID != again[i].ID || e.Match != a.id || e.Contest == nil || !e.At.Equal(now) {
			t.Errorf("%s: got %+v and again %s", e.Type, e, again[i].ID)
		}
		ids[e.ID] = true
	}
	if len(first) != 3 || len(ids) != 3 {
		t.Errorf("got the ids %v of %d events, want three different ones", ids, len(first))
	}
}

func TestChangesBesidesContestsMakeNoContestEvents(t *testing.T) {
	t.Parallel()
	for partition, sort := range map[string]string{"CONTESTS#team#a": "000#con_1", "CONTESTANT#team#a": "CONTESTANT", "MATCH#m_1": "MATCH", "CONTEST#con_1": "OTHER"} {
		all, err := events.OfContest(changeOf(nil, table.Item{table.PartitionAttr: partition, table.SortAttr: sort, "id": "a"}))
		if err != nil || len(all) > 0 {
			t.Errorf("%s: got %v, %v", partition, all, err)
		}
	}
	if _, err := events.OfContest(changeOf(nil, table.Item{table.PartitionAttr: "CONTEST#con_1", table.SortAttr: "CONTEST", "maps": "many"})); err == nil {
		t.Error("an unreadable contest: got no error")
	}
}

func TestAContractReceivesTheEventsThatItNames(t *testing.T) {
	t.Parallel()
	for name, contests := range map[string]bool{"statgate": false, "teambattles": true} {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if c.Webhooks.Contests() != contests || c.Webhooks.Matches() == contests {
			t.Errorf("%s: got contests %v and matches %v", name, c.Webhooks.Contests(), c.Webhooks.Matches())
		}
		kinds := events.For(c)
		if len(kinds) == 0 || slices.ContainsFunc(kinds, func(k api.EventKind) bool { return (k.Permission == "") != contests }) {
			t.Errorf("%s: got %v, want the events of matches alone to require a permission", name, kinds)
		}
	}
}
