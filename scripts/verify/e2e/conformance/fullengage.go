package conformance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"statgate/scripts/verify/e2e/suite"
)

var fullengage = page{
	file: "003_c17dd13f6fd8ba8b.txt", sha256: "ba0045c78f4f42b9ba18791a84967f850afeab7b0db9284f5382e04270a6fc6f",
	cases: slices.Concat(fullengageKeys, fullengageLife, fullengageAnswers, fullengageErrors, fullengageWider),
	exemptions: []exemption{
		{"1-3", "introduction"},
		{"5", "the introduction of a list"},
		{"9-12", "instructions for the product's pages"},
		{"15", "instructions for the product's pages"},
		{"16.2", "advice to the reader"},
		{"17", "a heading"},
		{"22-23", "headings"},
		{"28", "a heading"},
		{"30", "a heading"},
		{"36-37", "headings"},
		{"53-58", "advice to the reader"},
	},
}

// The bodies of errors without details.
const (
	engageUnauthorized = `{"error": "Unauthorized"}`
	engageNotFound     = `{"error": "Not found"}`
)

// engageInvalid returns the body of a 422 that names one field.
func engageInvalid(field string) string {
	return fmt.Sprintf(`{"error": "Validation failed", "details": {"fieldErrors": {%q: ["<string>"]}, "formErrors": []}}`, field)
}

// engageMatch returns a match between own teams that no other case creates.
func engageMatch(t *suite.T) suite.In {
	name := t.Email("team")
	return suite.In{"home": suite.In{"name": "Home " + name}, "away": suite.In{"name": "Away " + name}, "date": "2026-05-02"}
}

// engageMember adds a user to the organisation and creates a key of theirs.
func engageMember(t *suite.T, o suite.Org, role string) (user string, k suite.Key) {
	user = t.MustOp(o.Admin, "addMember", suite.In{"org": o.ID, "email": t.Email(role), "role": role}).Text("data.user")
	return user, t.Key(o, suite.In{"user": user})
}

