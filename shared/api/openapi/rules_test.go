package openapi_test

import (
	"strings"
	"testing"
)

// The names in a rule are those of the contract's inputs.
func TestRulesForSeveralInputsAreInTheDescription(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contract, path, method string
		want                   []string
	}{
		{"statgate", "/v1/football/matches", "post", []string{"Give either `date` or `kickoff_at`.", "`season` requires `league`.", "either `id` or `name`", "`extra_time` and `penalties` require `full_time`"}},
		{"statgate", "/v1/football/matches", "get", []string{"several values of `status`", "Give either `date`, or both `from` and `to`."}},
		{"scorelytics", "/v1/football/matches", "get", []string{"`round` and `stage` require `league_id` and `season`"}},
		{"statgate", "/v1/keys", "post", []string{"Give `expires_in` or `expires_at`, not both."}},
		{"statgate", "/v1/football/teams", "get", []string{"`league`, with or without `season`; `q`"}},
		{"teambattles", "/api/v1/matches", "get", []string{"`excludeStatuses` is ignored if `includeStatuses` is given."}},
		{"teambattles", "/api/v1/applications", "post", []string{"`game` is required for the kind `game`"}},
	} {
		k := load(t, c.contract)
		text, _ := at(t, write(t, k, all(k)), "paths", c.path, c.method, "description").(string)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s %s: the description lacks %q: %s", c.contract, c.method, c.path, want, text)
			}
		}
	}
}
