package conformance

import (
	"fmt"
	"strings"
	"time"

	"statgate/scripts/verify/e2e/suite"
)

// The shapes that the product's wider documentation shows.
const (
	matchShape = `{"id": "<string>", "league_id": "<string>", "season": "~^[0-9]{4}(/[0-9]{2})?$", "home_team": "<string>", "away_team": "<string>",
		"home_score": "<number?>", "away_score": "<number?>", "status_code": "<number?>", "minute": "<number?>", "kickoff_ts": "<number?>",
		"updated_at": "<time>", "home_logo": "<string?>", "away_logo": "<string?>"}`
	leagueShape = `{"id": "<string>", "country": "<string?>", "name": "<string>", "season": "<string?>", "sport": "football", "logo_url": "<string?>"}`
	eventShape  = `{"id": "<string>", "type": "<string>", "team": "~^(home|away)$", "minute": "<number>", "added_time": "<number?>", "player": "<string?>", "player_in": "<string?>"}`
	lineupShape = `{"starters": [{"name": "<string>", "position": "<string?>"}, "..."], "substitutes": [{"name": "<string>", "position": "<string?>"}, "..."]}`
	statsShape  = `{"data": [{"section": "<string>", "stats": [{"name": "<string>", "home": "<number>", "away": "<number>"}, "..."]}, "..."]}`
	badInput    = `{"error": "<string>", "code": "invalid_request", "details": "<any>", "request_id": "~^req_."}`
)

func listOf(item, limit string) string {
	return `{"data": [` + item + `, "..."], "total": "<number?>", "limit": ` + limit + `, "next_cursor": "<string?>"}`
}

var scorelyticsData = []Case{
	{ID: "shape.match", Source: fromDocs, Fact: "a match is one flat object, and a list of matches has data, total, limit and next_cursor",
		Answer: "awarded matches are finished (3); postponed, cancelled and abandoned ones have no status code", Prove: func(t *suite.T) {
			t.Expect(suite.Get(matchesPath).By(reader(t).Secret), 200, listOf(matchShape, "50"))
		}},
	{ID: "shape.league", Source: fromDocs, Fact: "a league has id, country, name, season, sport and logo_url",
		Answer: "logos are null, because no data source has them", Prove: func(t *suite.T) {
			t.Expect(suite.Get(leaguesPath).By(reader(t).Secret), 200, listOf(leagueShape, "50"))
		}},
	{ID: "shape.standings", Source: ourDecision, Fact: "standings are rows in the order of position", Answer: "league_id, season and data", Prove: func(t *suite.T) {
		k := reader(t)
		m := someMatch(t, k)
		t.Expect(suite.Get("/football/leagues/"+m.Text("league_id")+"/standings").By(k.Secret), 200,
			`{"league_id": "<string>", "season": "<string>", "data": [{"position": "<number>", "group": "<string?>", "team": "<string>", "played": "<number>", "won": "<number>",
			"drawn": "<number>", "lost": "<number>", "goals_for": "<number>", "goals_against": "<number>", "goal_difference": "<number>", "points": "<number>"}, "..."]}`)
	}},
	{ID: "shape.h2h", Source: ourDecision, Fact: "head-to-head has the earlier meetings of a match's teams", Answer: "the matches, newest first, and their totals", Prove: func(t *suite.T) {
		k := reader(t)
		m := someMatch(t, k)
		r := t.Expect(suite.Get(matchesPath+"/"+m.Text("id")+"/h2h").By(k.Secret), 200,
			`{"home_team": "<string>", "away_team": "<string>", "totals": "<object>", "matches": [`+matchShape+`, "..."]}`)
		if r.Text("home_team") != m.Text("home_team") || r.Text("away_team") != m.Text("away_team") {
			t.Errorf("head-to-head is of %s and %s, want the match's teams", r.Text("home_team"), r.Text("away_team"))
		}
	}},
	{ID: "shape.report", Source: fromDocs, Fact: "a match's events are ordered by minute and added time, lineups are grouped by side, statistics by section",
		Answer: "empty lists for a match without a report, 404 for an unknown match", Prove: matchReports},
	{ID: "matches.order", Source: fromDocs, Fact: "matches are ordered by kick-off, earliest first, and after gets the next page", Answer: "pages without gaps or repeats; a bad cursor is a 400", Prove: matchesOrder},
	{ID: "matches.filters", Source: fromDocs, Fact: "matches can be filtered by status, league_id and date (a UTC day)", Answer: "league_id or status, each with or without a date; both together are a 400 that names the supported filters", Prove: matchesFilters},
	{ID: "limit", Source: fromDocs, Fact: "a limit above 200 counts as 200, the default is 50", Answer: "a limit of 0 is a 400", Prove: func(t *suite.T) {
		k := reader(t)
		t.Expect(suite.Get(matchesPath+"?limit=500").By(k.Secret), 200, listOf(matchShape, "200"))
		t.Expect(suite.Get(matchesPath).By(k.Secret), 200, listOf(matchShape, "50"))
		for _, limit := range []string{"0", "-1", "ten"} {
			t.Expect(suite.Get(matchesPath+"?limit="+limit).By(k.Secret), 400, badInput)
		}
	}},
	{ID: "input.invalid", Source: fromDocs, Fact: "an invalid input is a 400 with code invalid_request", Answer: "422 is not used; an error for an unknown parameter names it", Prove: func(t *suite.T) {
		k := reader(t)
		for _, query := range []string{"date=yesterday", "date=2026-13-01", "after=nonsense", "status=over", "league=x", "nonsense=1"} {
			r := t.Expect(suite.Get(matchesPath+"?"+query).By(k.Secret), 400, "")
			if name, _, _ := strings.Cut(query, "="); r.Text("code") != "invalid_request" || !strings.Contains(r.Text("error")+string(r.Body), name) {
				t.Errorf("%s: got %s", query, r.Body)
			}
		}
		t.Expect(suite.Get(matchesPath+"/m_nothing").By(k.Secret), 404, `{"error": "<string>", "code": "not_found", "request_id": "~^req_."}`)
	}},
}

