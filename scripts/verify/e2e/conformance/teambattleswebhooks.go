package conformance

import (
	"fmt"
	"strings"

	"statgate/scripts/verify/e2e/suite"
)

var teambattlesWebhooks = []Case{
	{ID: "webhook.life", Source: fromDocs, Fact: "webhooks are created, listed, read, changed and deleted; the signing secret is shown once",
		Answer: "201 `{id,signingSecret,secretPrefix}`, a list `{webhooks,count,timestamp}`, `{ok:true}` for changes and deletions; times are in milliseconds", Prove: webhookLife},
	{ID: "webhook.input", Source: fromDocs, Fact: "a webhook has an https address and at least one of the page's events",
		Answer: "400 error_invalid_request names the field; there are no filters by league or team", Prove: webhookInput},
	{ID: "webhook.unknown", Source: fromDocs, Fact: "an unknown webhook and that of another account are a 404",
		Answer: "the same answer for both", Prove: webhookUnknown},
	{ID: "webhook.test", Source: fromDocs, Fact: "a test says whether the endpoint accepted it",
		Answer: "`{delivered}` after the first attempt; the event is webhook.test", Prove: webhookTested},
	{ID: "webhook.events", Source: fromDocs, Fact: "an event has the body {id,event,created_at,data}, and the headers of Standard Webhooks and X-TeamBattles-Event",
		Answer: "created, accepted, ready, started, completed, cancelled and forfeited; `acceptedTeamId` is null until the team accepts; an event that no change of our matches causes (published) is unknown", Prove: webhookEvents},
	{ID: "webhook.scores", Source: fromDocs, Fact: "scores are sent as score.submitted, score.confirmed and score.disputed",
		Answer: "`mapIndex` counts from 1 like `map` in requests; a dispute concerns all maps, so its map and scores are null", Prove: webhookScores},
	{ID: "webhook.readers", Source: ourDecision, Fact: "an event reaches the webhooks of developers and users who may read the match, and no others",
		Answer: "the developer of the match's game, and users who are active members of a team or of its organisation. A webhook acts for the user who last set its URL", Prove: webhookReaders},
	{ID: "webhook.withdrawn", Source: ourDecision, Fact: "a withdrawn approval stops the deliveries at once, also those that wait for a retry",
		Answer: "they are canceled; events from before a new approval are not sent later", Prove: webhookWithdrawn},
	{ID: "webhook.refused", Source: fromDocs, Fact: "an answer of 400 to 499 ends a delivery at once, 408, 425 and 429 excepted; all other failures are retried",
		Answer: "`status` is failed after one attempt; redirects fail and are not followed; 410 also disables the webhook", Prove: webhookRefused},
	{ID: "webhook.replay", Source: fromDocs, Fact: "deliveries are listed by page, and each can be replayed under its event id",
		Answer: "`{page,isDone,continueCursor}`; 404 for an unknown delivery", Prove: webhookReplay},
	{ID: "webhook.rotate", Source: fromDocs, Fact: "after a rotation the old secret also signs for 24 hours",
		Answer: "two signatures; another rotation ends the oldest secret", Prove: webhookRotate},
}

// allEvents are the page's events that changes of matches cause.
var allEvents = []string{"match.created", "match.accepted", "match.ready", "match.started", "match.completed", "match.cancelled", "match.forfeited",
	"score.submitted", "score.confirmed", "score.disputed"}

// developer is a club that is approved as a developer, with a webhook.
type developer struct {
	club
	manage string // secret of the key that manages webhooks
	id     string // of the webhook
	secret string // that signs
	box    suite.Inbox
}

// newDeveloper approves a club and creates a webhook for events.
func newDeveloper(t *suite.T, c club, name string, events []string, answers ...int) developer {
	c.approve(t, "general")
	d := developer{club: c, manage: t.Key(c.Org, suite.In{"scopes": []string{"webhooks.manage:enabled"}}).Secret, box: t.Inbox(name, answers...)}
	made := t.Expect(suite.Post("/webhooks", suite.In{"url": d.box.URL(), "events": events}).By(d.manage), 201, `{"id": "~^whk_", "signingSecret": "~^whsec_", "secretPrefix": "~^whsec_"}`)
	d.id, d.secret = made.Text("id"), made.Text("signingSecret")
	return d
}

