package conformance

import (
	"fmt"
	"slices"
	"strings"

	"statgate/scripts/verify/e2e/suite"
)

var teambattles = page{
	file: "002_cd1ad135d019aefe.txt", sha256: "f42ff4c764b756378ece749e5e1fd2c664a9e57efbb5809399e719bb77b66553",
	cases: slices.Concat(teambattlesKeys, teambattlesErrors, teambattlesContests, teambattlesWebhooks),
	exemptions: []exemption{
		{"1-3", "introduction"},
		{"9-12", "instructions for the product's pages"},
		{"16.1", "advice to the reader"},
		{"18-18", "a heading"}, {"31-31", "a heading"}, {"35-35", "a heading"}, {"43-43", "a heading"},
		{"21-21", "the names of columns"}, {"45-45", "the names of columns"},
	},
}

// club is an organisation with two teams and a game, and with the approvals to play it.
type club struct {
	suite.Org
	game       string
	north      string // id and slug of the owner's own team, "team_x" and "x"
	south      string // id and slug of another team
	org        string // id and slug of the north team's organisation
	operator   string
	membership string // the owner's state in team and organisation
}

// newClub creates an organisation whose owner is a member of the north team.
func newClub(t *suite.T, membership string) club {
	o := t.Org("GAME")
	mark := strings.TrimPrefix(o.ID, "org_")
	c := club{Org: o, game: "game-" + mark, north: "north-" + mark, south: "south-" + mark, org: "aurora-" + mark, operator: t.OperatorKey(), membership: membership}
	c.putContestant(t, "org", c.org, nil, membership)
	c.putContestant(t, "team", c.north, "org_"+c.org, membership)
	c.putContestant(t, "team", c.south, nil, "")
	return c
}

// putContestant sets a team or an organisation, with the club's owner as its only member, or
// without members if membership is "".
func (c club) putContestant(t *suite.T, kind, slug string, org any, membership string) {
	members := []suite.In{}
	if membership != "" {
		members = append(members, suite.In{"user": c.Owner, "state": membership})
	}
	body := suite.In{"slug": slug, "name": slug, "members": members}
	if org != nil {
		body["org"] = org
	}
	t.Expect(suite.Put("/contestants/"+kind+"/"+kind+"_"+slug, body).By(c.operator), 200, fmt.Sprintf(`{"id": %q, "slug": %q, "...": 0}`, kind+"_"+slug, slug))
}

// approve applies for an approval, has the operator grant it, and returns the application's id.
func (c club) approve(t *suite.T, kind string) string {
	ask := suite.In{"kind": kind}
	if kind == "game" {
		ask["game"] = c.game
	}
	id := t.Expect(suite.Post("/applications", ask).By(c.Admin), 201, `{"state": "pending", "decided_at": null, "...": 0}`).Text("id")
	c.decide(t, id, "approved")
	return id
}

func (c club) decide(t *suite.T, application, state string) {
	t.Expect(suite.Patch("/applications/"+application, suite.In{"state": state}).By(c.operator), 200, fmt.Sprintf(`{"id": %q, "state": %q, "...": 0}`, application, state))
}

// gameKey creates a key for the club's game.
func (c club) gameKey(t *suite.T, scopes ...string) suite.Key {
	return t.Key(c.Org, suite.In{"scopes": scopes, "game": c.game})
}

// match creates a match of the club's two teams and returns its id.
func (c club) match(t *suite.T, secret string, more suite.In) string {
	ask := suite.In{"homeTeamId": c.north, "awayTeamId": "team_" + c.south}
	for name, v := range more {
		ask[name] = v
	}
	return t.Expect(suite.Post("/game/matches", ask).By(secret), 201, "").Text("id")
}

// startedMatch creates a match that is in progress and returns its id.
func (c club) startedMatch(t *suite.T, secret string, bestOf int) string {
	id := c.match(t, secret, suite.In{"bestOf": bestOf})
	t.Expect(suite.Patch("/game/matches/"+id+"/status", suite.In{"status": "IN_PROGRESS"}).By(secret), 200, `{"status": "IN_PROGRESS", "...": 0}`)
	return id
}

// expectError checks that a request gets an error of the contract.
func expectError(t *suite.T, r suite.Request, status int, code string) {
	t.Expect(r, status, fmt.Sprintf(`{"error": %q, "details": "<string>"}`, code))
}

