package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/players"
	"statgate/shared/table"
)

// step is one operation of a story: who asks, with what, and what is kept of the
// answer for later steps. Text in braces is a name that was kept.
type step struct {
	operation string
	note      string // what is special about it, "" for the plain call
	as        string // name of a secret
	query     string
	body      string
	keep      map[string][]string // name → path in the answer
}

// story calls every operation of the route table, each as it is meant to be
// called. It can be told again and again: whatever it changes it makes first.
var story = []step{
	{operation: "listLeagues", as: "client"},
	{operation: "getLeague", as: "client"},
	{operation: "listSeasons", as: "client"},
	{operation: "getStandings", as: "client"},
	{operation: "listTeams", as: "client", query: "limit=50"},
	{operation: "getTeam", as: "client"},
	{operation: "listTeamMatches", as: "client", query: "limit=50"},
	{operation: "listMatches", as: "client", query: "limit=50", keep: map[string][]string{"cursor": {"next_cursor"}, "match": {"data", "0", "id"}}},
	{operation: "listMatches", note: "next page", as: "client", query: "limit=50&cursor={cursor}"},
	{operation: "listMatches", note: "a season", as: "client", query: "limit=50&league={league}&season={season}"},
	{operation: "getMatch", as: "client"},
	{operation: "getHeadToHead", as: "client"},
	{operation: "listMatchEvents", as: "client"},
	{operation: "getMatchStats", as: "client"},
	{operation: "getMatchLineups", as: "client"},
	{operation: "listAllSeasons", as: "client", query: "limit=50"},
	{operation: "listPlayers", as: "client", query: "limit=50"},
	{operation: "getPlayer", as: "client"},
	{operation: "listStats", as: "client", query: "limit=50"},
	{operation: "createMatch", as: "writer", body: `{"home":{"name":"{serial}"},"away":{"name":"Visitors"},"date":"2026-05-02"}`, keep: map[string][]string{"match": {"id"}}},
	{operation: "updateMatch", as: "writer", body: `{"status":"live","score":{"full_time":{"home":0,"away":0}}}`},
	{operation: "deleteMatch", as: "writer"},

	{operation: "createKey", as: "admin", body: `{"name":"Told","scopes":["read:matches"],"expires_in":"30d"}`,
		keep: map[string][]string{"key": {"id"}, "told": {"secret"}}},
	{operation: "listKeys", as: "admin"},
	{operation: "getKey", as: "admin"},
	{operation: "updateKey", as: "admin", body: `{"name":"Told again"}`},
	{operation: "updateKey", note: "scopes", as: "admin", body: `{"scopes":["read:matches","read:teams"]}`},
	{operation: "getKeyUsage", as: "admin"},
	{operation: "rotateKey", as: "admin", body: `{"overlap":"1h"}`, keep: map[string][]string{"told": {"secret"}}},
	{operation: "getSelf", as: "told"},
	{operation: "createToken", as: "told", body: `{"expires_in":"5m"}`},
	{operation: "revokeSelf", as: "told"},
	{operation: "createKey", note: "another", as: "admin", body: `{"name":"Told","scopes":["read:matches"]}`, keep: map[string][]string{"key": {"id"}}},
	{operation: "revokeKey", as: "admin"},
	{operation: "listAudit", as: "admin", query: "limit=50"},

	{operation: "createWebhook", as: "subscriber", body: `{"url":"https://example.com/told"}`, keep: map[string][]string{"webhook": {"id"}}},
	{operation: "listWebhooks", as: "subscriber"},
	{operation: "getWebhook", as: "subscriber"},
	{operation: "updateWebhook", as: "subscriber", body: `{"types":["match.updated"]}`},
	{operation: "rotateWebhook", as: "subscriber", body: `{"overlap":"1h"}`},
	{operation: "createDelivery", as: "subscriber", body: `{}`},
	{operation: "listDeliveries", as: "subscriber", query: "limit=50"},
	{operation: "deleteWebhook", as: "subscriber"},

	{operation: "listOrgs", as: "operator", query: "limit=50"},
	{operation: "createOrg", as: "operator", body: `{"name":"Told","plan":"PRO","owner":"{serial}@example.com"}`, keep: map[string][]string{"org": {"id"}}},
	{operation: "getOrg", as: "operator"},
	{operation: "updateOrg", as: "operator", body: `{"name":"Told again"}`},
	{operation: "addMember", as: "operator", body: `{"email":"{serial}-2@example.com","role":"member"}`, keep: map[string][]string{"user": {"user"}}},
	{operation: "listMembers", as: "operator"},
	{operation: "updateMember", as: "operator", body: `{"role":"admin"}`},
	{operation: "removeMember", as: "operator"},
}