func (d developer) hook(path string) string { return "/webhooks/" + d.id + path }

// event waits for an event of a match. more selects among several.
func (d developer) event(t *suite.T, match, event string, more func(r suite.Received) bool) suite.Received {
	r := d.box.Await(event+" of "+match, func(r suite.Received) bool {
		return r.Text("event") == event && r.Text("data.matchId") == match && (more == nil || more(r))
	})
	t.CheckSigned(r, d.secret)
	if r.Header.Get("X-TeamBattles-Event") != event || r.Header.Get("webhook-id") != r.Text("id") {
		t.Errorf("%s has X-TeamBattles-Event %q and webhook-id %q for the id %s", event, r.Header.Get("X-TeamBattles-Event"), r.Header.Get("webhook-id"), r.Text("id"))
	}
	return r
}

// sent returns all attempts that have arrived, when none of the webhook's deliveries is pending.
func (d developer) sent(t *suite.T) []suite.Received {
	t.Eventually(suite.Get(d.hook("/deliveries?limit=100")).By(d.manage), "no pending delivery", func(r suite.Reply) bool {
		return r.Status == 200 && !strings.Contains(string(r.Body), `"status":"pending"`)
	})
	return d.box.All()
}

// expectEvent waits for an event of a match, and compares its data with a pattern of the
// fields besides those of every event. accepted is false while the away team has not accepted.
func (d developer) expectEvent(t *suite.T, match, event string, accepted bool, more string) {
	team := "null"
	if accepted {
		team = fmt.Sprintf("%q", "team_"+d.south)
	}
	t.MatchBody(d.event(t, match, event, nil), fmt.Sprintf(`{"id": "~^evt_", "event": %q, "created_at": "<number>", "data": {"matchId": %q, "gameId": %q, "creatorTeamId": %q, "acceptedTeamId": %s%s}}`,
		event, match, d.game, "team_"+d.north, team, more))
}

// agree reports what the teams of a match agreed on.
func (c club) agree(t *suite.T, match string, body suite.In) {
	t.Expect(suite.Patch("/contests/"+match, body).By(c.operator), 200, "")
}

func webhookLife(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "general")
	k := t.Key(c.Org, suite.In{"scopes": []string{"webhooks.manage:enabled"}}).Secret
	made := t.Expect(suite.Post("/webhooks", suite.In{"url": "https://example.com/a", "events": []string{"match.created"}, "label": "Scores"}).By(k), 201,
		`{"id": "~^whk_", "signingSecret": "~^whsec_.{40,}", "secretPrefix": "~^whsec_....$"}`)
	secret, at := made.Text("signingSecret"), "/webhooks/"+made.Text("id")
	if !strings.HasPrefix(secret, made.Text("secretPrefix")) {
		t.Errorf("the prefix %s is not that of the secret", made.Text("secretPrefix"))
	}
	shown := fmt.Sprintf(`{"id": %q, "url": "https://example.com/a", "label": "Scores", "events": ["match.created"], "status": "enabled", "disabledReason": null, "secretPrefix": %q,
		"secretRotatedAt": null, "previousSecretExpiresAt": null, "failingSince": null, "createdAt": "<number>", "updatedAt": "<number>"}`, made.Text("id"), made.Text("secretPrefix"))
	t.Expect(suite.Get(at).By(k), 200, shown)
	t.Expect(suite.Get("/webhooks").By(k), 200, `{"webhooks": [`+shown+`], "count": 1, "timestamp": "<number>"}`)
	expectError(t, suite.Get("/webhooks?limit=1").By(k), 400, "error_invalid_request")
	t.Expect(suite.Patch(at, suite.In{"url": "https://example.com/b", "events": []string{"match.started"}, "status": "disabled"}).By(k), 200, `{"ok": true}`)
	t.Expect(suite.Get(at).By(k), 200, `{"url": "https://example.com/b", "events": ["match.started"], "status": "disabled", "label": "Scores", "...": 0}`)
	expectError(t, suite.Post(at+"/test", nil).By(k), 409, "error_match_not_in_valid_state")
	t.Expect(suite.Delete(at).By(k), 200, `{"ok": true}`)
	for _, r := range []suite.Request{suite.Get(at), suite.Delete(at)} {
		expectError(t, r.By(k), 404, "error_not_found")
	}
}

