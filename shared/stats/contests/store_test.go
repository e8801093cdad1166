package contests_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// engines runs a test on both engines.
func engines(t *testing.T, run func(t *testing.T, tbl table.Table)) {
	t.Helper()
	t.Parallel()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); run(t, memory(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		run(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name])
	})
}

func memory(t *testing.T) table.Table { return open(t, table.Stats) }

// claims returns a keys table, in which operations claim their Idempotency-Keys.
func claims(t *testing.T) table.Table { return open(t, table.Keys) }

func open(t *testing.T, schema table.Schema) table.Table {
	t.Helper()
	db, err := local.OpenMemory(schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Table(schema.Name)
}

func request(token string, at time.Time) *api.Request {
	return &api.Request{ID: "r", Route: api.Route{Operation: "createContest"}, Now: at, IdempotencyKey: token,
		Caller: &api.Caller{Org: "org_1", User: "usr_1"}}
}

// storeWithTeams returns a store with two teams and an organisation. usr_1 is an active
// member of team_north; usr_2 is an inactive member of team_south.
func storeWithTeams(t *testing.T, tbl table.Table) *contests.Store {
	t.Helper()
	s := contests.NewStore(tbl, claims(t), rand.Reader)
	org := "org_aurora"
	for _, c := range []struct {
		kind contests.Kind
		team contests.Contestant
	}{
		{contests.OfOrg, contests.Contestant{ID: org, Slug: "aurora", Name: "Aurora"}},
		{contests.OfTeam, contests.Contestant{ID: "team_north", Slug: "north", Name: "North", Org: &org, Members: []contests.Member{{User: "usr_1", State: contests.Active}}}},
		{contests.OfTeam, contests.Contestant{ID: "team_south", Slug: "south", Name: "South", Members: []contests.Member{{User: "usr_2", State: contests.Inactive}}}},
	} {
		if _, err := s.Put(t.Context(), request("", noon), c.kind, c.team); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func create(ctx context.Context, s *contests.Store, r *api.Request, bestOf int) (contests.Contest, error) {
	token, err := s.Token(r, bestOf)
	if err != nil {
		return contests.Contest{}, err
	}
	return s.Create(ctx, r, token, contests.Spec{Game: "rally", Home: "north", Away: "team_south", BestOf: bestOf, Status: contests.Ready})
}

func TestIdempotencyKeyOfOneGameIsRefusedForAnother(t *testing.T) {
	t.Parallel()
	s := storeWithTeams(t, memory(t))
	by := func(game string) *api.Request {
		r := request("once", noon)
		r.Caller.Game = game
		return r
	}
	first, err := create(t.Context(), s, by("rally"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := create(t.Context(), s, by("rally"), 3); err != nil || again.ID != first.ID {
		t.Errorf("the same game again: got %v (%v), want %s", again.ID, err, first.ID)
	}
	if other, err := create(t.Context(), s, by("chess"), 3); condition(err) != api.ConflictRepeat {
		t.Errorf("another game's key of the same user: got %+v (%v), want %s", other, err, api.ConflictRepeat)
	}
}

func TestKeyThatChangesDuringARequestWritesNoContest(t *testing.T) {
	t.Parallel()
	s := storeWithTeams(t, memory(t))
	c, err := create(t.Context(), s, request("", noon), 3)
	if err != nil {
		t.Fatal(err)
	}
	changed := request("", noon)
	changed.Recheck = func(context.Context) error { return api.Fail(api.SecretRevoked, "this key changed") }
	_, createErr := create(t.Context(), s, changed, 3)
	_, moveErr := s.Change(t.Context(), changed, idempotency.Token{}, c.ID, contests.Step{Action: "contest.move", Guard: contests.OfGame("rally"),
		Rule: func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, noon) }})
	if condition(createErr) != api.SecretRevoked || condition(moveErr) != api.SecretRevoked {
		t.Errorf("got %v and %v, want both refused", createErr, moveErr)
	}
	history, _, err := contests.HistoryOf(s, contests.OfTeam, "team_north").Page(t.Context(), contests.Filter{}, 10, "")
	if err != nil || len(history) != 1 || history[0].Status != contests.Ready {
		t.Errorf("got %+v (%v), want one unchanged contest", history, err)
	}
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

// history reads all pages of a history, and fails the test if a page exceeds the limit.
func history(t *testing.T, s *contests.Store, kind contests.Kind, id string, f contests.Filter, limit int) []string {
	t.Helper()
	var found []string
	after := ""
	for range 100 {
		page, next, err := contests.HistoryOf(s, kind, id).Page(t.Context(), f, limit, after)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit {
			t.Errorf("a page of limit %d has %d contests", limit, len(page))
		}
		for _, c := range page {
			found = append(found, c.ID)
		}
		if after = next; next == "" {
			return found
		}
	}
	t.Fatal("the history has more than 100 pages")
	return nil
}

func TestContestIsInTheHistoriesOfItsTeamsOrganisationsAndActiveMembers(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		var created []string
		for i := range 5 {
			c, err := create(t.Context(), s, request("", noon.Add(time.Duration(i)*time.Minute)), 3)
			if err != nil {
				t.Fatal(err)
			}
			created = append(created, c.ID)
		}
		slices.Reverse(created)
		for _, c := range []struct {
			kind contests.Kind
			id   string
			want []string
		}{
			{contests.OfUser, "usr_1", created}, {contests.OfTeam, "team_north", created}, {contests.OfTeam, "team_south", created}, {contests.OfOrg, "org_aurora", created},
			{contests.OfUser, "usr_2", nil}, {contests.OfUser, "usr_3", nil}, // an inactive member, and a stranger
		} {
			for _, limit := range []int{2, 100} {
				if got := history(t, s, c.kind, c.id, contests.Filter{}, limit); !slices.Equal(got, c.want) {
					t.Errorf("%s %s by %d: got %v, want %v", c.kind, c.id, limit, got, c.want)
				}
			}
		}
		from, to := noon.Add(time.Minute), noon.Add(3*time.Minute)
		if got, want := history(t, s, contests.OfUser, "usr_1", contests.Filter{CreatedAfter: &from, CreatedBefore: &to}, 1), created[2:4]; !slices.Equal(got, want) {
			t.Errorf("from the second minute to before the fourth: got %v, want %v", got, want)
		}
	})
}

func TestPageReadsABoundedPartOfAHistoryUnderAnyFilter(t *testing.T) {
	t.Parallel()
	watched := tabletest.NewFaulty(memory(t))
	s := storeWithTeams(t, watched)
	const all = 1000
	for i := range all {
		if _, err := create(t.Context(), s, request("", noon.Add(time.Duration(i)*time.Second)), 3); err != nil {
			t.Fatal(err)
		}
	}
	first := len(watched.Calls())
	page, next, err := contests.HistoryOf(s, contests.OfTeam, "team_north").Page(t.Context(), contests.Filter{Include: []contests.Status{contests.Disputed}}, 25, "")
	if err != nil || len(page) != 0 || next == "" {
		t.Errorf("got %d, %q (%v), want an empty page with a cursor", len(page), next, err)
	}
	read := 0
	for _, c := range watched.Calls()[first:] {
		if read += len(c.Keys); c.Method == "Query" {
			read += c.Query.Limit
		}
	}
	if read > all {
		t.Errorf("one page read up to %d items of %d contests", read, all)
	}
	if got := history(t, s, contests.OfTeam, "team_north", contests.Filter{Include: []contests.Status{contests.Disputed}}, 25); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := history(t, s, contests.OfTeam, "team_north", contests.Filter{Exclude: []contests.Status{contests.Disputed}}, 100); len(got) != all {
		t.Errorf("got %d of %d", len(got), all)
	}
}

func TestConcurrentRequestsWithOneIdempotencyKeyCreateOneContest(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		var group sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			group.Go(func() {
				c, err := create(t.Context(), s, request("once", noon), 3)
				if ids[i] = c.ID; err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if slices.Sort(ids); ids[0] == "" || ids[0] != ids[len(ids)-1] {
			t.Errorf("got contests %v, want one", ids)
		}
		if got := history(t, s, contests.OfUser, "usr_1", contests.Filter{}, 100); len(got) != 1 {
			t.Errorf("the history has %v, want one contest", got)
		}
		if _, err := create(t.Context(), s, request("once", noon), 5); condition(err) != api.ConflictRepeat {
			t.Errorf("another body: got %v, want %s", err, api.ConflictRepeat)
		}
		if c, err := create(t.Context(), s, request("once", noon.Add(idempotency.Life)), 5); err != nil || c.ID == ids[0] {
			t.Errorf("a day later: got %s (%v), want another contest", c.ID, err)
		}
	})
}

func TestConcurrentScoresAreAllStored(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		c, err := create(t.Context(), s, request("", noon), 7)
		if err != nil {
			t.Fatal(err)
		}
		r := request("", noon)
		change := func(rule func(contests.Contest) (contests.Contest, error)) (contests.Contest, error) {
			return s.Change(t.Context(), r, idempotency.Token{}, c.ID, contests.Step{Action: "contest.move", Guard: contests.OfGame("rally"), Rule: rule})
		}
		if _, err := change(func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, noon) }); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var completed atomic.Int64
		for n := 1; n <= 7; n++ {
			group.Go(func() {
				after, err := change(func(c contests.Contest) (contests.Contest, error) {
					after, _, err := c.Score([]contests.MapScore{{Map: n, Home: n % 2, Away: 1 - n%2, Confirmed: true}}, noon)
					return after, err
				})
				switch {
				case err == nil && after.Status == contests.Completed:
					completed.Add(1)
				case err != nil && condition(err) != api.ConflictState: // the contest was completed before
					t.Error(err)
				}
			})
		}
		group.Wait()
		got, err := s.For(&api.Caller{Game: "rally"}).Get(t.Context(), c.ID)
		if err != nil || got.Status != contests.Completed || completed.Load() != 1 || max(got.Home.Wins, got.Away.Wins) != 4 || got.Winner == nil {
			t.Errorf("got %+v (%v), completed %d times, want once with four maps won", got, err, completed.Load())
		}
	})
}