var fullengageKeys = []Case{
	{ID: "external", Sentences: []string{"4.1"}, Source: fromPage, Fact: "a program needs only a key, and no browser session",
		Answer: "cookies are neither read nor set", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			t.Expect(suite.Get("/matches").By(k.Secret), 200, `{"data": "<list>", "total": "<number>"}`, "Set-Cookie", "")
			t.Expect(suite.Get("/matches").With("Cookie", "session=anything"), 401, engageUnauthorized, "Set-Cookie", "")
		}},
	{ID: "user", Sentences: []string{"6.1"}, Source: fromPage, Fact: "a key's actions are attributed to the user who created it",
		Answer: "the key shows its user, who is the actor of each entry in the activity log", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			user := t.MustOp(o.Admin, "addMember", suite.In{"org": o.ID, "email": t.Email("admin"), "role": "admin"}).Text("data.user")
			managing := t.Key(o, suite.In{"user": user, "scopes": []string{"keys:write"}})
			made := t.MustOp(managing.Secret, "createKey", suite.In{"name": "theirs", "expires_in": "30d"})
			if made.Text("data.created_by") != user || made.Text("data.user") != user {
				t.Errorf("a key that %s created has user %s and created_by %s", user, made.Text("data.user"), made.Text("data.created_by"))
			}
			match := t.Expect(suite.Post("/matches", engageMatch(t)).By(made.Text("data.secret")), 201, "").Text("data.id")
			t.Expect(suite.Get("/audit?limit=1").By(o.Admin), 200, fmt.Sprintf(
				`{"data": [{"action": "match.create", "target": %q, "method": "key", "actor": {"key": %q, "user": %q, "created_by": %q, "session": null}, "...": 0}], "total": "<number>"}`,
				match, made.Text("data.id"), user, user))
		}},
	{ID: "organisation", Sentences: []string{"7.1"}, Source: fromPage, Fact: "a key reads and changes the data of its own organisation only",
		Answer: "public data is hidden too; another organisation's ids are a 404 like unknown ones", Prove: engageOrganisation},
	{ID: "expiry.required", Sentences: []string{"8.1"}, Source: fromPage, Fact: "each key has an expiry",
		Answer: "without `expires_in` or `expires_at` a 422 names the field; the expiry cannot be removed", Prove: func(t *suite.T) {
			t.Expect(suite.Post("/keys", suite.In{"name": "endless"}).By(t.Home().Admin), 422, engageInvalid("expires_in"))
			k := t.Key(t.Home(), nil)
			for _, field := range []string{"expires_in", "expires_at"} {
				t.Expect(suite.Patch("/keys/"+k.ID, suite.In{field: nil}).By(t.Home().Admin), 422, engageInvalid(field))
			}
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"data": {"expires_at": "<time>", "...": 0}}`)
		}},
	{ID: "name", Sentences: []string{"13.1"}, Source: fromPage, Fact: "a key has a name that describes it",
		Answer: "1 to 80 characters, required", Prove: func(t *suite.T) {
			for _, name := range []string{"Mobile App", "CI/CD Pipeline"} {
				t.Expect(suite.Post("/keys", suite.In{"name": name, "expires_in": "30d"}).By(t.Org("STANDARD").Admin), 201, fmt.Sprintf(`{"data": {"name": %q, "...": 0}}`, name))
			}
			t.Expect(suite.Post("/keys", suite.In{"expires_in": "30d"}).By(t.Home().Admin), 422, engageInvalid("name"))
		}},
	{ID: "expiry.choices", Sentences: []string{"14.1"}, Source: fromPage, Fact: "a key lives 30, 60 or 90 days, 1 year, or until a chosen date",
		Answer: "`expires_in` of 30d, 60d, 90d or 1y, or `expires_at`. Another duration, a past date, or one over a year ahead is a 422 that names the field. So is a date beyond the end of the key that creates it; a choice is shortened to that end", Prove: engageChoices},
	{ID: "secret.once", Sentences: []string{"16.1"}, Source: fromPage, Fact: "the key is shown when it is created and never again",
		Answer: "lists and details show the prefix and the last four characters", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			for _, path := range []string{"/keys/" + k.ID, "/keys?limit=100", "/audit?limit=100"} {
				if r := t.Expect(suite.Get(path).By(t.Home().Admin), 200, ""); strings.Contains(string(r.Body), k.Secret) || strings.Contains(string(r.Body), `"secret"`) {
					t.Errorf("%s shows the secret", path)
				}
			}
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, fmt.Sprintf(`{"data": {"prefix": "ba_", "last_four": %q, "...": 0}}`, k.Secret[len(k.Secret)-4:]))
		}},
	{ID: "bearer", Sentences: []string{"18.1", "19.1"}, Source: fromPage, Fact: "the key is sent in the Authorization header of each request, as Bearer",
		Answer: "Bearer only", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			t.Expect(suite.Get("/matches").By(k.Secret), 200, "")
			for _, via := range []string{"x-api-key", "api_key"} {
				t.Expect(suite.Get("/matches").By(k.Secret).Via(via), 401, engageUnauthorized)
			}
			t.Expect(suite.Get("/matches").With("Authorization", k.Secret), 401, engageUnauthorized)
		}},
	{ID: "secret.format", Sentences: []string{"20.1", "21.1"}, Source: fromPage, Fact: "a key is ba_ and 40 hexadecimal characters, so that secret scanners find it",
		Answer: "lower-case hexadecimal of 20 random bytes, no tag; the page's own sample, which has 38, is refused", Prove: func(t *suite.T) {
			t.Expect(suite.Post("/keys", suite.In{"name": "format", "expires_in": "90d"}).By(t.Home().Admin), 201, `{"data": {"secret": "~^ba_[0-9a-f]{40}$", "prefix": "ba_", "...": 0}}`)
			t.Expect(suite.Get("/matches").By("ba_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9"), 401, engageUnauthorized)
		}},
}

// engageOrganisation requests another organisation's objects by each of their ids.
func engageOrganisation(t *suite.T) {
	mine, theirs := t.Key(t.Home(), nil).Secret, t.Org("STANDARD")
	other := t.Key(theirs, nil)
	made := t.Expect(suite.Post("/matches", engageMatch(t)).By(other.Secret), 201, fmt.Sprintf(`{"data": {"owner": %q, "...": 0}}`, theirs.ID))
	match, team := made.Text("data.id"), made.Text("data.home.id")
	const unknownID = "00000000-0000-8000-8000-000000000000"
	for _, path := range []string{"/matches/" + match, "/matches/" + match + "/head-to-head", "/teams/" + team, "/teams/" + team + "/matches", "/matches?team=" + team} {
		missing := strings.NewReplacer(match, unknownID, team, unknownID).Replace(path)
		t.Expect(suite.Get(path).By(other.Secret), 200, "")
		t.SameAnswer(t.Expect(suite.Get(path).By(mine), 404, engageNotFound), t.Expect(suite.Get(missing).By(mine), 404, engageNotFound))
	}
	for _, one := range []suite.Request{suite.Patch("/matches/"+match, suite.In{"status": "live"}), suite.Delete("/matches/" + match)} {
		t.Expect(one.By(mine), 404, engageNotFound)
	}
	admin := t.Home().Admin
	for _, path := range []string{"/orgs/" + theirs.ID, "/orgs/" + theirs.ID + "/members", "/keys/" + other.ID, "/keys/" + other.ID + "/usage"} {
		t.Expect(suite.Get(path).By(admin), 404, engageNotFound)
	}
	t.Expect(suite.Get("/matches?ids="+match).By(mine), 200, `{"data": [], "total": 0}`)
	t.Expect(suite.Get("/matches?limit=100").By(other.Secret), 200, fmt.Sprintf(`{"data": [{"id": %q, "owner": %q, "...": 0}], "total": 1}`, match, theirs.ID))
	t.Expect(suite.Get("/teams").By(other.Secret), 200, `{"data": ["<object>", "<object>"], "total": 2}`)
}

func engageChoices(t *suite.T) {
	admin := t.Org("STANDARD").Admin
	end, _ := time.Parse(time.RFC3339, t.MustOp(admin, "getSelf", nil).Text("data.expires_at"))
	ask := func(field, value string) suite.Request {
		return suite.Post("/keys", suite.In{"name": "choice", field: value}).By(admin)
	}
	for life, days := range map[string]int{"30d": 30, "60d": 60, "90d": 90, "1y": 365} {
		r := t.Expect(ask("expires_in", life), 201, `{"data": {"created_at": "<time>", "expires_at": "<time>", "...": 0}}`)
		from, _ := time.Parse(time.RFC3339, r.Text("data.created_at"))
		to, _ := time.Parse(time.RFC3339, r.Text("data.expires_at"))
		want := from.Add(time.Duration(days) * 24 * time.Hour)
		if want.After(end) {
			want = end
		}
		if !to.Equal(want) {
			t.Errorf("%s: the key lives %s, until %s, want %s", life, to.Sub(from), to, want)
		}
	}
	custom := time.Now().UTC().AddDate(0, 0, 45).Truncate(time.Second).Format(time.RFC3339)
	t.Expect(ask("expires_at", custom), 201, fmt.Sprintf(`{"data": {"expires_at": %q, "...": 0}}`, custom))
	for _, life := range []string{"45d", "365d", "2y", "0s", "1Y", "soon"} {
		r := t.Expect(ask("expires_in", life), 422, `{"error": "Validation failed", "details": {"fieldErrors": {"expires_in": "<list>"}, "formErrors": []}}`)
		if said := string(r.Body); !strings.Contains(said, "30d, 60d, 90d, 1y") {
			t.Errorf("%s: %s does not list the choices", life, said)
		}
	}
	for _, at := range []time.Time{time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 2)} {
		t.Expect(ask("expires_at", at.UTC().Format(time.RFC3339)), 422, engageInvalid("expires_at"))
	}
}

var fullengageLife = []Case{
	{ID: "active", Sentences: []string{"25.1"}, Source: fromPage, Fact: "an active key is accepted",
		Answer: "`state` is active", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			t.Expect(suite.Get("/matches").By(k.Secret), 200, "")
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"data": {"state": "active", "...": 0}}`)
		}},
	{ID: "expired", Sentences: []string{"26.1"}, Source: fromPage, Fact: "an expired key is refused automatically",
		Answer: "from the second of its expiry; `state` is expired", Prove: func(t *suite.T) {
			end := time.Now().UTC().Add(10 * time.Second).Truncate(time.Second)
			k := t.Key(t.Home(), suite.In{"expires_at": end.Format(time.RFC3339)})
			t.Until(end)
			t.Expect(suite.Get("/matches").By(k.Secret), 401, engageUnauthorized)
			t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"data": {"state": "expired", "...": 0}}`)
		}},
	{ID: "revoked", Sentences: []string{"27.1", "29.1", "29.2"}, Source: fromPage, Fact: "a revoked key is refused immediately and for good",
		Answer: "from the next request; `state` is revoked, and an edit or a rotation is a 409", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			for range 2 {
				t.Expect(suite.Get("/matches").By(k.Secret), 200, "")
			}
			admin := t.Home().Admin
			t.Expect(suite.Post("/keys/"+k.ID+"/revoke", nil).By(admin), 200, `{"data": {"state": "revoked", "revoked_at": "<time>", "...": 0}}`)
			t.Expect(suite.Get("/matches").By(k.Secret), 401, engageUnauthorized)
			t.Expect(suite.Post("/keys/"+k.ID+"/rotate", nil).By(admin), 409, `{"error": "<string>"}`)
			t.Expect(suite.Patch("/keys/"+k.ID, suite.In{"expires_in": "1y"}).By(admin), 409, `{"error": "<string>"}`)
			t.Expect(suite.Get("/matches").By(k.Secret), 401, engageUnauthorized)
		}},
	{ID: "last-used", Sentences: []string{"59.1"}, Source: fromPage, Fact: "the list of keys shows when each was last used",
		Answer: "`last_used_at`, null before the first request; and the requests in total and in this window", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			k := t.Key(o, nil)
			used := func(pattern string) {
				t.Expect(suite.Get("/keys?limit=1").By(o.Admin), 200, fmt.Sprintf(`{"data": [{"id": %q, "last_used_at": %s, "usage": "<object>", "...": 0}], "total": 2}`, k.ID, pattern))
			}
			used("null")
			t.Expect(suite.Get("/teams").By(k.Secret), 200, "")
			used(`"<time>"`)
		}},
}

var fullengageAnswers = []Case{
	{ID: "data", Sentences: []string{"31.1", "33.1", "35.1"}, Source: fromPage, Fact: "each successful answer has its content under data",
		Answer: "the same for data and key management; open routes (health, documents) have no envelope", Prove: engageEnvelopes},
	{ID: "total", Sentences: []string{"34.1"}, Source: fromPage, Fact: "a list has the total number of items, and other answers do not",
		Answer: "always a number, exact up to 10,000, which is also the largest reach of `offset`", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			k := t.Key(o, nil)
			for range 3 {
				t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201, `{"data": "<object>"}`)
			}
			for path, total := range map[string]int{"/matches": 3, "/matches?status=live": 0, "/matches?from=2026-05-01&to=2026-05-03": 3, "/teams": 6, "/teams?q=away": 3} {
				t.Expect(suite.Get(path).By(k.Secret), 200, fmt.Sprintf(`{"data": "<list>", "total": %d}`, total))
			}
			for path, total := range map[string]int{"/keys": 2, "/audit": 6, "/orgs": 1, "/orgs/" + o.ID + "/members": 1} {
				t.Expect(suite.Get(path+"?limit=1").By(o.Admin), 200, fmt.Sprintf(`{"data": ["<object>"], "total": %d}`, total))
				t.Expect(suite.Get(fmt.Sprintf("%s?offset=%d", path, total)).By(o.Admin), 200, fmt.Sprintf(`{"data": [], "total": %d}`, total))
			}
		}},
}

// engageEnvelopes sends a request of each kind and checks its envelope.
func engageEnvelopes(t *suite.T) {
	o := t.Org("STANDARD")
	k := t.Key(o, nil)
	made := t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201, `{"data": "<object>"}`)
	match, team := made.Text("data.id"), made.Text("data.home.id")
	user := t.Expect(suite.Post("/orgs/"+o.ID+"/members", suite.In{"email": t.Email("m"), "role": "member"}).By(o.Admin), 201, `{"data": "<object>"}`).Text("data.user")
	for _, path := range []string{"/matches/" + match, "/matches/" + match + "/head-to-head", "/teams/" + team} {
		t.Expect(suite.Get(path).By(k.Secret), 200, `{"data": "<object>"}`)
	}
	for _, path := range []string{"/keys/" + k.ID, "/keys/self", "/keys/" + k.ID + "/usage", "/orgs/" + o.ID} {
		t.Expect(suite.Get(path).By(o.Admin), 200, `{"data": "<object>"}`)
	}
	for _, path := range []string{"/matches", "/teams", "/teams/" + team + "/matches"} {
		t.Expect(suite.Get(path).By(k.Secret), 200, `{"data": ["<object>", "..."], "total": "<number>"}`)
	}
	for _, path := range []string{"/keys", "/audit", "/orgs", "/orgs/" + o.ID + "/members"} {
		t.Expect(suite.Get(path).By(o.Admin), 200, `{"data": ["<object>", "..."], "total": "<number>"}`)
	}
	for _, change := range []suite.Request{
		suite.Patch("/matches/"+match, suite.In{"status": "live"}).By(k.Secret), suite.Patch("/keys/"+k.ID, suite.In{"name": "other"}).By(o.Admin),
		suite.Post("/keys/"+k.ID+"/rotate", nil).By(o.Admin), suite.Patch("/orgs/"+o.ID, suite.In{"name": "other"}).By(o.Admin),
		suite.Patch("/orgs/"+o.ID+"/members/"+user, suite.In{"state": "suspended"}).By(o.Admin), suite.Post("/keys/"+k.ID+"/revoke", nil).By(o.Admin),
	} {
		t.Expect(change, 200, `{"data": "<object>"}`)
	}
	t.Expect(suite.Get("/health").AtRoot(), 200, `{"status": "<string>", "...": 0}`)
}

var fullengageErrors = []Case{
	{ID: "400", Sentences: []string{"39.1"}, Source: fromPage, Fact: "an unreadable body or parameter is a 400",
		Answer: "a body that is not JSON; a parameter that is unknown, repeated or not a number", Prove: func(t *suite.T) {
			admin, k := t.Home().Admin, t.Key(t.Home(), nil)
			for _, body := range []string{`{"name":`, `nothing`, `{"name":"a"} {}`} {
				t.Expect(suite.Post("/keys", []byte(body)).By(admin), 400, `{"error": "<string>"}`)
			}
			for _, query := range []string{"limit=ten", "limit=1.5", "offset=x", "limit=1&limit=2", "nothing=1", "team=a&team=b"} {
				t.Expect(suite.Get("/matches?"+query).By(k.Secret), 400, `{"error": "<string>", "details": {"fieldErrors": "<object>", "formErrors": []}}`)
			}
			t.Expect(suite.Get("/keys?limit=ten").By(admin), 400, `{"error": "<string>", "details": {"fieldErrors": {"limit": ["<string>"]}, "formErrors": []}}`)
		}},
	{ID: "401", Sentences: []string{"40.1"}, Source: fromPage, Fact: "a missing, invalid, expired or revoked key is a 401",
		Answer: "all with the same body", Prove: func(t *suite.T) {
			end := time.Now().UTC().Add(10 * time.Second).Truncate(time.Second)
			expired, revoked := t.Key(t.Home(), suite.In{"expires_at": end.Format(time.RFC3339)}), t.Key(t.Home(), nil)
			t.MustOp(t.Home().Admin, "revokeKey", suite.In{"key": revoked.ID})
			t.Until(end)
			for _, secret := range []string{"", "ba_", "anything", "ba_" + strings.Repeat("0", 40), strings.ToUpper(revoked.Secret), expired.Secret, revoked.Secret} {
				t.Expect(suite.Get("/matches").By(secret), 401, engageUnauthorized)
				t.Expect(suite.Get("/keys").By(secret), 401, engageUnauthorized)
			}
		}},
	{ID: "404", Sentences: []string{"41.1"}, Source: fromPage, Fact: "unknown objects and those of another organisation are a 404",
		Answer: "the same answer, byte for byte, after the same reads", Prove: func(t *suite.T) {
			mine, other := t.Key(t.Home(), nil), t.Key(t.Org("STANDARD"), nil)
			theirs := t.Expect(suite.Post("/matches", engageMatch(t)).By(other.Secret), 201, "").Text("data.id")
			foreign := t.Expect(suite.Get("/matches/"+theirs).By(mine.Secret), 404, engageNotFound)
			t.SameAnswer(foreign, t.Expect(suite.Get("/matches/00000000-0000-8000-8000-000000000000").By(mine.Secret), 404, engageNotFound))
			t.Expect(suite.Get("/matches/nothing").By(mine.Secret), 404, engageNotFound)
			t.Expect(suite.Get("/nowhere").By(mine.Secret), 404, engageNotFound)
		}},
	{ID: "422", Sentences: []string{"42.1", "44.1", "46.1", "47.1", "48.1", "49.1", "51.1"}, Source: fromPage,
		Fact:   "an invalid input is a 422 whose details list the problems by field, and those of the whole input",
		Answer: "the same for bodies and parameters; one answer lists all invalid fields", Prove: engageValidation},
	{ID: "500", Sentences: []string{"43.1"}, Source: fromPage, Fact: "a failure of the server is a 500",
		Answer: "documented for each operation, with a body that does not reveal the cause; no request can provoke one", Prove: func(t *suite.T) {
			doc := t.Expect(suite.Get("/openapi.json").AtRoot(), 200, "")
			at := func(path ...string) any {
				var v any = doc.At("paths")
				for _, name := range path {
					object, _ := v.(map[string]any)
					v = object[name]
				}
				return v
			}
			paths, _ := doc.At("paths").(map[string]any)
			for path, methods := range paths {
				for method := range methods.(map[string]any) {
					if at(path, method, "responses", "500") == nil {
						t.Errorf("%s %s has no documented 500", method, path)
					}
				}
			}
			if !strings.Contains(string(doc.Body), `"error": "Internal server error"`) {
				t.Errorf("no example shows the body of a 500")
			}
		}},
}

func engageValidation(t *suite.T) {
	admin, k := t.Home().Admin, t.Key(t.Home(), nil)
	members := "/orgs/" + t.Home().ID + "/members"
	t.Expect(suite.Post(members, suite.In{"email": "unknown", "role": "member"}).By(admin), 422, engageInvalid("email"))
	t.Expect(suite.Post("/keys", suite.In{"name": "", "expires_in": "soon"}).By(admin), 422,
		`{"error": "Validation failed", "details": {"fieldErrors": {"name": ["<string>"], "expires_in": ["<string>"]}, "formErrors": []}}`)
	t.Expect(suite.Post("/keys", []byte(`[]`)).By(admin), 422, `{"error": "Validation failed", "details": {"fieldErrors": {}, "formErrors": ["<string>"]}}`)
	t.Expect(suite.Post("/matches", suite.In{"home": suite.In{"name": "A"}, "away": suite.In{"name": "B"}, "date": "2026-02-30"}).By(k.Secret), 422, engageInvalid("date"))
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=-1": "limit", "offset=-1": "offset", "offset=10000": "offset", "date=2026-13-01": "date", "from=yesterday&to=2026-01-01": "from",
		"status=lost": "status", "order=up": "order",
	} {
		r := t.Expect(suite.Get("/matches?"+query).By(k.Secret), 422, `{"error": "Validation failed", "details": {"fieldErrors": "<object>", "formErrors": []}}`)
		if !strings.Contains(string(r.Body), `"`+field) {
			t.Errorf("%s: %s does not name %s", query, r.Body, field)
		}
	}
	for _, query := range []string{"season=2026", "from=2026-01-01&to=2026-12-31"} { // no single field is wrong
		t.Expect(suite.Get("/matches?"+query).By(k.Secret), 422, `{"error": "Validation failed", "details": {"fieldErrors": {}, "formErrors": ["<string>"]}}`)
	}
	t.Expect(suite.Get("/keys?state=dead").By(admin), 422, engageInvalid("state"))
}