func webhookInput(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "general")
	k := t.Key(c.Org, suite.In{"scopes": []string{"webhooks.manage:enabled"}}).Secret
	good := func(more suite.In) suite.In {
		input := suite.In{"url": "https://example.com/a", "events": []string{"match.created"}}
		for name, v := range more {
			input[name] = v
		}
		return input
	}
	at := "/webhooks/" + t.Expect(suite.Post("/webhooks", good(nil)).By(k), 201, "").Text("id")
	for _, one := range []struct {
		field string
		input suite.In
	}{
		{"url", good(suite.In{"url": "ftp://example.com/a"})}, {"url", good(suite.In{"url": nil})},
		{"events", good(suite.In{"events": []string{}})}, {"events", suite.In{"url": "https://example.com/a"}},
		{"events", good(suite.In{"events": []string{"match.published"}})}, {"events", good(suite.In{"events": []string{"contest.created"}})},
		{"types", good(suite.In{"types": []string{"match.created"}})}, {"teams", good(suite.In{"teams": []string{"team_x"}})}, {"leagues", good(suite.In{"leagues": []string{}})},
	} {
		t.Expect(suite.Post("/webhooks", one.input).By(k), 400, fmt.Sprintf(`{"error": "error_invalid_request", "details": "~%s"}`, one.field))
	}
	t.Expect(suite.Patch(at, suite.In{"events": []string{}}).By(k), 400, `{"error": "error_invalid_request", "details": "~events"}`)
	t.Expect(suite.Post(at+"/rotate-secret", suite.In{"overlap": "1h"}).By(k), 400, `{"error": "error_invalid_request", "details": "~overlap"}`)
}

func webhookUnknown(t *suite.T) {
	mine, theirs := newClub(t, "active"), newClub(t, "active")
	var keys []string
	for _, c := range []club{mine, theirs} {
		c.approve(t, "general")
		keys = append(keys, t.Key(c.Org, suite.In{"scopes": []string{"webhooks.manage:enabled"}}).Secret)
	}
	id := t.Expect(suite.Post("/webhooks", suite.In{"url": "https://example.com/a", "events": allEvents}).By(keys[1]), 201, "").Text("id")
	calls := func(id string) []suite.Request {
		at := "/webhooks/" + id
		return []suite.Request{suite.Get(at), suite.Patch(at, suite.In{"status": "disabled"}), suite.Delete(at), suite.Post(at+"/rotate-secret", nil),
			suite.Post(at+"/test", nil), suite.Get(at + "/deliveries"), suite.Post(at+"/deliveries/dlv_01k5z3m9v8e2q4w6r8t0y2u4i6/replay", nil)}
	}
	missing := calls("whk_01k5z3m9v8e2q4w6r8t0y2u4i6")
	for i, r := range calls(id) {
		foreign := t.Expect(r.By(keys[0]), 404, `{"error": "error_not_found", "details": "<string>"}`)
		t.SameAnswer(foreign, t.Expect(missing[i].By(keys[0]), 404, ""))
	}
	t.Expect(suite.Get("/webhooks/"+id).By(keys[1]), 200, `{"status": "enabled", "...": 0}`)
}

func webhookTested(t *suite.T) {
	d := newDeveloper(t, newClub(t, "active"), "test", []string{"match.cancelled"}, 204, 500)
	t.Expect(suite.Post(d.hook("/test"), nil).By(d.manage), 200, `{"delivered": true}`)
	r := d.box.Await("webhook.test", func(r suite.Received) bool { return r.Text("event") == "webhook.test" })
	t.CheckSigned(r, d.secret)
	t.MatchBody(r, fmt.Sprintf(`{"id": "~^evt_", "event": "webhook.test", "created_at": "<number>", "data": {"webhookId": %q}}`, d.id))
	t.Expect(suite.Post(d.hook("/test"), nil).By(d.manage), 200, `{"delivered": false}`)
}