func TestChangeWhoseAnswerIsLostIsAppliedOnce(t *testing.T) {
	t.Parallel()
	for name, methods := range map[string][]string{"unavailable": {"Get"}, "lost": {"Transact"}} {
		for n := 1; n <= 2; n++ {
			t.Run(fmt.Sprintf("%s %d", name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tbl := tabletest.NewFaulty(memory(t))
					s := storeWithTeams(t, tbl)
					fault := map[string]tabletest.Fault{"unavailable": tabletest.Unavailable, "lost": tabletest.Lost}[name]
					tbl.Next(n, fault, methods...)
					c, err := create(t.Context(), s, request("", noon), 1)
					if tbl.Heal(); condition(err) == api.Unavailable && fault == tabletest.Unavailable {
						c, err = create(t.Context(), s, request("", noon), 1)
					}
					if err != nil {
						t.Fatal(err)
					}
					tbl.Next(n, fault, methods...)
					move := func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, noon) }
					after, err := s.Change(t.Context(), request("", noon), idempotency.Token{}, c.ID, contests.Step{Action: "contest.move", Guard: contests.AnyGame, Rule: move})
					tbl.Heal()
					if fault == tabletest.Lost && (err != nil || after.Status != contests.InProgress) {
						t.Errorf("got %s (%v), want the applied change", after.Status, err)
					}
					if fault == tabletest.Unavailable && condition(err) != api.Unavailable {
						t.Errorf("got %v, want %s", err, api.Unavailable)
					}
					if got := history(t, s, contests.OfUser, "usr_1", contests.Filter{}, 10); len(got) != 1 {
						t.Errorf("the history has %v, want one contest", got)
					}
				})
			})
		}
	}
}

