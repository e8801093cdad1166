package preset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

func TestEveryPresetCompiles(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		if c, err := preset.Load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.Name != name {
			t.Errorf("preset %s has the name %s", name, c.Name)
		}
	}
}

func TestKeyManagementHas120RequestsAMinuteUnlessTheContractSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil || c.Management != (contract.Budget{Limit: 120, Window: 60}) {
			t.Errorf("%s: got %+v, %v", name, c.Management, err)
		}
	}
	raw, err := os.ReadFile("presets/balla.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := preset.Compile("x.yaml", append(raw, "\nmanagement: 300/min\n"...))
	if err != nil || c.Management != (contract.Budget{Limit: 300, Window: 60}) {
		t.Errorf("with 300/min: got %+v, %v", c, err)
	}
}

// invalid are changes of the preset statgate, and what the refusal says.
var invalid = []struct{ old, new, want string }{
	{"requests: 100/h", "requests: 100/h, management: 3/h", "budgets.management: is the name of key management's own budget"},
	{"title: Statgate", "title: Statgate\nmanagement: 100/h", "x.yaml:4:13: management: must be a rate of at least 1/min, got \"100/h\""},
	{"title: Statgate", "title: Statgate\nmanagement: 0/min", "management: must be a rate of at least 1/min"},
	{"title: Statgate", "title: Statgate\nmanagement: 100", "management: must be a rate of at least 1/min"},
	{"title: Statgate", "title: Statgate\nmanagement: many", "management: must be a rate such as"},
	{"base: /v1", "base: v1", "x.yaml:4:7: base"},
	{"title: Statgate", "titel: Statgate", "x.yaml:3:1: unknown field"},
	{"requests: 100/h", "requests: 100/day", "budgets.requests: window must be min or h"},
	{"requests: 100/h", "requests: 100/h, r: 3/h", "budgets: r is the name under which the gate counts another budget"},
	{"requests: 100/h", "requests: 100/h, mcp: 3/min", "budgets.mcp: must have the same window as requests"},
	{"random_bytes: 24", "random_bytes: many", "x.yaml:10:17:"},
	{"default_plan: PRO", "default_plan: GOLD", "must be a plan of this contract, got \"GOLD\""},
	{"  listTeams: {}", "  listNothing: {}", "operations.listNothing"},
	{"getLeague: {}", "getLeague: {path: /leagues}", "must have the parameters [league], got []"},
	{"  listTeams: {}", "  listTeams: {}\n  getReady: {path: /v1/readyz}", "operations.getReady.path: must be outside of the base /v1, got \"/v1/readyz\""},
	{"getTeam: {}", "getTeam: {budget: lookups}", "plan FREE has no rate \"lookups\""},
	{"getTeam: {}", "getTeam: {path: \"/football/leagues/{league}\"}", "operations.getTeam.path"},
	{"$next, total: $total", "$nxet, total: $total", "must be one of the slots $items"},
	{"  quota: {status: 429", "  qouta: {status: 429", "conditions.qouta: unknown condition"},
	{"  style: cursor", "  style: page\n  cursor_life: 1h", "paging.cursor_life: requires style cursor"},
	{"  style: cursor", "  style: cursor\n  cursor_life: soon", "must be a duration"},
	{"grants: [\"teams:read\"]", "grants: [\"teams:read\"], needs: luck", "must be one of general, game, got \"luck\""},
	{"over: refuse", "over: refused", "must be one of refuse, clamp"},
	{"grants: [\"teams:read\"]", "grants: [\"keys:write\"]", "belongs to key management"},
	{"name: statgate", "name: [", "x.yaml:"},
	{"style: cursor", "style: cursor\n  count: true", "paging.count: requires style page or offset"},
	{"max_life: 1y", "max_life: 1y\n  expiry_choices: [30d, 2y]", "keys.expiry_choices: must be longer than 0s and at most max_life, got \"2y\""},
	{"max_life: 1y", "max_life: 1y\n  expiry_choices: [soon]", "keys.expiry_choices: must be a duration"},
	{"listMatches: {}", "listMatches: {names: {leage: l}}", "operations.listMatches.names.leage: must be a query parameter or field"},
	{"listMatches: {}", "listMatches: {names: {league: x, season: x}}", "operations.listMatches.names.season: \"x\" is already the name"},
	{"listMatches: {}", "listMatches: {names: {league: limit}}", "operations.listMatches.names.league: \"limit\" is already the name"},
	{"listMatches: {}", "listMatches: {names: {league: page}}", "operations.listMatches.names.league: \"page\" is already the name"},
	{"listMatches: {}", "listMatches: {names: {league: api_key}}", "operations.listMatches.names.league: \"api_key\" is already the name"},
	{"listMatches: {}", "listMatches: {names: {league: season, season: league}}", "operations.listMatches.names.league: \"season\" is already the name"},
	{"listTeamMatches: {}", "listTeamMatches: {names: {order: team}}", "operations.listTeamMatches.names.order: \"team\" is already the name"},
	{"listTeamMatches: {}", "listTeamMatches: {names: {team: club}}", "operations.listTeamMatches.names.team: must be a query parameter or field"},
	{"listMatches: {}", "listMatches: {names: {league: \"a b\"}}", "must be 1–64 letters, digits, _ and -"},
	{"getTeam: {}", "getTeam: {limit: {default: 5, min: 1, max: 9, over: clamp}}", "operations.getTeam.limit: is allowed only for lists with pages"},
	{"createMatch: {}", "createMatch: {method: GET}", "operations.createMatch.method: must be one of PATCH, POST, PUT, got \"GET\""},
	{"getTeam: {}", "getTeam: {method: POST}", "operations.getTeam.method: must be one of GET, got \"POST\""},
	{"listTeams: {}", "listTeams: {path: \"/football/teams/{team}\"}", "must have the parameters [], got [team]"},
	{"listPlayers: {}", "listPlayers: {path: /football/teams}", "has the same method and path as"},
	{"getPlayer: {}", "getPlayer: {path: \"/football/teams/{player}\"}", "API Gateway allows one variable at a place"},
	{"grants: [\"teams:read\"]", "grants: [\"teams:fly\"]", "no operation requires the permission \"teams:fly\""},
	{"grants: [\"teams:read\"]", "grants: [\"taems:read\"]", "no operation requires the permission \"taems:read\""},
	{"grants: [\"teams:read\"]", "grants: [\"teams:\"]", "must be permissions such as matches:read"},
	{"style: list", "style: list\n  verbs: [{name: r, verb: read}]", "scopes.verbs: is not allowed for style list"},
	{"style: list", "style: grid", "verbs is required for style grid"},
	{"name: PRO, keys: 3", "name: FREE, keys: 3", "plans.FREE: names must be unique"},
	{"requests: 100/h", "requests: 0/h", "budgets.requests: must be 1–"},
	{"live: sg_live_, test: sg_test_", "live: sg_, test: sg_test_", "must not begin like the prefix of"},
	{"live: sg_live_, test: sg_test_", "live: sg_live_, test: sg_live_", "must not begin like the prefix of"},
	{"random_bytes: 24", "random_bytes: -1", "secret.random_bytes: must be 16–64, got -1"},
	{"http: [bearer, x-api-key]", "http: [bearer, bearer]", "must list bearer only once"},
	{"data: $items, next_cursor: $next", "data: $items", "shapes.list: must have the slot $next"},
	{"request_id: $request_id", "request_id: {}", "request_id: must not be empty"},
	{"remaining: X-RateLimit-Remaining", "remaining: X-RateLimit-Limit", "meter.remaining: must be a header name that is used only once"},
	{"remaining: X-RateLimit-Remaining", "remaining: Content-Type", "Content-Type has another meaning"},
	{"title: Statgate", "title: \"Stat\\u202egate\"", "x.yaml:3:8: title: must not contain the character U+202E"},
	{"unavailable: {status: 503", "unavailable: {status: 401", "conditions.unavailable: must have a status of 500–599, got 401"},
	{"not_found: {status: 404", "not_found: {status: 500", "conditions.not_found: must have a status of 400–499, got 500"},
	{"max_life: 1y", "max_life: 1y\n  expiry_choices: [30d, 30d]", "keys.expiry_choices: must list 30d only once"},
	{"max_life: 1y", "max_life: 0s", "keys.max_life: must be longer than 0s"},
	{"getLeague: {}", "getLeague:", "operations.getLeague"},
	{"title: Statgate", "title: Statgate\nids: ulid", "ids: must be one of uuid, got \"ulid\""},
	{"callMCP: {}", "callMCP: {method: PUT}", "operations.callMCP.method: must be POST, as in the protocol, got \"PUT\""},
	{"callMCP: {}", "callMCP: {names: {method: call}}", "operations.callMCP.names: is not allowed"},
	{"callMCP: {}", "callMCP: {}\n  streamMCP: {path: /events}", "operations.streamMCP: requires callMCP at the same path"},
	{"  callMCP: {}\n", "", "mcp: requires the operation callMCP"},
	{"mcp:\n  offers: [find, matches, match, standings, head_to_head, team, player, usage]\n", "", "operations.callMCP: requires mcp, which names the tools"},
	{"offers: [find,", "offers: [fnid,", "mcp.offers: must be different tools of the server, got \"fnid\""},
	{"offers: [find,", "offers: [find, find,", "mcp.offers: must be different tools of the server, got \"find\""},
	{"offers: [find, matches, match, standings, head_to_head, team, player, usage]", "offers: []", "mcp.offers: minItems: got 0, want 1"},
	{"offers: [find,", "tools: together\n  offers: [find,", "mcp.tools: must be one of scoped, alone, got \"together\""},
	{"offers: [find,", "used_up: silence\n  offers: [find,", "mcp.used_up: must be one of result, error, got \"silence\""},
	{"grants: [\"mcp:invoke\"]", "grants: [\"teams:read\"]", "operations.callMCP: no scope grants mcp:invoke"},
	{"grants: [\"players:read\"]", "grants: [\"teams:read\"]", "mcp.offers: no scope grants players:read, which the tool player needs"},
}

