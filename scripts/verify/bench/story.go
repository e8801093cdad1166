package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"statgate/scripts/internal/measured"
	"statgate/shared/access/keys"
	"statgate/shared/api"
	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
)

// step is one request of the story. Its texts may have names of variables in braces.
// save sets variables from the answer, for later steps.
type step struct {
	operation string
	note      string // how it differs from the plain request, "" for that
	as        string // variable with the caller's secret
	query     string
	body      string
	save      map[string][]string // variable → path in the answer
	signsIn   bool                // begin a console session with the secret first, and set the variable session
}

// story calls every operation of the route table with a typical request. It can run
// repeatedly, because it creates everything that it changes.
var story = []step{
	{operation: "listLeagues", as: "client"},
	{operation: "getLeague", as: "client"},
	{operation: "listSeasons", as: "client"},
	{operation: "getStandings", as: "client"},
	{operation: "listTeams", as: "client", query: "limit=50"},
	{operation: "getTeam", as: "client"},
	{operation: "listTeamMatches", as: "client", query: "limit=50"},
	{operation: "listMatches", as: "client", query: "limit=50", save: map[string][]string{"cursor": {"next_cursor"}, "match": {"data", "0", "id"}}},
	{operation: "listMatches", note: "next page", as: "client", query: "limit=50&cursor={cursor}"},
	{operation: "listMatches", note: "a season", as: "client", query: "limit=50&league={league}&season={season}"},
	{operation: "getMatch", as: "client"},
	{operation: "getHeadToHead", as: "client"},
	{operation: "listMatchEvents", as: "client"},
	{operation: "getMatchStats", as: "client"},
	{operation: "getMatchLineups", as: "client"},
	{operation: "listChanges", as: "client", query: "limit=50", save: map[string][]string{"position": {"next_cursor"}}},
	{operation: "listChanges", note: "next page", as: "client", query: "limit=50&after={position}", save: map[string][]string{"position": {"next_cursor"}}},
	{operation: "listChanges", note: "nothing new", as: "client", query: "limit=50&after={position}"},
	{operation: "listAllSeasons", as: "client", query: "limit=50"},
	{operation: "listPlayers", as: "client", query: "limit=50"},
	{operation: "getPlayer", as: "client"},
	{operation: "listStats", as: "client", query: "limit=50"},
	{operation: "callMCP", note: "matches", as: "agent", body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"matches","arguments":{"league":"{league}"}}}`,
		save: map[string][]string{"listed": {"result", "structuredContent", "rows", "0", "id"}}},
	{operation: "callMCP", note: "standings", as: "agent", body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"standings","arguments":{"league":"{league}"}}}`,
		save: map[string][]string{"table": {"result", "structuredContent", "league"}}},
	{operation: "createMatch", as: "writer", body: `{"home":{"name":"{serial}"},"away":{"name":"Visitors"},"date":"2026-05-02"}`, save: map[string][]string{"match": {"id"}}},
	{operation: "updateMatch", as: "writer", body: `{"status":"live","score":{"full_time":{"home":0,"away":0}}}`},
	{operation: "deleteMatch", as: "writer"},

	{operation: "createKey", as: "admin", body: `{"name":"Demo","scopes":["read:matches"],"expires_in":"30d"}`,
		save: map[string][]string{"key": {"id"}, "created": {"secret"}}},
	{operation: "listKeys", as: "admin"},
	{operation: "getKey", as: "admin"},
	{operation: "updateKey", as: "admin", body: `{"name":"Demo again"}`},
	{operation: "updateKey", note: "scopes", as: "admin", body: `{"scopes":["read:matches","read:teams"]}`},
	{operation: "getKeyUsage", as: "admin"},
	{operation: "rotateKey", as: "admin", body: `{"overlap":"1h"}`, save: map[string][]string{"created": {"secret"}}},
	{operation: "getSelf", as: "created"},
	{operation: "createToken", as: "created", body: `{"expires_in":"5m"}`},
	{operation: "revokeSelf", as: "created"},
	{operation: "createKey", note: "another", as: "admin", body: `{"name":"Demo","scopes":["read:matches"]}`, save: map[string][]string{"key": {"id"}}},
	{operation: "revokeKey", as: "admin"},
	{operation: "listAudit", as: "admin", query: "limit=50"},
	{operation: "listSessions", as: "admin", signsIn: true},
	{operation: "endSession", as: "admin"},
	{operation: "endSessions", as: "admin", signsIn: true},

	{operation: "createWebhook", as: "subscriber", body: `{"url":"https://example.com/demo"}`, save: map[string][]string{"webhook": {"id"}}},
	{operation: "listWebhooks", as: "subscriber"},
	{operation: "getWebhook", as: "subscriber"},
	{operation: "updateWebhook", as: "subscriber", body: `{"types":["match.updated"]}`},
	{operation: "rotateWebhook", as: "subscriber", body: `{"overlap":"1h"}`},
	{operation: "createDelivery", as: "subscriber", body: `{}`},
	{operation: "listDeliveries", as: "subscriber", query: "limit=50"},
	{operation: "deleteWebhook", as: "subscriber"},

	{operation: "createReplay", as: "rehearser", body: `{"match":"{finished}","speed":1}`, save: map[string][]string{"replay": {"id"}}},
	{operation: "listReplays", as: "rehearser"},
	{operation: "getReplay", as: "rehearser"},
	{operation: "updateReplay", as: "rehearser", body: `{"paused":true}`},
	{operation: "deleteReplay", as: "rehearser"},

	{operation: "listOrgs", as: "operator", query: "limit=50"},
	{operation: "createOrg", as: "operator", body: `{"name":"Demo","plan":"PRO","owner":"{serial}@example.com"}`, save: map[string][]string{"org": {"id"}}},
	{operation: "getOrg", as: "operator"},
	{operation: "getOrgUsage", as: "operator"},
	{operation: "visitOrg", as: "operator"},
	{operation: "updateOrg", as: "operator", body: `{"name":"Demo again"}`},
	{operation: "addMember", as: "operator", body: `{"email":"{serial}-2@example.com","role":"member"}`, save: map[string][]string{"user": {"user"}}},
	{operation: "createPortalLink", as: "operator"},
	{operation: "listMembers", as: "operator"},
	{operation: "updateMember", as: "operator", body: `{"role":"admin"}`},
	{operation: "removeMember", as: "operator"},
}