// overtaken is a table that applies the next transaction, runs meanwhile, and then
// answers ErrUnavailable.
type overtaken struct {
	table.Table
	meanwhile func()
}

func (o *overtaken) Transact(ctx context.Context, ws []table.Write) error {
	err := o.Table.Transact(ctx, ws)
	if f := o.meanwhile; err == nil && f != nil {
		o.meanwhile = nil
		f()
		return table.ErrUnavailable
	}
	return err
}

func TestChangeWhoseAnswerIsLostSucceedsThoughAnotherChangeFollowed(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		others := storeWithTeams(t, tbl)
		c, err := create(t.Context(), others, request("", noon), 3)
		if err != nil {
			t.Fatal(err)
		}
		step := func(rule func(contests.Contest) (contests.Contest, error)) contests.Step {
			return contests.Step{Action: "contest.move", Guard: contests.AnyGame, Rule: rule}
		}
		o := &overtaken{Table: tbl, meanwhile: func() {
			if _, err := others.Change(t.Context(), request("", noon), idempotency.Token{}, c.ID, step(func(c contests.Contest) (contests.Contest, error) {
				return c.Move(contests.Cancelled, noon)
			})); err != nil {
				t.Error(err)
			}
		}}
		after, err := contests.NewStore(o, claims(t), rand.Reader).Change(t.Context(), request("", noon), idempotency.Token{}, c.ID, step(func(c contests.Contest) (contests.Contest, error) {
			return c.Move(contests.InProgress, noon)
		}))
		if err != nil || after.Status != contests.InProgress {
			t.Errorf("got %s (%v), want %s, which was stored before the other change", after.Status, err, contests.InProgress)
		}
		if got, err := others.For(&api.Caller{Game: "rally"}).Get(t.Context(), c.ID); err != nil || got.Status != contests.Cancelled {
			t.Errorf("got %s (%v), want the later change", got.Status, err)
		}
	})
}