// matchReports searches the matches of the last ten days for one with a report, and checks the
// shapes of its parts.
func matchReports(t *suite.T) {
	k := reader(t)
	get := func(path, pattern string) suite.Reply { return t.Expect(suite.Get(path).By(k.Secret), 200, pattern) }
	for _, part := range []string{"/events", "/stats", "/lineups"} {
		t.Expect(suite.Get(matchesPath+"/m_nothing"+part).By(k.Secret), 404, `{"error": "<string>", "code": "not_found", "request_id": "~^req_."}`)
	}
	reported := false
	for ago := range 10 {
		day := time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly)
		list := get(matchesPath+"?limit=20&date="+day, listOf(matchShape, "20"))
		for i := 0; list.Text(fmt.Sprintf("data.%d.id", i)) != "" && !reported; i++ {
			at := matchesPath + "/" + list.Text(fmt.Sprintf("data.%d.id", i))
			events := get(at+"/events?limit=200", listOf(eventShape, "200"))
			checkEventOrder(t, events)
			get(at+"/lineups", `{"home": `+lineupShape+`, "away": `+lineupShape+`}`)
			get(at+"/stats", statsShape)
			reported = events.At("data.0") != nil
		}
	}
	m := someMatch(t, k) // the oldest match, which may have no report
	get(matchesPath+"/"+m.Text("id")+"/events", listOf(eventShape, "50"))
	if !reported {
		t.NotApplicable("no match of the last ten days has a report")
	}
}

func checkEventOrder(t *suite.T, events suite.Reply) {
	list, _ := events.At("data").([]any)
	last := -1.0
	for _, one := range list {
		e, _ := one.(map[string]any)
		minute, _ := e["minute"].(float64)
		added, _ := e["added_time"].(float64)
		if at := minute*1000 + added; at < last {
			t.Errorf("events are out of order: %s", events.Body)
		} else {
			last = at
		}
	}
}

func matchesOrder(t *suite.T) {
	k := reader(t)
	seen, last, after := map[string]bool{}, -1e18, ""
	for range 4 {
		page := t.Expect(suite.Get(matchesPath+"?limit=10"+after).By(k.Secret), 200, listOf(matchShape, "10"))
		list, _ := page.At("data").([]any)
		for _, one := range list {
			m, _ := one.(map[string]any)
			id, _ := m["id"].(string)
			if seen[id] {
				t.Errorf("match %s is on two pages", id)
			}
			seen[id] = true
			if at, known := m["kickoff_ts"].(float64); known {
				if at < last {
					t.Errorf("match %s kicks off before its predecessor", id)
				}
				last = at
			}
		}
		if page.Text("next_cursor") == "" {
			break
		}
		after = "&after=" + page.Text("next_cursor")
	}
	if len(seen) == 0 {
		t.NotApplicable("the deployment has no matches")
	}
	t.Expect(suite.Get(matchesPath+"?after=nonsense").By(k.Secret), 400, badInput)
}

func matchesFilters(t *suite.T) {
	k := reader(t)
	for status, code := range map[string]float64{"scheduled": 1, "live": 2, "finished": 3} {
		list, _ := t.Expect(suite.Get(matchesPath+"?status="+status).By(k.Secret), 200, listOf(matchShape, "50")).At("data").([]any)
		for _, one := range list {
			if m, _ := one.(map[string]any); m["status_code"] != code {
				t.Errorf("status=%s has a match with the code %v", status, m["status_code"])
			}
		}
	}
	m := someMatch(t, k)
	league := t.Expect(suite.Get(matchesPath+"?limit=1&league_id="+m.Text("league_id")).By(k.Secret), 200, listOf(matchShape, "1"))
	if league.Text("data.0.league_id") != m.Text("league_id") {
		t.Errorf("league_id has a match of %s", league.Text("data.0.league_id"))
	}
	kickoff, known := m.At("kickoff_ts").(float64)
	if !known {
		return
	}
	day := time.Unix(int64(kickoff), 0).UTC()
	list, _ := t.Expect(suite.Get(matchesPath+"?limit=200&date="+day.Format(time.DateOnly)).By(k.Secret), 200, listOf(matchShape, "200")).At("data").([]any)
	found := false
	for _, one := range list {
		other, _ := one.(map[string]any)
		at, timed := other["kickoff_ts"].(float64)
		if timed && time.Unix(int64(at), 0).UTC().Format(time.DateOnly) != day.Format(time.DateOnly) {
			t.Errorf("date=%s has a match that kicks off at %v", day.Format(time.DateOnly), at)
		}
		found = found || other["id"] == m.Text("id")
	}
	if !found {
		t.Errorf("date=%s lacks the match of that day", day.Format(time.DateOnly))
	}
	both := t.Expect(suite.Get(matchesPath+"?limit=200&league_id="+m.Text("league_id")+"&date="+day.Format(time.DateOnly)).By(k.Secret), 200, listOf(matchShape, "200"))
	if all, _ := both.At("data").([]any); len(all) == 0 || len(all) > len(list) {
		t.Errorf("league_id and date select %d matches, date alone %d", len(all), len(list))
	}
	t.Expect(suite.Get(matchesPath+"?status=live&league_id="+m.Text("league_id")).By(k.Secret), 400, `{"error": "~league_id and season", "code": "invalid_request", "request_id": "~^req_."}`)
}
