package fanout_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/access/idempotency"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
	"statgate/shared/table/tabletest"
)

// arena is a fixture with contests.
type arena struct {
	*fixture
	contests *contests.Store
}

func newArena(t *testing.T) *arena {
	t.Helper()
	w := newFixture(t, "teambattles")
	return &arena{w, contests.NewStore(w.stats, w.keys, rand.Reader)}
}

func (a *arena) caller(org, user string) *api.Request {
	route, _ := api.Find("createWebhook")
	return &api.Request{ID: rand.Text(), Route: route, Now: now, Caller: &api.Caller{Org: org, User: user, Key: "key_" + user, Permissions: []string{"webhooks:write"}}}
}

// org stores an organisation with its approvals and its members.
func (a *arena) org(id, approvals string, members ...string) {
	a.t.Helper()
	at := orgs.Key(id)
	all := []table.Item{{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "id": id, "approvals": approvals}}
	for _, user := range members {
		at := orgs.MemberKey(id, user)
		all = append(all, table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "user": user, "role": "owner", "state": orgs.Active})
	}
	for _, it := range all {
		if _, err := a.keys.Write(a.t.Context(), table.Put(it)); err != nil {
			a.t.Fatal(err)
		}
	}
}

// contestHook makes a webhook for which a user acts.
func (a *arena) contestHook(org, user string, types ...string) webhooks.Webhook {
	a.t.Helper()
	made, err := a.webhooks.Create(a.t.Context(), a.caller(org, user), webhooks.Spec{URL: "https://example.com/hook", Types: types})
	if err != nil {
		a.t.Fatal(err)
	}
	a.clock = a.clock.Add(time.Minute)
	return made.Webhook
}

func (a *arena) team(name string, members ...string) {
	a.t.Helper()
	p := contests.Contestant{ID: "team_" + name, Slug: name, Name: name}
	for _, user := range members {
		p.Members = append(p.Members, contests.Member{User: user, State: contests.Active})
	}
	if _, err := a.contests.Put(a.t.Context(), a.caller("org_operator", "usr_operator"), contests.OfTeam, p); err != nil {
		a.t.Fatal(err)
	}
}

// created is the change that creates a contest of a game between two teams.
func (a *arena) created(game, home, away string) table.Change {
	a.t.Helper()
	c, err := a.contests.Create(a.t.Context(), a.caller("org_operator", "usr_operator"), idempotency.Token{}, contests.Spec{Game: game, Home: home, Away: away, BestOf: 3, Status: contests.Ready})
	if err != nil {
		a.t.Fatal(err)
	}
	it, err := a.stats.Get(a.t.Context(), table.Key{Partition: "CONTEST#" + c.ID, Sort: "CONTEST"}, true)
	if err != nil {
		a.t.Fatal(err)
	}
	return table.Change{ID: "change " + c.ID, Time: now, New: it}
}