// stepCost is the store calls and units of a step.
type stepCost struct {
	step
	route api.Route
	calls []call
	units map[string]measured.Units
}

// storyRunner runs the story on a fixture with a tape.
type storyRunner struct {
	*fixture
	routes map[string]api.Route
	vars   map[string]string
}

// newStoryRunner fills a deployment with the simulated league and creates a key for each
// kind of caller.
func newStoryRunner(ctx context.Context, e *engine) (*storyRunner, error) {
	w, err := newFixture(ctx, e, stoppedClock())
	if err != nil {
		return nil, err
	}
	r := &storyRunner{fixture: w, routes: map[string]api.Route{}, vars: map[string]string{"operator": w.operator}}
	for _, route := range api.For(w.contract) {
		r.routes[route.Operation] = route
	}
	sim := simulation.New(1, w.clock())
	if _, err := importer.Put(ctx, e.stats, w.clock, importer.Simulated(sim)); err != nil {
		return nil, fmt.Errorf("storing the simulated league: %w", err)
	}
	if err = changes.NewAppender(e.stats, w.clock).Append(ctx, simulatedChanges(sim, w.clock(), 75, "")...); err != nil {
		return nil, fmt.Errorf("filling the change feed: %w", err)
	}
	for name, scopes := range map[string][]string{"writer": {"write:matches"}, "subscriber": {"write:webhooks", "read:matches"}, "rehearser": {"write:replays", "read:matches"}, "client": readScopes, "agent": {"mcp:invoke", "read:leagues", "read:matches"}, "admin": manageScopes} {
		if r.vars[name], err = w.key(ctx, scopes...); err != nil {
			return nil, err
		}
	}
	return r, r.findData(ctx, sim)
}

// simulatedChanges returns n changes of the simulated league. The mark makes their event ids
// differ from those of other marks.
func simulatedChanges(sim simulation.League, now time.Time, n int, mark string) []changes.Change {
	var all []changes.Change
	for i := range n {
		team, version := sim.Teams[i%len(sim.Teams)].ID, int64(i+1)
		all = append(all, changes.Change{Event: events.ID("evt_", now, mark+fmt.Sprint(i)), Type: events.MatchUpdated, ID: "m_3vtsl7lq2ehtu", Match: "m_3vtsl7lq2ehtu",
			League: &sim.League.ID, Teams: []string{team, team}, Owner: matches.Public, Version: &version, ChangedAt: now})
	}
	return all
}

// findData sets the variables of a league, a season, a team, two matches and a player.
func (r *storyRunner) findData(ctx context.Context, sim simulation.League) error {
	r.vars["league"], r.vars["season"] = sim.League.ID, sim.Seasons[0].ID
	list, err := r.must(ctx, r.vars["client"], http.MethodGet, r.routes["listMatches"].Path+"?limit=1", "")
	if err != nil {
		return err
	}
	r.vars["match"], r.vars["team"] = list.field("data", "0", "id"), list.field("data", "0", "home", "id")
	// The latest finished matches of the simulated league have reports.
	if list, err = r.must(ctx, r.vars["client"], http.MethodGet, r.routes["listMatches"].Path+"?limit=1&status=finished&order=desc", ""); err != nil {
		return err
	}
	r.vars["finished"] = list.field("data", "0", "id")
	if list, err = r.must(ctx, r.vars["client"], http.MethodGet, r.routes["listPlayers"].Path+"?limit=1", ""); err != nil {
		return err
	}
	r.vars["player"] = list.field("data", "0", "id")
	return nil
}

// run runs the story once and returns the cost of each step. Before each step, a request
// that is not counted makes the gateway cache the caller's policy.
func (r *storyRunner) run(ctx context.Context) ([]stepCost, error) {
	r.vars["serial"] = fmt.Sprint("m", time.Now().UnixNano())
	var all []stepCost
	for _, s := range story {
		route := r.routes[s.operation]
		if _, err := r.must(ctx, r.vars[s.as], http.MethodGet, r.routes["getSelf"].Path, ""); err != nil {
			return nil, fmt.Errorf("caching the policy: %w", err)
		}
		if s.signsIn {
			opened, err := r.Keys.BeginWithKey(ctx, keys.SignIn{At: r.clock()}, r.vars[s.as])
			if err != nil {
				return nil, fmt.Errorf("signing in: %w", err)
			}
			r.vars["session"] = opened.Session.ID
		}
		target := r.expand(route.Path)
		if s.query != "" {
			target += "?" + r.expand(s.query)
		}
		r.tape.rewind()
		a, err := r.must(ctx, r.vars[s.as], route.Method, target, r.expand(s.body))
		if err != nil {
			return nil, err
		}
		one := stepCost{step: s, route: route}
		one.calls, one.units = r.tape.recorded()
		all = append(all, one)
		for name, path := range s.save {
			if r.vars[name] = a.field(path...); r.vars[name] == "" {
				return nil, fmt.Errorf("%s: the answer has no %v: %s", s.operation, path, a.body)
			}
		}
	}
	return all, nil
}

// expand replaces the names in braces with the variables.
func (r *storyRunner) expand(text string) string {
	for name, value := range r.vars {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