var fullengageWider = []Case{
	{ID: "base", Source: fromDocs, Fact: "all routes except the open ones are under /api/v1",
		Answer: "data and key management are directly under it", Prove: func(t *suite.T) {
			if base := t.Contract().Base; base != "/api/v1" {
				t.Errorf("the base is %s, want /api/v1", base)
			}
			k := t.Key(t.Home(), nil)
			t.Expect(suite.Get("/matches").By(k.Secret).AtRoot(), 404, engageNotFound)
			t.Expect(suite.Get("/api/v1/matches").By(k.Secret).AtRoot(), 200, "")
		}},
	{ID: "ids", Source: fromDocs, Fact: "ids of data are UUIDs",
		Answer: "version 8, derived from the identity of the match or team; key management has its own ids", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201,
				`{"data": {"id": "~^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "home": {"id": "~^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "name": "<string>"}, "...": 0}}`)
		}},
	{ID: "pages", Source: fromDocs, Fact: "lists take a limit of 1 to 100, 50 by default, and an offset",
		Answer: "the same for key management", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			k := t.Key(o, nil)
			t.Each(4, func(i int) { t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201, "") })
			seen := map[string]bool{}
			for offset := range 4 {
				r := t.Expect(suite.Get(fmt.Sprintf("/matches?limit=1&offset=%d", offset)).By(k.Secret), 200, `{"data": ["<object>"], "total": 4}`)
				seen[r.Text("data.0.id")] = true
			}
			if len(seen) != 4 {
				t.Errorf("4 pages of one match show %d matches, want 4", len(seen))
			}
			t.Expect(suite.Get("/matches?limit=100&offset=3").By(k.Secret), 200, `{"data": ["<object>"], "total": 4}`)
			t.Expect(suite.Get("/keys?limit=1&offset=1").By(o.Admin), 200, `{"data": ["<object>"], "total": 2}`)
		}},
	{ID: "log", Source: fromDocs, Fact: "each change by a key is in the activity log, with its method of authentication",
		Answer: "`method` is key; keys of owners and admins with the scope read it, a member's key is a 403", Prove: engageLog},
	{ID: "role", Source: ourDecision, Fact: "keys have no scopes for data: a member's key reads, an owner's or admin's also writes",
		Answer: "403 if the role does not allow it; a promotion to admin or a demotion to member holds from the next request", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			_, admin := engageMember(t, o, "admin")
			user, k := engageMember(t, o, "member")
			match := t.Expect(suite.Post("/matches", engageMatch(t)).By(admin.Secret), 201, "").Text("data.id")
			t.Expect(suite.Get("/matches/"+match).By(k.Secret), 200, "")
			for _, one := range []suite.Request{suite.Post("/matches", engageMatch(t)), suite.Patch("/matches/"+match, suite.In{"status": "live"}), suite.Delete("/matches/" + match)} {
				t.Expect(one.By(k.Secret), 403, `{"error": "<string>"}`)
			}
			t.Expect(suite.Post("/keys", suite.In{"name": "k", "expires_in": "30d", "user": user, "scopes": []string{"audit:read"}}).By(o.Admin), 403, `{"error": "<string>"}`)
			t.Expect(suite.Post("/keys", suite.In{"name": "k", "expires_in": "30d", "scopes": []string{"read"}}).By(o.Admin), 422, engageInvalid("scopes"))
		}},
	{ID: "plan", Source: ourDecision, Fact: "there is one plan, with 10 keys, management keys included, and 10,000 requests an hour for each",
		Answer: "an eleventh key is a 409; the rate headers have the limit, the remaining requests, and the hour's end in epoch seconds", Prove: func(t *suite.T) {
			t.InWindow(5*time.Second, func() {
				o := t.Org("STANDARD")
				var last suite.Key
				for range 9 { // beside the owner's
					last = t.Key(o, nil)
				}
				t.Expect(suite.Post("/keys", suite.In{"name": "one more", "expires_in": "30d"}).By(o.Admin), 409, `{"error": "<string>", "details": "<object>"}`)
				t.Expect(suite.Get("/matches").By(last.Secret), 200, "", "X-RateLimit-Limit", "10000", "X-RateLimit-Remaining", "9999", "X-RateLimit-Reset", "~^[0-9]{10}$")
			})
		}},
	{ID: "rotate", Source: ourDecision, Fact: "a key can also be rotated: the old secret is refused immediately, and the expiry stays",
		Answer: "no overlap", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), nil)
			before := t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, "").Text("data.expires_at")
			r := t.Expect(suite.Post("/keys/"+k.ID+"/rotate", nil).By(t.Home().Admin), 200, fmt.Sprintf(`{"data": {"id": %q, "secret": "~^ba_", "expires_at": %q, "...": 0}}`, k.ID, before))
			t.Expect(suite.Get("/matches").By(k.Secret), 401, engageUnauthorized)
			t.Expect(suite.Get("/matches").By(r.Text("data.secret")), 200, "")
			t.Expect(suite.Post("/keys/"+k.ID+"/rotate", suite.In{"overlap": "1h"}).By(t.Home().Admin), 422, engageInvalid("overlap"))
		}},
	{ID: "deletion", Source: ourDecision, Fact: "a deletion has the envelope of other answers",
		Answer: "200 `{\"data\":{\"success\":true}}`, never 204", Prove: func(t *suite.T) {
			o := t.Org("STANDARD")
			k := t.Key(o, nil)
			match := t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201, "").Text("data.id")
			t.Expect(suite.Delete("/matches/"+match).By(k.Secret), 200, `{"data": {"success": true}}`)
			t.Expect(suite.Get("/matches/"+match).By(k.Secret), 404, engageNotFound)
			user, _ := engageMember(t, o, "member")
			t.Expect(suite.Delete("/orgs/"+o.ID+"/members/"+user).By(o.Admin), 200, `{"data": {"success": true}}`)
		}},
	{ID: "open", Source: ourDecision, Fact: "health and documentation need no key and are at the root",
		Answer: "`/health`, `/openapi.json`, `/api-docs`", Prove: func(t *suite.T) {
			for path, kind := range map[string]string{"/health": "~json", "/openapi.json": "~json", "/api-docs": "~text/html"} {
				t.Expect(suite.Get(path).AtRoot(), 200, "", "Content-Type", kind)
			}
		}},
}

