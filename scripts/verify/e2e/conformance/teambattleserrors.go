package conformance

import (
	"fmt"
	"time"

	"statgate/scripts/verify/e2e/suite"
)

var teambattlesErrors = []Case{
	{ID: "error.shape", Sentences: []string{"37.1", "39.1", "40.1"}, Source: fromPage, Fact: "an error has a code and optionally details as text",
		Answer: "`details` is one line that names the field and the problem", Prove: func(t *suite.T) {
			r := t.Expect(suite.Post("/keys", suite.In{"scopes": []string{"matches.user_matches:read"}}).By(t.Home().Admin), 400,
				`{"error": "error_invalid_request", "details": "~name: is required"}`, "Content-Type", "~^application/json", "X-Request-Id", "<any>")
			if r.At("message") != nil {
				t.Errorf("the error has a message, which is not on the page")
			}
		}},
	{ID: "error.api_key_required", Sentences: []string{"46.1"}, Source: fromPage, Fact: "a request without a key in the Authorization header is 401 error_api_key_required",
		Answer: "the edge answers, for every path below the base; a key with another scheme than Bearer counts as missing", Prove: func(t *suite.T) {
			expectError(t, suite.Get("/matches"), 401, "error_api_key_required")
			expectError(t, suite.Post("/teams/x/matches", suite.In{}), 401, "error_api_key_required")
			expectError(t, suite.Get("/matches").With("Authorization", "Basic dXNlcjpwYXNz"), 401, "error_api_key_required")
		}},
	{ID: "error.api_key_invalid", Sentences: []string{"47.1"}, Source: fromPage, Fact: "an invalid or revoked key is 401 error_api_key_invalid",
		Answer: "the same for malformed, unknown, expired and revoked keys, from the next request", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 200, anyList)
			t.Expect(suite.Post("/keys/"+k.ID+"/revoke", nil).By(t.Home().Admin), 200, "")
			forged := k.Secret[:len(k.Secret)-1] + map[bool]string{true: "1", false: "0"}[k.Secret[len(k.Secret)-1] == '0']
			for _, secret := range []string{k.Secret, forged, "tb_short", "sk_live_" + k.Secret[3:]} {
				expectError(t, suite.Get("/matches").By(secret), 401, "error_api_key_invalid")
			}
		}},
	{ID: "error.api_key_permission_denied", Sentences: []string{"48.1"}, Source: fromPage, Fact: "a key without the permission is 403 error_api_key_permission_denied",
		Answer: "the details name the route and the key's permissions", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"connections.github:enabled"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 403, `{"error": "error_api_key_permission_denied", "details": "~connections.github:enabled"}`)
		}},
	{ID: "error.invalid_request", Sentences: []string{"53.1"}, Source: fromPage, Fact: "an invalid body or parameter is 400 error_invalid_request",
		Answer: "the same for unreadable, unknown, missing, wrongly typed and out-of-range input", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			for _, r := range []suite.Request{
				suite.Get("/matches?unknown=1"), suite.Get("/matches?gameId=a&gameId=b"), suite.Post("/user/matches", []byte(`{"limit":`)),
				suite.Post("/user/matches", suite.In{"unknown": 1}), suite.Post("/user/matches", suite.In{"includeStatuses": "READY"}), suite.Post("/user/matches", []byte(`[]`)),
			} {
				expectError(t, r.By(k.Secret), 400, "error_invalid_request")
			}
		}},
	{ID: "error.invalid_cursor", Sentences: []string{"54.1"}, Source: fromPage, Fact: "an invalid or expired cursor is 400 error_invalid_cursor",
		Answer: "cursors are signed, bound to their query, and valid for 24 hours", Prove: cursorsRefused},
	{ID: "error.invalid_limit", Sentences: []string{"55.1"}, Source: fromPage, Fact: "a limit outside 1–100 is 400 error_invalid_limit",
		Answer: "the same in query and body; the default is 25", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			for _, limit := range []any{0, 101, -1, "ten", 1.5} {
				expectError(t, suite.Get(fmt.Sprintf("/matches?limit=%v", limit)).By(k.Secret), 400, "error_invalid_limit")
				expectError(t, suite.Post("/user/matches", suite.In{"limit": limit}).By(k.Secret), 400, "error_invalid_limit")
			}
			for _, limit := range []int{1, 100} {
				t.Expect(suite.Get(fmt.Sprintf("/matches?limit=%d", limit)).By(k.Secret), 200, anyList)
				t.Expect(suite.Post("/user/matches", suite.In{"limit": limit}).By(k.Secret), 200, anyList)
			}
		}},
	{ID: "error.invalid_date_format", Sentences: []string{"56.1"}, Source: fromPage, Fact: "a date that is not ISO 8601 is 400 error_invalid_date_format",
		Answer: "dates and times are accepted in extended and basic format, in UTC without an offset; a number is refused", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"matches.user_matches:read"}})
			for _, field := range []string{"scheduledAfter", "scheduledBefore", "createdAfter", "createdBefore"} {
				for _, date := range []string{"yesterday", "2026-13-01", "01/02/2026", "2026-02-30"} {
					expectError(t, suite.Get("/matches?"+field+"="+date).By(k.Secret), 400, "error_invalid_date_format")
				}
				expectError(t, suite.Post("/user/matches", suite.In{field: 1767225600}).By(k.Secret), 400, "error_invalid_date_format")
				t.Expect(suite.Post("/user/matches", suite.In{field: "soon"}).By(k.Secret), 400, fmt.Sprintf(`{"error": "error_invalid_date_format", "details": "~^%s: "}`, field))
			}
			for _, date := range []string{"2026-02-28", "2026-02-28T12:00:00Z", "2026-02-28T12:00:00.250+01:00", "2026-02-28T12:00", "20260228T120000Z"} {
				t.Expect(suite.Post("/user/matches", suite.In{"createdAfter": date}).By(k.Secret), 200, anyList)
			}
		}},
	{ID: "error.internal", Sentences: []string{"57.1"}, Source: fromPage, Fact: "a failure of the server is 500 error_internal",
		Answer: "a store that does not answer is 503 error_unavailable, which can be retried", Prove: func(t *suite.T) {
			r := t.Expect(suite.Get("/openapi.json").AtRoot(), 200, "")
			response, _ := r.At("paths./api/v1/matches.get.responses.500.$ref").(string)
			if response == "" {
				t.Fatalf("the document has no 500 for GET /matches")
			}
			t.Expect(suite.Get("/openapi.json").AtRoot(), 200, `{"components": {"responses": {"ErrorInternal": {"content": {"application/json": {"examples": {"internal": {"value": {"error": "error_internal", "details": "<string>"}, "...": 0}}, "...": 0}}, "...": 0}, "...": 0}, "...": 0}, "...": 0}`)
		}},
	{ID: "error.muted", Source: ourDecision, Fact: "a muted user's key is 403 error_api_key_muted",
		Answer: "muting means suspending the member; it holds from the next request and can be undone", Prove: func(t *suite.T) {
			c := newClub(t, "active")
			added := t.Expect(suite.Post("/orgs/"+c.ID+"/members", suite.In{"email": t.Email("muted"), "role": "member"}).By(c.Admin), 201, "")
			k := t.Expect(suite.Post("/keys", suite.In{"name": "muted", "org": c.ID, "user": added.Text("user"), "scopes": []string{"matches.user_matches:read"}}).By(t.OperatorKey()), 201, "").Text("secret")
			t.Expect(suite.Get("/matches").By(k), 200, anyList)
			mute := func(state string) {
				t.Expect(suite.Patch("/orgs/"+c.ID+"/members/"+added.Text("user"), suite.In{"state": state}).By(c.Admin), 200, "")
			}
			mute("suspended")
			expectError(t, suite.Get("/matches").By(k), 403, "error_api_key_muted")
			mute("active")
			t.Expect(suite.Get("/matches").By(k), 200, anyList)
		}},
	{ID: "plans", Source: fromDocs, Fact: "general developers have 60 requests a minute, game developers 120",
		Answer: "the plans GENERAL and GAME, with windows of a minute; the reset header is in epoch seconds", Prove: func(t *suite.T) {
			for plan, limit := range map[string]string{"GENERAL": "60", "GAME": "120"} {
				k := t.Key(t.Org(plan), suite.In{"scopes": []string{"matches.user_matches:read"}})
				r := t.Expect(suite.Get("/matches").By(k.Secret), 200, anyList, "X-RateLimit-Limit", limit, "X-RateLimit-Remaining", "<any>", "X-RateLimit-Reset", "~^[0-9]{10}$")
				var reset int64
				if _, err := fmt.Sscan(r.Header.Get("X-RateLimit-Reset"), &reset); err != nil || reset%60 != 0 || time.Until(time.Unix(reset, 0)) > 2*time.Minute {
					t.Errorf("the window of plan %s ends at %d, want a whole minute within 2 minutes", plan, reset)
				}
			}
		}},
	{ID: "error.rate_limited", Source: fromDocs, Fact: "request 61 of a minute is 429 error_api_rate_limited, with Retry-After",
		Answer: "refused requests cost nothing", Prove: func(t *suite.T) {
			t.InWindow(25*time.Second, func() {
				k := t.Key(t.Org("GENERAL"), suite.In{"scopes": []string{"matches.user_matches:read"}})
				t.Each(60, func(int) { t.Expect(suite.Get("/matches?limit=1").By(k.Secret), 200, anyList) })
				t.Expect(suite.Get("/matches").By(k.Secret), 429, `{"error": "error_api_rate_limited", "details": "<string>"}`, "Retry-After", "~^[0-9]+$", "X-RateLimit-Remaining", "0")
			})
		}},
}