func TestInvalidContractIsRefusedWithThePlaceOfTheProblem(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("presets/statgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range invalid {
		if !strings.Contains(string(good), c.old) {
			t.Fatalf("the preset has no %q to replace", c.old)
		}
		_, err := preset.Compile("x.yaml", []byte(strings.Replace(string(good), c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.new, err, c.want)
			continue
		}
		placed(t, good, err)
	}
}

// TestEventStreamMayNameThePathThatIsTheDefault spells one path in both ways.
func TestEventStreamMayNameThePathThatIsTheDefault(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("presets/statgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, operations := range []string{"callMCP: {}\n  streamMCP: {path: /mcp}", "callMCP: {path: /mcp}\n  streamMCP: {}", "callMCP: {path: /agents}\n  streamMCP: {path: /agents}"} {
		if _, err := preset.Compile("x.yaml", []byte(strings.Replace(string(good), "callMCP: {}", operations, 1))); err != nil {
			t.Errorf("%s: %v", operations, err)
		}
	}
}

func TestInvalidGridLevelsAndViewsAreRefusedWithThePlaceOfTheProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ preset, old, new, want string }{
		{"balla", "{name: read, verb: read", "{name: read, verb: fly", "scopes.verbs.read: must be one of read, write, got \"fly\""},
		{"balla", "grants: [players]", "grants: [plyaers]", "scopes.resources.players: grants: no operation requires a permission on \"plyaers\""},
		{"balla", "grants: [players]", "grants: [keys]", "scopes.resources.players: grants: \"keys\" belongs to key management"},
		{"balla", "grants: [players]", "grants: [\"*\"]", "scopes.resources.players: grants: \"*\" belongs to key management"},
		{"teambattles", "read: [\"history.user:read\"]", "read: [\"history.usr:read\"]", "scopes.levels.user_matches.levels.read: grants: no operation requires the permission"},
		{"teambattles", "write: [\"scores:write\"]", "write: [\"orgs:write\"]", "grants: \"orgs:write\" belongs to key management"},
		{"teambattles", "{team: teamId}", "{team: match}", "operations.forfeitContest.names.team: \"match\" is already the name"},
		{"teambattles", "contest.created: match.created", "contest.made: match.created", "webhooks.events.contest.made: must be a type of events, one of match.created,"},
		{"teambattles", "contest.created: match.created", "contest.created: match.ready", "must be a name that is used only once"},
		{"teambattles", "contest.created: match.created", "contest.created: \"Match created\"", "webhooks.events.contest.created: must be a name that is used only once: 1–64 lower-case letters"},
		{"teambattles", "  overlap: 24h", "  overlap: 8d", "webhooks.overlap: must be a duration of at most 7d"},
		{"teambattles", "event: $type, created_at", "created_at", "webhooks.body: must have the slots $type and $data"},
		{"teambattles", "created_at: $time_ms", "created_at: $now", "webhooks.body: created_at: must be one of the slots $id, $type"},
		{"teambattles", "X-TeamBattles-Event: $type", "X-TeamBattles-Event: match", "webhooks.headers.X-TeamBattles-Event: must be one of the slots $id, $type, got \"match\""},
		{"teambattles", "X-TeamBattles-Event: $type", "Webhook-Event: $type", "webhooks.headers.Webhook-Event: Webhook-Event has another meaning"},
		{"teambattles", "X-TeamBattles-Event: $type", "Host: $type", "webhooks.headers.Host: Host has another meaning"},
		{"teambattles", "X-TeamBattles-Event: $type", "\"X Event\": $type", "must be a header name that is used only once"},
		{"teambattles", "  createWebhook: {names: {types: events, description: label}}\n", "", "webhooks: requires the operation createWebhook"},
		{"teambattles", "needs: general, doc: \"Webhook", "needs: game, doc: \"Webhook", "operations.createWebhook: no scope may grant webhooks:write with needs game"},
		{"teambattles", "shape: {page: $items, isDone: $done, continueCursor: $next}", "shape: {page: $items}", "operations.listDeliveries.shape: must have the slot $next"},
		{"teambattles", "shape: {page: $items, isDone: $done, continueCursor: $next}", "shape: {isDone: $done, continueCursor: $next}", "operations.listDeliveries.shape: must have the slot $items"},
		{"teambattles", "replayDelivery: {shape: *done}", "replayDelivery: {shape: {ok: $next}}", "operations.replayDelivery.shape: ok: must be one of the slots $item"},
		{"teambattles", "agreeContest: {}", "agreeContest: {shape: {ok: $true}}", "operations.agreeContest.shape: is allowed only for operations of data"},
		{"teambattles", "updatedAt: updated_at | epoch_ms", "updatedAt: id | epoch_ms", "format epoch_ms requires a time"},
		{"scorelytics", "home_team: home.name", "home_team: home.nmae", "shapes.views.match.home_team: path \"home.nmae\": matches.Side has no field \"nmae\""},
		{"scorelytics", "minute: minute\n", "minute: minute | epoch\n", "format epoch requires text"},
		{"scorelytics", "replace - /\n      home_team", "replace -\n      home_team", "format replace requires two arguments"},
		{"scorelytics", "code scheduled=1", "code scheduled", "format code requires pairs"},
		{"scorelytics", "    match:\n      id: id", "    mtach:\n      id: id", "shapes.views.mtach: no object of the responses has this name"},
	} {
		raw, err := os.ReadFile("presets/" + c.preset + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(raw), c.old) {
			t.Fatalf("%s has no %q to replace", c.preset, c.old)
		}
		bad := strings.Replace(string(raw), c.old, c.new, 1)
		_, err = preset.Compile("x.yaml", []byte(bad))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.new, err, c.want)
		} else {
			placed(t, []byte(bad), err)
		}
	}
}