func TestTeamIDIsNeverTheSlugOfAnotherTeam(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		put := func(id, slug string) error {
			_, err := s.Put(t.Context(), request("", noon), contests.OfTeam, contests.Contestant{ID: id, Slug: slug, Name: "N"})
			return err
		}
		if err := put("north", "new"); condition(err) != api.Conflict {
			t.Errorf("an id that is another's slug: got %v", err)
		}
		if err := put("plain", "first"); err != nil {
			t.Fatal(err)
		}
		if err := put("other", "plain"); condition(err) != api.Conflict {
			t.Errorf("a slug that is another's id: got %v", err)
		}
		// A team may use its id as its slug. No other team can take the id, even after the
		// slug has changed.
		for _, slug := range []string{"plain", "second"} {
			if err := put("plain", slug); err != nil {
				t.Fatal(err)
			}
			if err := put("other", "plain"); condition(err) != api.Conflict {
				t.Errorf("with the slug %s: got %v", slug, err)
			}
		}
		if err := put("other", "first"); err != nil {
			t.Errorf("a slug that was released: got %v", err)
		}
		for ref, id := range map[string]string{"north": "team_north", "plain": "plain", "second": "plain", "first": "other"} {
			if got, err := contests.Find(t.Context(), s, contests.OfTeam, ref); err != nil || got.ID != id {
				t.Errorf("%s: got %s (%v), want %s", ref, got.ID, err, id)
			}
		}
	})
}

func TestConcurrentRequestsGiveASlugToOneTeam(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := contests.NewStore(tbl, claims(t), rand.Reader)
		var group sync.WaitGroup
		var winners atomic.Int64
		for i := range 4 {
			group.Go(func() {
				_, err := s.Put(t.Context(), request("", noon), contests.OfTeam, contests.Contestant{ID: fmt.Sprintf("team_%d", i), Slug: "wanted", Name: "W"})
				switch condition(err) {
				case "":
					winners.Add(1)
				case api.Conflict:
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if winners.Load() != 1 {
			t.Errorf("%d teams have the slug, want one", winners.Load())
		}
	})
}

func TestEveryChangeIsAuditedOnceForItsOrganisation(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		c, err := create(t.Context(), s, request("once", noon), 3)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := create(t.Context(), s, request("once", noon), 3); err != nil { // a repeat: returns the stored answer and changes nothing
			t.Fatal(err)
		}
		start := contests.Step{Action: "contest.move", Guard: contests.OfGame("rally"),
			Rule: func(c contests.Contest) (contests.Contest, error) { return c.Move(contests.InProgress, noon) }}
		later := request("", noon.Add(time.Minute))
		if _, err := s.Change(t.Context(), later, idempotency.Token{}, c.ID, start); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Change(t.Context(), later, idempotency.Token{}, c.ID, start); condition(err) != api.ConflictState {
			t.Fatalf("the same step again: got %v, want %s", err, api.ConflictState)
		}
		entries, _, err := audit.New(emptyKeys{}, tbl).For(&api.Caller{Org: "org_1"}).List(t.Context(), audit.Filter{Target: c.ID, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, e := range entries {
			actions = append(actions, e.Action)
		}
		if want := []string{"contest.move", "contest.create"}; !slices.Equal(actions, want) {
			t.Errorf("got %v, want %v", actions, want)
		}
	})
}

// emptyKeys is a keys table without audit entries.
type emptyKeys struct{}

func (emptyKeys) Query(context.Context, table.Query) (table.Page, error) { return table.Page{}, nil }

// TestAHistoryHasEachContestAlthoughReplicasLag reads the contests, but not the entries of
// the history, from a replica that lags.
func TestAHistoryHasEachContestAlthoughReplicasLag(t *testing.T) {
	engines(t, func(t *testing.T, tbl table.Table) {
		s := storeWithTeams(t, tbl)
		c, err := create(t.Context(), s, request("", noon), 3)
		if err != nil {
			t.Fatal(err)
		}
		lagging := contests.NewStore(laggingItems{tbl, tabletest.Lagging{Table: tbl}}, claims(t), rand.Reader)
		found, _, err := lagging.For(&api.Caller{User: "usr_1", Org: "org_1"}).Own().Page(t.Context(), contests.Filter{}, 10, "")
		if err != nil || len(found) != 1 || found[0].ID != c.ID {
			t.Errorf("got %v, %v, want %s", found, err, c.ID)
		}
	})
}

// laggingItems is a table whose queries are up to date, and whose reads of items lag.
type laggingItems struct {
	table.Table
	lags tabletest.Lagging
}

func (l laggingItems) BatchGet(ctx context.Context, keys []table.Key, consistent bool) ([]table.Item, error) {
	return l.lags.BatchGet(ctx, keys, consistent)
}