// told is what a step cost.
type told struct {
	step
	route api.Route
	calls []call
	units map[string]measured.Units
}

// teller tells stories to a deployment that is on tape.
type teller struct {
	*world
	routes map[string]api.Route
	kept   map[string]string
}

// newTeller fills a deployment with the simulated league and a key for each kind of
// caller.
func newTeller(ctx context.Context, e *engine) (*teller, error) {
	w, err := found(ctx, e, stopped())
	if err != nil {
		return nil, err
	}
	t := &teller{world: w, routes: map[string]api.Route{}, kept: map[string]string{"operator": w.operator}}
	for _, r := range api.For(w.contract) {
		t.routes[r.Operation] = r
	}
	sim := simulation.New(1, w.clock())
	if _, err := importer.Put(ctx, e.stats, w.clock, importer.Simulated(sim)); err != nil {
		return nil, fmt.Errorf("storing the simulated league: %w", err)
	}
	if err := t.player(ctx); err != nil {
		return nil, err
	}
	for name, scopes := range map[string][]string{"writer": {"write:matches"}, "subscriber": {"write:webhooks", "read:matches"}, "client": readScopes, "admin": manageScopes} {
		if t.kept[name], err = w.key(ctx, scopes...); err != nil {
			return nil, err
		}
	}
	return t, t.look(ctx, sim)
}

// player stores one, as no source of ours knows any.
func (t *teller) player(ctx context.Context) error {
	it, err := table.Encode(players.Player{ID: "somebody", Name: "Some Body"})
	if err != nil {
		return fmt.Errorf("encoding a player: %w", err)
	}
	it[table.PartitionAttr], it[table.SortAttr] = "PLAYERS", "somebody"
	if _, err := t.stats.Write(ctx, table.Put(it)); err != nil {
		return fmt.Errorf("storing a player: %w", err)
	}
	t.kept["player"] = "somebody"
	return nil
}

// look finds a league, a season, a team and a match to ask for.
func (t *teller) look(ctx context.Context, sim simulation.League) error {
	t.kept["league"], t.kept["season"] = sim.League.ID, sim.Seasons[0].ID
	list, err := t.must(ctx, t.kept["client"], http.MethodGet, t.routes["listMatches"].Path+"?limit=1", "")
	if err != nil {
		return err
	}
	t.kept["match"], t.kept["team"] = list.field("data", "0", "id"), list.field("data", "0", "home", "id")
	return nil
}

// tell goes through the story once and returns what each step cost. The policy of
// whoever asks is cached before, by a call that is not counted.
func (t *teller) tell(ctx context.Context) ([]told, error) {
	t.kept["serial"] = fmt.Sprint("m", time.Now().UnixNano())
	var all []told
	for _, s := range story {
		route := t.routes[s.operation]
		if _, err := t.must(ctx, t.kept[s.as], http.MethodGet, t.routes["getSelf"].Path, ""); err != nil {
			return nil, fmt.Errorf("caching the policy: %w", err)
		}
		target := t.fill(route.Path)
		if s.query != "" {
			target += "?" + t.fill(s.query)
		}
		t.tape.rewind()
		a, err := t.must(ctx, t.kept[s.as], route.Method, target, t.fill(s.body))
		if err != nil {
			return nil, err
		}
		one := told{step: s, route: route}
		one.calls, one.units = t.tape.recorded()
		all = append(all, one)
		for name, path := range s.keep {
			if t.kept[name] = a.field(path...); t.kept[name] == "" {
				return nil, fmt.Errorf("%s answers no %v: %s", s.operation, path, a.body)
			}
		}
	}
	return all, nil
}

// fill puts what was kept for the names in braces.
func (t *teller) fill(text string) string {
	for name, value := range t.kept {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
