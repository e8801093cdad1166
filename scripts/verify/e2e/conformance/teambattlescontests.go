package conformance

import (
	"fmt"
	"slices"
	"strings"

	"statgate/scripts/verify/e2e/suite"
)

var teambattlesContests = []Case{
	{ID: "history.same", Source: fromDocs, Fact: "GET /matches with a query answers like POST /user/matches with the same parameters in its body",
		Answer: "matches are newest first; lists in a query are comma-separated", Prove: historySame},
	{ID: "history.filters", Source: fromDocs, Fact: "a history can be filtered by statuses, game, opponent and times; included statuses take precedence, and unknown ones are ignored",
		Answer: "the lower bound of a time is inclusive, the upper one exclusive", Prove: historyFilters},
	{ID: "history.page", Source: fromDocs, Fact: "a list without a limit has 25 matches",
		Answer: "`{matches,count,pagination:{cursor,hasMore},timestamp}`", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			c.approve(t, "game")
			game := c.gameKey(t, "game.lifecycle:read-write")
			for range 26 {
				c.match(t, game.Secret, nil)
			}
			k := t.Key(c.Org, suite.In{"scopes": []string{"matches.user_matches:read"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 200, `{"matches": ["<object>", "..."], "count": 25, "pagination": {"cursor": "<string>", "hasMore": true}, "timestamp": "<time>"}`)
		}},
	{ID: "match.create", Source: fromDocs, Fact: "a game's key creates matches of its own game, best of 1, 3, 5 or 7",
		Answer: "teams are named by id or slug; a match begins as READY, or as PENDING or ACCEPTED if the request says so", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			c.approve(t, "game")
			k := c.gameKey(t, "game.lifecycle:read-write")
			for _, n := range []int{1, 3, 5, 7} {
				t.Expect(suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": "team_" + c.south, "bestOf": n, "scheduledAt": "2027-01-31T18:00:00Z"}).By(k.Secret), 201,
					fmt.Sprintf(`{"id": "<string>", "gameId": %q, "status": "READY", "bestOf": %d, "homeTeam": {"slug": %q, "orgId": %q, "mapsWon": 0, "...": 0}, "awayTeam": {"slug": %q, "orgId": null, "...": 0},
						"maps": [], "winnerTeamId": null, "forfeitedByTeamId": null, "scheduledAt": "2027-01-31T18:00:00Z", "createdAt": "<time>", "updatedAt": "<time>"}`, c.game, n, c.north, "org_"+c.org, c.south))
			}
			for code, more := range map[string]suite.In{"bestOf": {"bestOf": 2}, "awayTeamId": {"awayTeamId": c.north}, "status": {"status": "COMPLETED"}} {
				ask := suite.In{"homeTeamId": c.north, "awayTeamId": c.south}
				for name, v := range more {
					ask[name] = v
				}
				t.Expect(suite.Post("/game/matches", ask).By(k.Secret), 400, fmt.Sprintf(`{"error": "error_invalid_request", "details": "~%s"}`, code))
			}
			expectError(t, suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": "unknown"}).By(k.Secret), 404, "error_team_not_found")
			expectError(t, suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": c.south, "scheduledAt": "soon"}).By(k.Secret), 400, "error_invalid_date_format")
		}},
	{ID: "match.game", Source: fromDocs, Fact: "a key reaches only the matches of its own game: 403 error_game_scope_mismatch, 404 error_match_not_found",
		Answer: "the key determines the game", Prove: otherGame},
	{ID: "match.states", Source: fromDocs, Fact: "a status can change from READY to IN_PROGRESS and from ACCEPTED or IN_PROGRESS to CANCELLED; any other change is a 409",
		Answer: "409 error_match_not_in_valid_state, COMPLETED included", Prove: matchStates},
	{ID: "match.scores", Source: fromDocs, Fact: "an unconfirmed map is overwritten, a confirmed one is kept and reported, and enough confirmed maps complete the match",
		Answer: "scores are integers from 0 to 1000; `confirmed` makes a map final", Prove: matchScores},
	{ID: "match.forfeit", Source: fromDocs, Fact: "a match that is accepted, ready or in progress can be forfeited, and the other team wins",
		Answer: "the team is named by id or slug", Prove: matchForfeit},
	{ID: "match.repeat", Source: fromDocs, Fact: "a repeated Idempotency-Key on create and forfeit gets the stored answer for the same body, and a 409 for another body",
		Answer: "409 error_idempotency_key_conflict; answers are stored for 24 hours", Prove: matchRepeat},
	{ID: "match.agreed", Source: ourDecision, Fact: "the operator reports what the teams agreed on, and can dispute a match and resolve the dispute",
		Answer: "PATCH /contests/{match}: PENDING to ACCEPTED to READY, confirmation of maps, to and from DISPUTED", Prove: matchAgreed},
	{ID: "contestants", Source: ourDecision, Fact: "the operator sets teams and organisations, and a slug belongs to one team at a time",
		Answer: "PUT /contestants/{kind}/{contestant} replaces everything, including members", Prove: contestantsSet},
	{ID: "applications", Source: ourDecision, Fact: "an account applies once for each approval, and only the operator decides",
		Answer: "POST, GET and PATCH /applications; another account's application is a 404", Prove: applicationsDecided},
}

func historySame(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write")
	var made []string
	for range 3 {
		made = append(made, c.match(t, game.Secret, nil))
	}
	slices.Reverse(made)
	k := t.Key(c.Org, suite.In{"scopes": []string{"matches.user_matches:read", "matches.team_matches:read", "matches.org_matches:read"}})
	ask := suite.In{"includeStatuses": []string{"READY", "PENDING"}, "opponentId": c.south, "limit": 10}
	for _, r := range []suite.Request{suite.Get("/matches?includeStatuses=READY,PENDING&limit=10&opponentId=" + c.south), suite.Post("/user/matches", ask),
		suite.Post("/teams/"+c.north+"/matches", ask), suite.Post("/orgs/"+c.org+"/matches", ask)} {
		if got := ids(t.Expect(r.By(k.Secret), 200, anyList)); !slices.Equal(got, made) {
			t.Errorf("got %v, want newest first %v", got, made)
		}
	}
}

// ids returns the ids of a list of matches, in its order.
func ids(r suite.Reply) []string {
	list, _ := r.At("matches").([]any)
	var found []string
	for i := range list {
		found = append(found, r.Text(fmt.Sprintf("matches.%d.id", i)))
	}
	return found
}

func historyFilters(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write")
	c.putContestant(t, "team", "third-"+c.game, nil, "")
	pending := c.match(t, game.Secret, suite.In{"status": "PENDING", "scheduledAt": "2027-01-10T12:00:00Z"})
	ready := c.match(t, game.Secret, suite.In{"scheduledAt": "2027-01-20T12:00:00Z"})
	third := c.match(t, game.Secret, suite.In{"awayTeamId": "third-" + c.game, "status": "ACCEPTED"})
	k := t.Key(c.Org, suite.In{"scopes": []string{"matches.user_matches:read"}})
	for _, f := range []struct {
		by   suite.In
		want []string
	}{
		{suite.In{}, []string{third, ready, pending}},
		{suite.In{"includeStatuses": []string{"PENDING"}}, []string{pending}},
		{suite.In{"excludeStatuses": []string{"PENDING"}}, []string{third, ready}},
		{suite.In{"includeStatuses": []string{"PENDING", "READY"}, "excludeStatuses": []string{"PENDING"}}, []string{ready, pending}},
		{suite.In{"includeStatuses": []string{"READY", "NO_SUCH"}}, []string{ready}},
		{suite.In{"excludeStatuses": []string{"NO_SUCH"}}, []string{third, ready, pending}},
		{suite.In{"gameId": c.game}, []string{third, ready, pending}},
		{suite.In{"gameId": "another"}, nil},
		{suite.In{"opponentId": "third-" + c.game}, []string{third}},
		{suite.In{"opponentId": "team_" + c.south}, []string{ready, pending}},
		{suite.In{"opponentId": "unknown"}, nil},
		{suite.In{"scheduledAfter": "2027-01-10T12:00:00Z", "scheduledBefore": "2027-01-20T12:00:00Z"}, []string{pending}},
		{suite.In{"scheduledAfter": "2027-01-11"}, []string{ready}},
		{suite.In{"createdAfter": "2020-01-01", "createdBefore": "2099-01-01"}, []string{third, ready, pending}},
		{suite.In{"createdBefore": "2020-01-01"}, nil},
		{suite.In{"createdAfter": "2099-01-01"}, nil},
	} {
		if got := ids(t.Expect(suite.Post("/user/matches", f.by).By(k.Secret), 200, anyList)); !slices.Equal(got, f.want) {
			t.Errorf("%v: got %v, want %v", f.by, got, f.want)
		}
	}
}

func otherGame(t *suite.T) {
	c, other := newClub(t, "active"), newClub(t, "active")
	c.approve(t, "game")
	other.approve(t, "game")
	k, foreign := c.gameKey(t, "game.lifecycle:read-write", "game.scores:write"), other.gameKey(t, "game.lifecycle:read-write", "game.scores:write")
	id := c.match(t, k.Secret, suite.In{"gameId": c.game})
	calls := func(id string) []suite.Request {
		at := "/game/matches/" + id
		return []suite.Request{suite.Get(at), suite.Get(at + "/status"), suite.Patch(at+"/status", suite.In{"status": "IN_PROGRESS"}),
			suite.Post(at+"/scores", suite.In{"maps": []suite.In{{"map": 1, "home": 1, "away": 0}}}), suite.Post(at+"/forfeit", suite.In{"teamId": c.north})}
	}
	for _, r := range calls(id) {
		expectError(t, r.By(foreign.Secret), 403, "error_game_scope_mismatch")
	}
	for _, r := range calls("con_01k5z3m9v8e2q4w6r8t0y2u4i6") {
		expectError(t, r.By(k.Secret), 404, "error_match_not_found")
	}
	expectError(t, suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": c.south, "gameId": other.game}).By(k.Secret), 403, "error_game_scope_mismatch")
}

func matchStates(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	k := c.gameKey(t, "game.lifecycle:read-write")
	all := []string{"PENDING", "ACCEPTED", "READY", "IN_PROGRESS", "COMPLETED", "CANCELLED", "DISPUTED", "FORFEITED"}
	patch := func(id, to string) suite.Request {
		return suite.Patch("/game/matches/"+id+"/status", suite.In{"status": to}).By(k.Secret)
	}
	for from, allowed := range map[string]string{"PENDING": "", "ACCEPTED": "CANCELLED", "READY": "IN_PROGRESS"} {
		id := c.match(t, k.Secret, suite.In{"status": from})
		for _, to := range all {
			if to != allowed {
				expectError(t, patch(id, to), 409, "error_match_not_in_valid_state")
			}
		}
		if allowed != "" {
			t.Expect(patch(id, allowed), 200, fmt.Sprintf(`{"id": %q, "status": %q, "winnerTeamId": null, "updatedAt": "<time>"}`, id, allowed))
		}
	}
	id := c.startedMatch(t, k.Secret, 3)
	for _, to := range all {
		if to != "CANCELLED" {
			expectError(t, patch(id, to), 409, "error_match_not_in_valid_state")
		}
	}
	t.Expect(patch(id, "CANCELLED"), 200, `{"status": "CANCELLED", "...": 0}`)
	for _, to := range all {
		expectError(t, patch(id, to), 409, "error_match_not_in_valid_state")
	}
	expectError(t, patch(id, "LOST"), 400, "error_invalid_request")
}

func matchScores(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	k := c.gameKey(t, "game.lifecycle:read-write", "game.scores:write")
	id := c.startedMatch(t, k.Secret, 3)
	submit := func(maps ...suite.In) suite.Request {
		return suite.Post("/game/matches/"+id+"/scores", suite.In{"maps": maps}).By(k.Secret)
	}
	t.Expect(submit(suite.In{"map": 1, "home": 1, "away": 0}), 200, `{"results": [{"map": 1, "result": "saved"}], "...": 0}`)
	t.Expect(submit(suite.In{"map": 1, "home": 1000, "away": 0, "confirmed": true}, suite.In{"map": 2, "home": 0, "away": 3}), 200,
		`{"results": [{"map": 1, "result": "saved"}, {"map": 2, "result": "saved"}], "match": {"status": "IN_PROGRESS", "homeTeam": {"mapsWon": 1, "...": 0}, "...": 0}}`)
	t.Expect(submit(suite.In{"map": 1, "home": 5, "away": 6}, suite.In{"map": 2, "home": 2, "away": 1}), 200,
		`{"results": [{"map": 1, "result": "already_confirmed"}, {"map": 2, "result": "saved"}], "match": {"maps": [{"map": 1, "home": 1000, "away": 0, "confirmed": true}, {"map": 2, "home": 2, "away": 1, "confirmed": false}], "...": 0}}`)
	for _, bad := range []suite.In{{"map": 3, "home": 1001, "away": 0}, {"map": 3, "home": -1, "away": 0}, {"map": 3, "home": 1.5, "away": 0}, {"map": 4, "home": 1, "away": 0}, {"map": 3, "home": 1}} {
		expectError(t, submit(bad), 400, "error_invalid_request")
	}
	expectError(t, submit(suite.In{"map": 3, "home": 1, "away": 0}, suite.In{"map": 3, "home": 2, "away": 0}), 400, "error_invalid_request")
	expectError(t, submit(), 400, "error_invalid_request")
	t.Expect(submit(suite.In{"map": 2, "home": 2, "away": 1, "confirmed": true}), 200,
		fmt.Sprintf(`{"match": {"status": "COMPLETED", "winnerTeamId": %q, "homeTeam": {"mapsWon": 2, "...": 0}, "...": 0}, "...": 0}`, "team_"+c.north))
	expectError(t, submit(suite.In{"map": 3, "home": 1, "away": 0}), 409, "error_match_not_in_valid_state")
}

func matchForfeit(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	k := c.gameKey(t, "game.lifecycle:read-write")
	forfeit := func(id, team string) suite.Request {
		return suite.Post("/game/matches/"+id+"/forfeit", suite.In{"teamId": team}).By(k.Secret)
	}
	for _, id := range []string{c.match(t, k.Secret, suite.In{"status": "ACCEPTED"}), c.match(t, k.Secret, nil), c.startedMatch(t, k.Secret, 1)} {
		expectError(t, forfeit(id, "unknown"), 400, "error_invalid_request")
		t.Expect(forfeit(id, c.south), 200, fmt.Sprintf(`{"status": "FORFEITED", "winnerTeamId": %q, "forfeitedByTeamId": %q, "...": 0}`, "team_"+c.north, "team_"+c.south))
		expectError(t, forfeit(id, c.north), 409, "error_match_not_in_valid_state")
	}
	expectError(t, forfeit(c.match(t, k.Secret, suite.In{"status": "PENDING"}), c.north), 409, "error_match_not_in_valid_state")
}

func matchRepeat(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	k := c.gameKey(t, "game.lifecycle:read-write")
	create := func(bestOf int) suite.Request {
		return suite.Post("/game/matches", suite.In{"homeTeamId": c.north, "awayTeamId": c.south, "bestOf": bestOf}).By(k.Secret).With("Idempotency-Key", "create-"+c.game)
	}
	first := t.Expect(create(3), 201, "", "Location", "~^/api/v1/game/matches/con_")
	if again := t.Expect(create(3), 201, "", "Location", first.Header.Get("Location")); string(again.Body) != string(first.Body) {
		t.Errorf("the repeat answers %s, the first request %s", again.Body, first.Body)
	}
	expectError(t, create(5), 409, "error_idempotency_key_conflict")
	id := first.Text("id")
	forfeit := func(team string) suite.Request {
		return suite.Post("/game/matches/"+id+"/forfeit", suite.In{"teamId": team}).By(k.Secret).With("Idempotency-Key", "forfeit-"+c.game)
	}
	gone := t.Expect(forfeit(c.north), 200, "")
	if again := t.Expect(forfeit(c.north), 200, ""); string(again.Body) != string(gone.Body) {
		t.Errorf("the repeat answers %s, the first request %s", again.Body, gone.Body)
	}
	expectError(t, forfeit(c.south), 409, "error_idempotency_key_conflict")
	reader := t.Key(c.Org, suite.In{"scopes": []string{"matches.user_matches:read"}})
	t.Expect(suite.Get("/matches").By(reader.Secret), 200, fmt.Sprintf(`{"matches": [{"id": %q, "status": "FORFEITED", "...": 0}], "count": 1, "...": 0}`, id))
}

func matchAgreed(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	k := c.gameKey(t, "game.lifecycle:read-write", "game.scores:write")
	id := c.match(t, k.Secret, suite.In{"status": "PENDING", "bestOf": 1})
	agree := func(body suite.In) suite.Request { return suite.Patch("/contests/"+id, body).By(c.operator) }
	for _, to := range []string{"ACCEPTED", "READY"} {
		t.Expect(agree(suite.In{"status": to}), 200, fmt.Sprintf(`{"status": %q, "...": 0}`, to))
	}
	t.Expect(suite.Patch("/game/matches/"+id+"/status", suite.In{"status": "IN_PROGRESS"}).By(k.Secret), 200, "")
	t.Expect(suite.Post("/game/matches/"+id+"/scores", suite.In{"maps": []suite.In{{"map": 1, "home": 0, "away": 2}}}).By(k.Secret), 200, "")
	t.Expect(agree(suite.In{"confirm": []int{1}}), 200, fmt.Sprintf(`{"status": "COMPLETED", "winnerTeamId": %q, "...": 0}`, "team_"+c.south))
	t.Expect(agree(suite.In{"status": "DISPUTED"}), 200, `{"status": "DISPUTED", "winnerTeamId": null, "...": 0}`)
	expectError(t, suite.Post("/game/matches/"+id+"/forfeit", suite.In{"teamId": c.north}).By(k.Secret), 409, "error_match_not_in_valid_state")
	t.Expect(agree(suite.In{"status": "COMPLETED"}), 200, fmt.Sprintf(`{"status": "COMPLETED", "winnerTeamId": %q, "...": 0}`, "team_"+c.south))
	expectError(t, agree(suite.In{"status": "READY"}), 409, "error_match_not_in_valid_state")
	expectError(t, suite.Patch("/contests/"+id, suite.In{"status": "DISPUTED"}).By(c.Admin), 404, "error_match_not_found")
}

func contestantsSet(t *suite.T) {
	c := newClub(t, "active")
	k := t.Key(c.Org, suite.In{"scopes": []string{"matches.team_matches:read"}})
	list := func(slug string) suite.Request {
		return suite.Post("/teams/"+slug+"/matches", suite.In{}).By(k.Secret)
	}
	set := func(id string, body suite.In) suite.Request { return suite.Put("/contestants/team/"+id, body) }
	renamed := suite.In{"slug": "new-" + c.north, "name": "New", "members": []suite.In{{"user": c.Owner, "state": "active"}}}
	t.Expect(set("team_"+c.north, renamed).By(c.operator), 200, fmt.Sprintf(`{"id": %q, "slug": %q, "name": "New", "org": null, "members": [{"user": %q, "state": "active"}]}`, "team_"+c.north, "new-"+c.north, c.Owner))
	t.Expect(list("new-"+c.north), 200, anyList)
	expectError(t, list(c.north), 404, "error_team_not_found") // the slug belongs to no team now
	expectError(t, set("team_other-"+c.north, renamed).By(c.operator), 409, "error_conflict")
	expectError(t, set("team_"+c.north, renamed).By(c.Admin), 403, "error_api_key_permission_denied")
	expectError(t, set("team_"+c.north, suite.In{"slug": "Not A Slug", "name": "x", "members": []suite.In{}}).By(c.operator), 400, "error_invalid_request")
	expectError(t, set("team_"+c.north, suite.In{"slug": c.north, "name": "x", "org": "org_nobody", "members": []suite.In{}}).By(c.operator), 400, "error_invalid_request")
}

func applicationsDecided(t *suite.T) {
	c, other := newClub(t, "active"), newClub(t, "active")
	ask := suite.In{"kind": "game", "game": c.game, "reason": "we make it"}
	id := t.Expect(suite.Post("/applications", ask).By(c.Admin), 201,
		fmt.Sprintf(`{"id": "~^app_", "org": %q, "kind": "game", "game": %q, "reason": "we make it", "state": "pending", "created_at": "<time>", "created_by": %q, "decided_at": null}`, c.ID, c.game, c.Owner)).Text("id")
	expectError(t, suite.Post("/applications", ask).By(c.Admin), 409, "error_conflict")
	expectError(t, suite.Post("/applications", suite.In{"kind": "game"}).By(c.Admin), 400, "error_invalid_request")
	expectError(t, suite.Post("/applications", suite.In{"kind": "luck"}).By(c.Admin), 400, "error_invalid_request")
	t.Expect(suite.Get("/applications").By(c.Admin), 200, fmt.Sprintf(`{"data": [{"id": %q, "...": 0}], "next_cursor": null, "total": null}`, id))
	t.Expect(suite.Get("/applications").By(other.Admin), 200, `{"data": [], "next_cursor": null, "total": null}`)
	for _, admin := range []string{c.Admin, other.Admin} {
		expectError(t, suite.Patch("/applications/"+id, suite.In{"state": "approved"}).By(admin), 404, "error_not_found")
	}
	c.decide(t, id, "approved")
	if all := t.Expect(suite.Get("/applications?limit=100").By(c.operator), 200, ""); !strings.Contains(string(all.Body), id) {
		t.Errorf("the operator's list does not show %s", id)
	}
}