// engageLog makes each kind of change of data and checks its entry in the log.
func engageLog(t *suite.T) {
	o := t.Org("STANDARD")
	k := t.Key(o, nil)
	match := t.Expect(suite.Post("/matches", engageMatch(t)).By(k.Secret), 201, "").Text("data.id")
	t.Expect(suite.Patch("/matches/"+match, suite.In{"status": "live"}).By(k.Secret), 200, "")
	t.Expect(suite.Delete("/matches/"+match).By(k.Secret), 200, "")
	entry := func(action string) string {
		return fmt.Sprintf(`{"action": %q, "target": %q, "method": "key", "at": "<time>", "actor": {"key": %q, "user": %q, "created_by": "<string>", "session": null}, "...": 0}`, action, match, k.ID, o.Owner)
	}
	all := fmt.Sprintf(`{"data": [%s, %s, %s], "total": 3}`, entry("match.delete"), entry("match.update"), entry("match.create"))
	for _, filter := range []string{"key=" + match, "actor=" + k.ID} {
		t.Expect(suite.Get("/audit?"+filter).By(o.Admin), 200, all)
	}
	user, theirs := engageMember(t, o, "member")
	_, admin := engageMember(t, o, "admin")
	t.Expect(suite.Get("/audit").By(theirs.Secret), 403, `{"error": "<string>"}`)
	t.Expect(suite.Get("/audit").By(admin.Secret), 403, `{"error": "<string>"}`) // not a management key
	reads := t.Key(o, suite.In{"scopes": []string{"audit:read"}})
	t.Expect(suite.Get("/audit?key="+url.QueryEscape(user)).By(reads.Secret), 200, `{"data": [{"action": "member.add", "...": 0}], "total": 1}`)
}