func webhookEvents(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write", "game.scores:write").Secret
	d := newDeveloper(t, c, "all", allEvents)
	one := newDeveloperHook(t, d, "cancelled", []string{"match.cancelled"})
	t.AwaitFanout()
	id := d.match(t, game, suite.In{"status": "PENDING", "bestOf": 1})
	d.agree(t, id, suite.In{"status": "ACCEPTED"})
	d.agree(t, id, suite.In{"status": "READY"})
	t.Expect(suite.Patch("/game/matches/"+id+"/status", suite.In{"status": "IN_PROGRESS"}).By(game), 200, "")
	t.Expect(suite.Post("/game/matches/"+id+"/scores", suite.In{"maps": []suite.In{{"map": 1, "home": 2, "away": 1, "confirmed": true}}}).By(game), 200, "")
	d.expectEvent(t, id, "match.created", false, "")
	for _, event := range []string{"match.accepted", "match.ready", "match.started"} {
		d.expectEvent(t, id, event, true, "")
	}
	d.expectEvent(t, id, "match.completed", true, fmt.Sprintf(`, "winnerTeamId": %q, "loserTeamId": %q, "isDraw": false`, "team_"+d.north, "team_"+d.south))

	declined := d.match(t, game, suite.In{"status": "PENDING"})
	d.agree(t, declined, suite.In{"status": "CANCELLED"})
	d.expectEvent(t, declined, "match.cancelled", false, "")
	forfeited := d.match(t, game, nil)
	t.Expect(suite.Post("/game/matches/"+forfeited+"/forfeit", suite.In{"teamId": d.south, "reason": "did not appear"}).By(game), 200, "")
	d.expectEvent(t, forfeited, "match.forfeited", true, fmt.Sprintf(`, "forfeitedByTeamId": %q, "reason": "did not appear"`, "team_"+d.south))

	one.event(t, declined, "match.cancelled", nil)
	for _, r := range one.sent(t) {
		if r.Text("event") != "match.cancelled" {
			t.Errorf("%s was sent to a webhook for match.cancelled", r.Text("event"))
		}
	}
}

// newDeveloperHook creates another webhook of a developer.
func newDeveloperHook(t *suite.T, d developer, name string, events []string, answers ...int) developer {
	d.box = t.Inbox(name, answers...)
	made := t.Expect(suite.Post("/webhooks", suite.In{"url": d.box.URL(), "events": events}).By(d.manage), 201, "")
	d.id, d.secret = made.Text("id"), made.Text("signingSecret")
	return d
}

func webhookScores(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write", "game.scores:write").Secret
	d := newDeveloper(t, c, "scores", []string{"score.submitted", "score.confirmed", "score.disputed"})
	t.AwaitFanout()
	id := d.startedMatch(t, game, 3)
	submit := func(maps ...suite.In) {
		t.Expect(suite.Post("/game/matches/"+id+"/scores", suite.In{"maps": maps}).By(game), 200, "")
	}
	score := func(event string, of, creator, accepted int) {
		want := func(r suite.Received) bool {
			return r.At("data.mapIndex") == float64(of) && r.At("data.creatorTeamScore") == float64(creator) && r.At("data.acceptedTeamScore") == float64(accepted)
		}
		d.event(t, id, event, want)
	}
	submit(suite.In{"map": 1, "home": 2, "away": 1})
	score("score.submitted", 1, 2, 1)
	submit(suite.In{"map": 1, "home": 2, "away": 1}, suite.In{"map": 2, "home": 0, "away": 3, "confirmed": true})
	score("score.submitted", 2, 0, 3)
	score("score.confirmed", 2, 0, 3)
	d.agree(t, id, suite.In{"confirm": []int{1}})
	score("score.confirmed", 1, 2, 1)
	d.agree(t, id, suite.In{"status": "DISPUTED"})
	d.expectEvent(t, id, "score.disputed", true, `, "mapIndex": null, "creatorTeamScore": null, "acceptedTeamScore": null`)
	seen := map[string]int{}
	for _, r := range d.sent(t) {
		seen[fmt.Sprint(r.Text("event"), " ", r.At("data.mapIndex"))]++
	}
	for _, event := range []string{"score.submitted 1", "score.submitted 2", "score.confirmed 1", "score.confirmed 2"} {
		if seen[event] != 1 {
			t.Errorf("%s was sent %d times, want once", event, seen[event])
		}
	}
}

