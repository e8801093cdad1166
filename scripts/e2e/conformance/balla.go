package conformance

import "statgate/scripts/e2e/suite"

var balla = page{
	file: "000_011b0ecea0e884a5.txt", sha256: "02e75e0362ee42816ced4f73fc449c223ece6f550f955298562a0b3fa0de8101",
	cases: ballaCases,
	asides: []aside{
		{"1-5", "what the page is about"},
		{"15-22", "where to click"},
		{"26.3", "advice to the reader"},
		{"28.2", "advice to the reader"},
	},
}

var ballaCases = []Case{
	{ID: "secret.format", Seed: []string{"26.1"}, Standing: Page, Says: "a key is balla_sk_ and 64 hexadecimal characters",
		Answer: "lower-case hexadecimal of 32 random bytes, no tag", Prove: func(t *suite.T) {
			t.Expect(suite.Post("/keys", suite.In{"name": "Dashboard Bot", "scopes": []string{"read"}}).By(t.Home().Admin), 201,
				`{"secret": "~^balla_sk_[0-9a-f]{64}$", "name": "Dashboard Bot", "scopes": ["read"], "...": 0}`)
		}},
	{ID: "secret.once", Seed: []string{"26.2", "28.1", "28.3"}, Standing: Page, Says: "the full key is shown when it is made and never again",
		Answer: "lists and details show prefix and last four characters", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			r := t.Expect(suite.Get("/keys/"+k.ID).By(t.Home().Admin), 200, `{"prefix": "balla_sk_", "last_four": "~^[0-9a-f]{4}$", "...": 0}`)
			if r.At("secret") != nil || r.Text("last_four") != k.Secret[len(k.Secret)-4:] {
				t.Errorf("the key's details show more, or another end, than they should")
			}
		}},
	{ID: "bearer", Seed: []string{"29.1", "30.1", "31.1", "57.1", "58.1"}, Standing: Page, Says: "the key goes into the Authorization header, as Bearer",
		Answer: "Bearer alone", Prove: func(t *suite.T) {
			k := t.Key(t.Home(), suite.In{"scopes": []string{"read"}})
			t.Expect(suite.Get("/matches").By(k.Secret), 200, `{"data": "<list>", "page": 1, "limit": 50, "total": "<number>"}`)
			t.Expect(suite.Get("/matches").By(k.Secret).Via("x-api-key"), 401, `{"error": "<string>", "code": "UNAUTHORIZED"}`)
		}},
}