func TestContestListsRequireCursorPagination(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("presets/teambattles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "  cursor_life: 24h\n", "", 1)
	for style, want := range map[string]string{"cursor": "", "page": "operations.listTeamContests: requires paging.style cursor", "offset": "operations.listTeamContests: requires paging.style cursor"} {
		_, err := preset.Compile("x.yaml", []byte(strings.Replace(text, "style: cursor", "style: "+style, 1)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", style, err, want)
		}
	}
}

func TestContractFileOfAnOperatorIsLoaded(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("presets/balla.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(raw), "base: /api", "base: /mine", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := preset.Load(file)
	if err != nil || c.Base != "/mine" {
		t.Errorf("got %v, %v, want base /mine", c, err)
	}
	if _, err := preset.Load("nowhere"); err == nil || !strings.Contains(err.Error(), "statgate") {
		t.Errorf("got %v, want an error that lists the presets", err)
	}
}

func FuzzContractFileIsRefusedWithItsPlaceOrCanBeServed(f *testing.F) {
	for _, name := range preset.Names() {
		raw, err := os.ReadFile("presets/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, text := range []string{"", "name: {<<: *x}", "a: &a [*a]", "shapes: &a {views: *a}", "shapes: {views: &v {match: *v}}", "- 1", "name: x\n---\nname: y", "\xff", "? [a]\n: 1", "{", "operations: !!binary x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := preset.Compile("x.yaml", raw)
		if err != nil {
			placed(t, raw, err)
			return
		}
		usable(t, c, true)
	})
}