func webhookReaders(t *suite.T) {
	// The game's own organisation has no member in the teams; the players' has no game.
	players, games, others, former := newClub(t, "active"), newClub(t, ""), newClub(t, "active"), newClub(t, "inactive")
	games.approve(t, "game")
	game := games.gameKey(t, "game.lifecycle:read-write").Secret
	created := []string{"match.created"}
	ofPlayers, ofGame := newDeveloper(t, players, "players", created), newDeveloper(t, games, "game", created)
	ofOthers, ofFormer := newDeveloper(t, others, "others", created), newDeveloper(t, former, "former", created)
	colleague := t.MustOp(players.Admin, "addMember", suite.In{"org": players.ID, "email": t.Email("colleague"), "role": "admin"}).Text("user")
	taken := newDeveloperHook(t, ofPlayers, "taken", created)
	key := t.MustOp(t.OperatorKey(), "createKey", suite.In{"org": players.ID, "user": colleague, "name": "colleague", "scopes": []string{"webhooks.manage:enabled"}}).Text("secret")
	t.Expect(suite.Patch(taken.hook(""), suite.In{"url": taken.box.URL()}).By(key), 200, `{"ok": true}`)
	t.AwaitFanout()
	match := func(home, away string) string {
		return t.Expect(suite.Post("/game/matches", suite.In{"homeTeamId": home, "awayTeamId": away}).By(game), 201, "").Text("id")
	}
	ours, theirs, left := match(players.north, players.south), match(others.south, others.north), match(former.north, former.south)
	last := match(players.south, players.north)
	for _, id := range []string{ours, theirs, left, last} {
		ofGame.event(t, id, "match.created", nil)
	}
	ofPlayers.event(t, ours, "match.created", nil)
	ofPlayers.event(t, last, "match.created", nil)
	ofOthers.event(t, theirs, "match.created", nil)
	ofGame.event(t, match(players.south, players.north), "match.created", nil) // the fan-out has finished with the others
	for name, d := range map[string]developer{"former member": ofFormer, "colleague": taken} {
		if got := d.sent(t); len(got) > 0 {
			t.Errorf("the webhook of a %s got %s", name, got[0].Body)
		}
	}
	for _, r := range ofPlayers.sent(t) {
		if id := r.Text("data.matchId"); id == theirs || id == left {
			t.Errorf("the players' webhook got the match %s of other teams", id)
		}
	}
	for _, r := range ofOthers.sent(t) {
		if id := r.Text("data.matchId"); id != theirs {
			t.Errorf("the others' webhook got the match %s of other teams", id)
		}
	}
}

func webhookWithdrawn(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write").Secret
	application := c.approve(t, "general")
	k := t.Key(c.Org, suite.In{"scopes": []string{"webhooks.manage:enabled"}}).Secret
	d := newDeveloperHook(t, developer{club: c, manage: k}, "withdrawn", []string{"match.created"}, 500)
	t.AwaitFanout()
	waits := d.match(t, game, nil)
	d.event(t, waits, "match.created", nil) // and is retried after 5 s
	d.decide(t, application, "withdrawn")
	unsent := d.match(t, game, nil)
	expectError(t, suite.Get(d.hook("/deliveries")).By(k), 403, "error_api_key_permission_denied")
	t.AwaitFanout()
	t.AwaitFanout() // the time of the retry
	d.decide(t, application, "approved")
	deliveries := func(r suite.Reply) bool {
		return r.Status == 200 && r.Text("page.0.status") == "canceled" && r.At("page.1") == nil
	}
	t.Eventually(suite.Get(d.hook("/deliveries")).By(k), "one delivery, which is canceled", deliveries)
	after := d.match(t, game, nil)
	d.event(t, after, "match.created", nil)
	attempts := 0
	for _, r := range d.sent(t) {
		switch r.Text("data.matchId") {
		case unsent:
			t.Errorf("a match that was created without the approval was sent")
		case waits:
			attempts++
		}
	}
	if attempts != 1 {
		t.Errorf("%d attempts were made before and after the withdrawal, want 1", attempts)
	}
}