// recipients lists the webhooks for which deliveries were queued since the last call.
func (a *arena) recipients() string {
	var all []string
	for _, d := range a.takeQueued() {
		all = append(all, d.Webhook)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

func TestAContestReachesItsGamesDeveloperAndItsPlayersAndNoOthers(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.org("org_game", "game:rally general")
	a.org("org_north", "general", "usr_north")
	a.org("org_south", "general", "usr_south")
	a.org("org_unapproved", "game:rally", "usr_north")
	a.org("org_left", "general") // usr_north is no member of it
	a.org("org_chess", "game:chess general", "usr_other")
	game, north, south := a.contestHook("org_game", "usr_nobody", "match.created"), a.contestHook("org_north", "usr_north", "match.created"), a.contestHook("org_south", "usr_south", "match.created")
	a.contestHook("org_unapproved", "usr_north", "match.created")
	a.contestHook("org_left", "usr_north", "match.created")
	chess := a.contestHook("org_chess", "usr_other", "match.created")
	a.contestHook("org_north", "usr_other", "match.created") // of the organisation, but acts for another user
	a.contestHook("org_north", "usr_north", "match.started")
	a.team("north", "usr_north")
	a.team("south", "usr_south")
	a.team("others", "usr_other")
	is := func(what string, c table.Change, want ...webhooks.Webhook) {
		t.Helper()
		a.read(c)
		var ids []string
		for _, w := range want {
			ids = append(ids, w.ID)
		}
		slices.Sort(ids)
		if got := a.recipients(); got != strings.Join(ids, " ") {
			t.Errorf("%s: got %s, want %v", what, got, ids)
		}
	}
	is("north against south in rally", a.created("rally", "north", "south"), game, north, south)
	is("others against south in chess", a.created("chess", "others", "south"), chess, south)
	is("north against others in a game without a developer", a.created("golf", "north", "others"), north, chess)
	a.team("north") // the player leaves the team
	is("after the player left", a.created("rally", "north", "south"), game, south)
	a.org("org_south", "", "usr_south") // the approval is withdrawn
	a.clock = a.clock.Add(time.Hour)
	is("after the withdrawal", a.created("rally", "north", "south"), game)
}

func TestAContestEventHasTheContractsBody(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.org("org_game", "game:rally general")
	a.contestHook("org_game", "usr_1", "match.created")
	a.team("north")
	a.team("south")
	change := a.created("rally", "north", "south")
	a.read(change)
	queued := a.takeQueued()
	if len(queued) != 1 {
		t.Fatalf("got %v", queued)
	}
	attempt, _, err := a.webhooks.Begin(t.Context(), queued[0], now)
	if err != nil || attempt == nil {
		t.Fatalf("got %v, %v", attempt, err)
	}
	want := fmt.Sprintf(`{"id":%q,"event":"match.created","created_at":%d,"data":{"matchId":%q,"gameId":"rally","creatorTeamId":"team_north","acceptedTeamId":"team_south"}}`,
		attempt.Event, now.UnixMilli(), change.New.Str("id"))
	if got := string(attempt.Body); got != want || attempt.Type != "match.created" {
		t.Errorf("got %s of the type %s, want %s", got, attempt.Type, want)
	}
}

func TestAContestBatchThatFailsAnywhereIsCompleteAfterARetry(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(a *arena){
		"the members of the teams": func(a *arena) { a.stats.Next(1, tabletest.Unavailable, "BatchGet") },
		"the approvals":            func(a *arena) { a.keys.Next(1, tabletest.Unavailable, "Query") },
		"a delivery":               func(a *arena) { a.keys.Next(1, tabletest.Throttled, "Write") },
	} {
		a := newArena(t)
		a.org("org_north", "general", "usr_north")
		hook := a.contestHook("org_north", "usr_north", "match.created")
		a.team("north", "usr_north")
		a.team("south")
		change := a.created("rally", "north", "south")
		a.read() // the list of webhooks, which is cached from now on
		fail(a)
		if err := a.Read(t.Context(), []table.Change{change}); err == nil {
			t.Errorf("%s: nothing failed", name)
		}
		a.keys.Heal()
		a.stats.Heal()
		a.read(change)
		if got := a.recipients(); got != hook.ID {
			t.Errorf("%s: got %q, want %s", name, got, hook.ID)
		}
	}
}

func TestAnUnreadableContestIsDroppedAndBlocksNothing(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.org("org_game", "game:rally general")
	hook := a.contestHook("org_game", "usr_1", "match.created")
	a.team("north")
	a.team("south")
	a.read(table.Change{ID: "odd", Time: now, New: table.Item{table.PartitionAttr: "CONTEST#con_1", table.SortAttr: "CONTEST", "maps": "many"}}, a.created("rally", "north", "south"))
	if got, log := a.recipients(), a.log.String(); got != hook.ID || !strings.Contains(log, `"change":"odd"`) {
		t.Errorf("got %s and the log %s", got, log)
	}
}