func cursorsRefused(t *suite.T) {
	c := newClub(t, "active")
	c.approve(t, "game")
	game := c.gameKey(t, "game.lifecycle:read-write")
	for range 2 {
		c.match(t, game.Secret, nil)
	}
	k := t.Key(c.Org, suite.In{"scopes": []string{"matches.user_matches:read", "matches.team_matches:read"}})
	first := t.Expect(suite.Get("/matches?limit=1").By(k.Secret), 200, `{"matches": ["<object>"], "count": 1, "pagination": {"cursor": "<string>", "hasMore": true}, "timestamp": "<time>"}`)
	cursor := first.Text("pagination.cursor")
	last := t.Expect(suite.Get("/matches?limit=1&cursor="+cursor).By(k.Secret), 200, `{"matches": ["<object>"], "count": 1, "pagination": {"cursor": null, "hasMore": false}, "timestamp": "<time>"}`)
	if first.Text("matches.0.id") == last.Text("matches.0.id") {
		t.Errorf("both pages show match %s", first.Text("matches.0.id"))
	}
	for _, r := range []suite.Request{
		suite.Get("/matches?cursor=nonsense"), suite.Get("/matches?cursor=" + cursor[:len(cursor)-2]), suite.Get("/matches?gameId=other&cursor=" + cursor),
		suite.Post("/user/matches", suite.In{"cursor": cursor}), suite.Post("/teams/"+c.north+"/matches", suite.In{"cursor": cursor}), suite.Post("/user/matches", suite.In{"cursor": "nonsense"}),
	} {
		expectError(t, r.By(k.Secret), 400, "error_invalid_cursor")
	}
}