func webhookRefused(t *suite.T) {
	d := newDeveloper(t, newClub(t, "active"), "refused", []string{"match.created"}, 404)
	t.Expect(suite.Post(d.hook("/test"), nil).By(d.manage), 200, `{"delivered": false}`)
	t.Expect(suite.Get(d.hook("/deliveries")).By(d.manage), 200, `{"page": [{"status": "failed", "attempts": 1, "responseStatus": 404, "nextAttemptAt": null, "...": 0}], "isDone": true, "continueCursor": null}`)
	for _, status := range []int{429, 500, 302} {
		again := newDeveloperHook(t, d, fmt.Sprint("retried-", status), []string{"match.created"}, status)
		t.Expect(suite.Post(again.hook("/test"), nil).By(d.manage), 200, `{"delivered": false}`)
		t.Expect(suite.Get(again.hook("/deliveries")).By(d.manage), 200, fmt.Sprintf(`{"page": [{"status": "pending", "attempts": 1, "responseStatus": %d, "nextAttemptAt": "<number>", "...": 0}], "isDone": true, "continueCursor": null}`, status))
		if status == 500 {
			t.Eventually(suite.Get(again.hook("/deliveries")).By(d.manage), "a second attempt, which is accepted", func(r suite.Reply) bool {
				return r.Text("page.0.status") == "delivered" && r.At("page.0.attempts") == float64(2)
			})
		}
	}
	gone := newDeveloperHook(t, d, "gone", []string{"match.created"}, 410)
	t.Expect(suite.Post(gone.hook("/test"), nil).By(d.manage), 200, `{"delivered": false}`)
	t.Eventually(suite.Get(gone.hook("")).By(d.manage), "disabled with a reason", func(r suite.Reply) bool {
		return r.Text("status") == "disabled" && r.Text("disabledReason") != ""
	})
}

func webhookReplay(t *suite.T) {
	d := newDeveloper(t, newClub(t, "active"), "replay", []string{"match.created"})
	for range 3 {
		t.Expect(suite.Post(d.hook("/test"), nil).By(d.manage), 200, `{"delivered": true}`)
	}
	first := t.Expect(suite.Get(d.hook("/deliveries?limit=2")).By(d.manage), 200, `{"page": [{"id": "~^dlv_", "eventId": "~^evt_", "event": "webhook.test", "status": "delivered", "attempts": 1, "responseStatus": 204,
		"error": null, "createdAt": "<number>", "lastAttemptAt": "<number>", "nextAttemptAt": null}, "<object>"], "isDone": false, "continueCursor": "<string>"}`)
	t.Expect(suite.Get(d.hook("/deliveries?limit=2&cursor="+first.Text("continueCursor"))).By(d.manage), 200, `{"page": ["<object>"], "isDone": true, "continueCursor": null}`)
	expectError(t, suite.Get(d.hook("/deliveries?cursor=x")).By(d.manage), 400, "error_invalid_cursor")
	event := first.Text("page.0.eventId")
	t.Expect(suite.Post(d.hook("/deliveries/"+first.Text("page.0.id")+"/replay"), nil).By(d.manage), 202, `{"ok": true}`)
	n := 0
	d.box.Await("the replay", func(suite.Received) bool {
		n = 0
		for _, r := range d.box.All() {
			if r.Header.Get("webhook-id") == event {
				n++
			}
		}
		return n == 2
	})
	expectError(t, suite.Post(d.hook("/deliveries/dlv_01k5z3m9v8e2q4w6r8t0y2u4i6/replay"), nil).By(d.manage), 404, "error_not_found")
}

func webhookRotate(t *suite.T) {
	d := newDeveloper(t, newClub(t, "active"), "rotate", []string{"match.created"})
	secrets := []string{d.secret}
	for n := range 2 {
		rotated := t.Expect(suite.Post(d.hook("/rotate-secret"), nil).By(d.manage), 200, `{"id": "<string>", "signingSecret": "~^whsec_", "secretPrefix": "~^whsec_"}`)
		secrets = append([]string{rotated.Text("signingSecret")}, secrets[:1]...)
		t.Expect(suite.Get(d.hook("")).By(d.manage), 200, `{"secretRotatedAt": "<number>", "previousSecretExpiresAt": "<number>", "...": 0}`)
		t.Expect(suite.Post(d.hook("/test"), nil).By(d.manage), 200, `{"delivered": true}`)
		r := d.box.All()
		if len(r) != n+1 {
			t.Fatalf("%d tests were received, want %d", len(r), n+1)
		}
		t.CheckSigned(r[n], secrets...)
	}
}