const anyList = `{"matches": ["<object>", "..."], "count": "<number>", "pagination": {"cursor": "<string?>", "hasMore": "<bool>"}, "timestamp": "<time>"}`

var teambattlesKeys = []Case{
	{ID: "bearer", Sentences: []string{"5.1", "6.1", "7.1"}, Source: fromPage, Fact: "every request needs a key in the Authorization header, as Bearer",
		Answer: "Bearer only; a key anywhere else counts as missing", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 200, anyList)
			for _, path := range []string{"/matches", "/user/connections", "/game/matches/con_1", "/keys"} {
				expectError(t, suite.Get(path), 401, "error_api_key_required")
			}
			expectError(t, suite.Get("/matches").By(k.Secret).Via("x-api-key"), 401, "error_api_key_required")
		}},
	{ID: "key.label", Sentences: []string{"13.2", "14.2"}, Source: fromPage, Fact: "a key is created with a label and permissions",
		Answer: "the label is `name`; permissions are `scopes` of the form category.scope:level", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"name": "Production Server", "scopes": []string{"matches.user_matches:read", "connections.github:enabled"}})
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200,
				`{"name": "Production Server", "scopes": ["matches.user_matches:read", "connections.github:enabled"], "...": 0}`)
		}},
	{ID: "key.once", Sentences: []string{"15.2", "16.2", "16.3"}, Source: fromPage, Fact: "the full key is shown once, and a lost key is replaced by creating another",
		Answer: "no answer shows a secret again; a rotation also gives a key a new secret", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			for _, path := range []string{"/keys/" + k.ID, "/keys"} {
				if r := t.Expect(suite.Get(path).By(t.Home().Admin), 200, ""); strings.Contains(string(r.Body), k.Secret) {
					t.Errorf("%s shows the key again", path)
				}
			}
			again := t.Expect(suite.Post("/keys/"+k.ID+"/rotate", nil).By(t.Home().Admin), 200, `{"secret": "~^tb_", "...": 0}`)
			expectError(t, suite.Get("/matches").By(k.Secret), 401, "error_api_key_invalid")
			t.Expect(suite.Get("/matches").By(again.Text("secret")), 200, anyList)
		}},
	{ID: "key.format", Sentences: []string{"33.1"}, Source: fromPage, Fact: "a key is tb_ and a random string",
		Answer: "64 lower-case hexadecimal characters of 32 random bytes, no tag", Prove: func(t *suite.T) {
			one, two := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:none"}}), t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:none"}})
			if len(one.Secret) != 67 || !strings.HasPrefix(one.Secret, "tb_") || strings.Trim(one.Secret[3:], "0123456789abcdef") != "" || one.Secret == two.Secret {
				t.Errorf("two keys are not tb_ and 64 random hexadecimal characters each")
			}
		}},
	{ID: "key.prefix", Sentences: []string{"33.2"}, Source: fromPage, Fact: "lists of keys show only the prefix",
		Answer: "`prefix` is tb_, `last_four` is empty", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"prefix": "tb_", "last_four": "", "...": 0}`)
		}},
	{ID: "permissions.levels", Sentences: []string{"20.1", "22.1"}, Source: fromPage, Fact: "a permission has a level, and the level none grants nothing",
		Answer: "`none` is accepted and grants nothing; an unknown level is refused", Prove: func(t *suite.T) {
			none := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:none", "matches.team_matches:none", "matches.org_matches:none",
				"connections.discord:none", "game.scores:none", "game.lifecycle:none", "webhooks.manage:none"}})
			read := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			for _, r := range []suite.Request{suite.Get("/matches"), suite.Post("/user/matches", suite.In{})} {
				expectError(t, r.By(none.Secret), 403, "error_api_key_permission_denied")
				t.Expect(r.By(read.Secret), 200, anyList)
			}
			expectError(t, suite.Post("/keys", suite.In{"name": "x", "scopes": []string{"matches.user_matches:write"}}).By(t.Home().Admin), 400, "error_invalid_request")
		}},
	{ID: "permissions.team", Sentences: []string{"23.1", "49.1", "51.1"}, Source: fromPage, Fact: "team_matches opens the match histories of teams with the key's owner as an active member",
		Answer: "POST /teams/{team}/matches by id or slug; 403 for other teams, 404 for unknown ones", Prove: func(t *suite.T) {
			checkHistoryAccess(t, "teams", "matches.team_matches:read", "error_team_membership_required", "error_team_not_found")
		}},
	{ID: "permissions.org", Sentences: []string{"24.1", "50.1", "52.1"}, Source: fromPage, Fact: "org_matches opens the match histories of organisations with the key's owner as an active member",
		Answer: "POST /orgs/{org}/matches by id or slug; 403 for other organisations, 404 for unknown ones", Prove: func(t *suite.T) {
			checkHistoryAccess(t, "orgs", "matches.org_matches:read", "error_org_membership_required", "error_org_not_found")
		}},
	{ID: "permissions.connections", Sentences: []string{"25.1"}, Source: fromPage, Fact: "a connection's permission shows the linked account of that platform only",
		Answer: "GET /user/connections lists the platforms for which the key has the permission", Prove: connectionsByPermission},
	{ID: "permissions.scores", Sentences: []string{"26.1"}, Source: fromPage, Fact: "only game.scores:write submits scores",
		Answer: "POST /game/matches/{match}/scores", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			c.approve(t, "game")
			manage, scores := c.gameKey(t, "game.lifecycle:read-write"), c.gameKey(t, "game.scores:write")
			id := c.startedMatch(t, manage.Secret, 3)
			submit := suite.Post("/game/matches/"+id+"/scores", suite.In{"maps": []suite.In{{"map": 1, "home": 2, "away": 1}}})
			expectError(t, submit.By(manage.Secret), 403, "error_api_key_permission_denied")
			t.Expect(submit.By(scores.Secret), 200, `{"match": {"maps": [{"map": 1, "home": 2, "away": 1, "confirmed": false}], "...": 0}, "results": [{"map": 1, "result": "saved"}]}`)
			expectError(t, suite.Get("/game/matches/"+id).By(scores.Secret), 403, "error_api_key_permission_denied")
		}},
	{ID: "permissions.lifecycle", Sentences: []string{"27.1"}, Source: fromPage, Fact: "game.lifecycle:read queries matches, read-write also manages them",
		Answer: "read gets a match and its status; read-write also creates matches, changes their status and forfeits them", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			c.approve(t, "game")
			manage, query := c.gameKey(t, "game.lifecycle:read-write"), c.gameKey(t, "game.lifecycle:read")
			id := c.match(t, manage.Secret, nil)
			for _, k := range []suite.Key{manage, query} {
				t.Expect(suite.Get("/game/matches/"+id).By(k.Secret), 200, fmt.Sprintf(`{"id": %q, "gameId": %q, "status": "READY", "...": 0}`, id, c.game))
				t.Expect(suite.Get("/game/matches/"+id+"/status").By(k.Secret), 200, `{"status": "READY", "...": 0}`)
			}
			for _, r := range []suite.Request{suite.Patch("/game/matches/"+id+"/status", suite.In{"status": "IN_PROGRESS"}),
				suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": c.south}), suite.Post("/game/matches/"+id+"/forfeit", suite.In{"teamId": c.north})} {
				expectError(t, r.By(query.Secret), 403, "error_api_key_permission_denied")
			}
			t.Expect(suite.Patch("/game/matches/"+id+"/status", suite.In{"status": "IN_PROGRESS"}).By(manage.Secret), 200, `{"status": "IN_PROGRESS", "...": 0}`)
		}},
	{ID: "permissions.game", Sentences: []string{"29.1"}, Source: fromPage, Fact: "game permissions are only for approved developers of the game",
		Answer: "the operator approves each game; without an approval a key cannot be created, and after its withdrawal the next request is refused", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			ask := suite.In{"name": "x", "scopes": []string{"game.lifecycle:read-write", "game.scores:write"}, "game": c.game}
			expectError(t, suite.Post("/keys", ask).By(c.Admin), 403, "error_api_key_permission_denied")
			application := c.approve(t, "game")
			k := c.gameKey(t, "game.lifecycle:read-write")
			c.match(t, k.Secret, nil)
			other := suite.In{"name": "x", "scopes": ask["scopes"], "game": c.game + "-2"}
			expectError(t, suite.Post("/keys", other).By(c.Admin), 403, "error_api_key_permission_denied")
			delete(other, "game")
			expectError(t, suite.Post("/keys", other).By(c.Admin), 400, "error_invalid_request")
			c.decide(t, application, "withdrawn")
			expectError(t, suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": c.south}).By(k.Secret), 403, "error_api_key_permission_denied")
			expectError(t, suite.Post("/keys", ask).By(c.Admin), 403, "error_api_key_permission_denied")
		}},
	{ID: "permissions.webhooks", Sentences: []string{"28.1", "29.2"}, Source: fromPage, Fact: "webhooks.manage needs general developer access",
		Answer: "without it a key cannot be created, and after its withdrawal the next request is refused", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			ask := suite.In{"name": "x", "scopes": []string{"webhooks.manage:enabled"}}
			expectError(t, suite.Post("/keys", ask).By(c.Admin), 403, "error_api_key_permission_denied")
			c.approve(t, "game") // approval for a game is not general access
			expectError(t, suite.Post("/keys", ask).By(c.Admin), 403, "error_api_key_permission_denied")
			application := c.approve(t, "general")
			k := t.Key(c.Org, ask)
			t.Expect(suite.Get("/keys/self").By(k.Secret), 200, `{"permissions": ["webhooks:write"], "...": 0}`)
			t.Expect(suite.Get("/webhooks").By(k.Secret), 200, `{"webhooks": [], "count": 0, "timestamp": "<number>"}`)
			c.decide(t, application, "withdrawn")
			t.Expect(suite.Get("/keys/self").By(k.Secret), 200, `{"permissions": [], "scopes": ["webhooks.manage:enabled"], "...": 0}`)
			expectError(t, suite.Get("/webhooks").By(k.Secret), 403, "error_api_key_permission_denied")
		}},
}

// checkHistoryAccess checks who can read the match history of a team or of an organisation.
func checkHistoryAccess(t *suite.T, path, scope, foreign, unknown string) {
	mine, theirs, left := newClub(t, "active"), newClub(t, ""), newClub(t, "inactive")
	name, kind := func(c club) string { return c.north }, "team_"
	if path == "orgs" {
		name, kind = func(c club) string { return c.org }, "org_"
	}
	k, former := t.Key(mine.Org, suite.In{"scopes": []string{scope}}), t.Key(left.Org, suite.In{"scopes": []string{scope}})
	ask := func(ref string) suite.Request { return suite.Post("/"+path+"/"+ref+"/matches", suite.In{}) }
	for _, ref := range []string{name(mine), kind + name(mine)} {
		t.Expect(ask(ref).By(k.Secret), 200, anyList)
	}
	expectError(t, ask(name(theirs)).By(k.Secret), 403, foreign)
	expectError(t, ask(kind+name(theirs)).By(k.Secret), 403, foreign)
	expectError(t, ask(name(left)).By(former.Secret), 403, foreign) // an inactive member
	expectError(t, ask("unknown-"+name(mine)).By(k.Secret), 404, unknown)
	blind := t.Key(mine.Org, suite.In{"scopes": []string{"matches.user_matches:read"}})
	expectError(t, ask(name(mine)).By(blind.Secret), 403, "error_api_key_permission_denied")
	// A member who becomes inactive loses access on the next request.
	mine.putContestant(t, strings.TrimSuffix(path, "s"), name(mine), nil, "inactive")
	expectError(t, ask(name(mine)).By(k.Secret), 403, foreign)
}

func connectionsByPermission(t *suite.T) {
	c := newClub(t, "active")
	t.Expect(suite.Put("/orgs/"+c.ID+"/members/"+c.Owner+"/connections", suite.In{"connections": []suite.In{
		{"platform": "discord", "id": "80351110224678912", "name": "nelly"}, {"platform": "battlenet", "id": "1234", "name": "nelly#1234"}}}).By(t.OperatorKey()), 200, "")
	one := t.Key(c.Org, suite.In{"scopes": []string{"connections.discord:enabled", "connections.twitch:enabled"}})
	t.Expect(suite.Get("/user/connections").By(one.Secret), 200, `{"connections": [{"platform": "discord", "id": "80351110224678912", "name": "nelly"}]}`)
	all := t.Key(c.Org, suite.In{"scopes": []string{"connections.discord:enabled", "connections.twitch:enabled", "connections.github:enabled", "connections.battlenet:enabled"}})
	t.Expect(suite.Get("/user/connections").By(all.Secret), 200, `{"connections": [{"platform": "discord", "...": 0}, {"platform": "battlenet", "...": 0}]}`)
	none := t.Key(c.Org, suite.In{"scopes": []string{"connections.discord:none", "matches.user_matches:read"}})
	expectError(t, suite.Get("/user/connections").By(none.Secret), 403, "error_api_key_permission_denied")
}
