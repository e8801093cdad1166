package suite

import (
	"net/http"

	"statgate/shared/api"
)

func data() []Case {
	return []Case{
		{ID: "data.leagues", Guarantee: "a listed league is available by its id, with its seasons and standings", Run: dataLeagues},
		{ID: "data.teams", Guarantee: "a listed team is available by its id, and its list of matches has only its own", Run: dataTeams},
		{ID: "data.matches", Guarantee: "a listed match is available by its id, with the earlier meetings of its teams", Run: dataMatches},
		{ID: "data.reports", Guarantee: "a listed match has events in order, lineups and statistics, possibly empty; an unknown match is a 404", Run: dataReports},
		{ID: "data.paging", Guarantee: "pages of matches have no gaps or repeats, and the total is exact", Run: dataPaging},
	}
}

// first returns the first item of a list of data. The case does not apply where the contract
// has no such list or the deployment has no data.
func (t *T) first(operation string, input in) map[string]any {
	if _, ok := t.routes[operation]; !ok {
		t.NotApplicable("the contract has no %s", operation)
	}
	r := t.op(t.reader.secret, operation, input)
	t.wantStatus(r, http.StatusOK)
	found := t.items(r)
	if len(found) == 0 {
		t.NotApplicable("the deployment has no data")
	}
	return found[0]
}

// sameByID checks that an item read by its id equals the listed one.
func (t *T) sameByID(operation, parameter string, listed map[string]any) {
	if _, ok := t.routes[operation]; !ok {
		return
	}
	r := t.op(t.reader.secret, operation, in{parameter: listed["id"]})
	t.wantStatus(r, http.StatusOK)
	if got := t.item(r); string(encode(got)) != string(encode(listed)) {
		t.Errorf("%s: got %s, listed as %.200s", r.asked, r.brief(), encode(listed))
	}
}

func dataLeagues(t *T) {
	league := t.first("listLeagues", nil)
	t.sameByID("getLeague", "league", league)
	if _, ok := t.routes["listSeasons"]; ok {
		season := t.first("listSeasons", in{"league": league["id"]})
		if textOf(season, "id") == "" {
			t.Errorf("listSeasons: a season without an id: %.120s", encode(season))
		}
	}
	if _, ok := t.routes["getStandings"]; !ok {
		return
	}
	r := t.op(t.reader.secret, "getStandings", in{"league": league["id"]})
	if r.Status != http.StatusOK {
		t.wantError(r, api.NoStandings)
		return
	}
	for i, row := range objects(within(t.item(r), "data")) {
		if row["group"] == nil && row["position"] != float64(i+1) {
			t.Errorf("%s: row %d has position %v", r.asked, i+1, row["position"])
		}
		points, _ := row["played"].(float64)
		won, _ := row["won"].(float64)
		drawn, _ := row["drawn"].(float64)
		lost, _ := row["lost"].(float64)
		if points != won+drawn+lost {
			t.Errorf("%s: row %d: %v played, but %v won, %v drawn, %v lost", r.asked, i+1, points, won, drawn, lost)
		}
	}
}

func dataTeams(t *T) {
	team := t.first("listTeams", nil)
	t.sameByID("getTeam", "team", team)
	if _, ok := t.routes["listTeamMatches"]; !ok {
		return
	}
	r := t.op(t.reader.secret, "listTeamMatches", in{"team": team["id"]})
	t.wantStatus(r, http.StatusOK)
	for _, m := range t.items(r) {
		if id := textOf(team, "id"); textOf(m, "home", "id") != id && textOf(m, "away", "id") != id {
			t.Errorf("%s: match %v is between other teams", r.asked, m["id"])
		}
	}
}

func dataMatches(t *T) {
	match := t.first("listMatches", nil)
	t.sameByID("getMatch", "match", match)
	if _, ok := t.routes["getHeadToHead"]; !ok {
		return
	}
	r := t.op(t.reader.secret, "getHeadToHead", in{"match": match["id"]})
	t.wantStatus(r, http.StatusOK)
	pair := map[string]bool{textOf(match, "home", "id"): true, textOf(match, "away", "id"): true}
	for _, m := range objects(within(t.item(r), "data")) {
		if !pair[textOf(m, "home", "id")] || !pair[textOf(m, "away", "id")] {
			t.Errorf("%s: match %v is between other teams", r.asked, m["id"])
		}
	}
}

func dataReports(t *T) {
	match := t.first("listMatches", nil)
	named := false
	for _, operation := range []string{"listMatchEvents", "getMatchLineups", "getMatchStats"} {
		if _, ok := t.routes[operation]; !ok {
			continue
		}
		named = true
		t.wantError(t.op(t.reader.secret, operation, in{"match": "m_nothing"}), api.NotFound)
		r := t.op(t.reader.secret, operation, in{"match": match["id"]})
		t.wantStatus(r, http.StatusOK)
		if operation != "listMatchEvents" {
			continue
		}
		last := -1.0
		for _, e := range t.items(r) {
			minute, _ := e["minute"].(float64)
			if minute < last {
				t.Errorf("%s: an event of minute %v comes after one of %v", r.asked, minute, last)
			}
			last = minute
		}
	}
	if !named {
		t.NotApplicable("the contract has no reports of matches")
	}
}

// maxDataPages bounds how many pages of matches are read: real data has thousands of matches.
const maxDataPages = 5

func dataPaging(t *T) {
	t.first("listMatches", nil)
	seen := map[any]bool{}
	ask := in{"limit": 7}
	list := t.contract.Shapes.List
	for page := 1; page <= maxDataPages; page++ {
		r := t.op(t.reader.secret, "listMatches", ask)
		t.wantStatus(r, http.StatusOK)
		got := t.items(r)
		for _, m := range got {
			if seen[m["id"]] {
				t.Errorf("%s: match %v is listed twice", r.asked, m["id"])
			}
			seen[m["id"]] = true
		}
		total, exact := slot(list, r.value(), "total").(float64)
		if exact && (len(got) < 7) != (int(total) < page*7) || len(got) > 7 {
			t.Errorf("%s: page %d has %d matches, want 7 or the rest of %v", r.asked, page, len(got), total)
		}
		if len(got) < 7 {
			return
		}
		switch t.contract.Paging.Style {
		case "cursor":
			next, _ := slot(list, r.value(), "next").(string)
			if next == "" {
				return
			}
			ask["cursor"] = next
		case "page":
			ask["page"] = page + 1
		case "offset":
			ask["offset"] = page * 7
		}
	}
}
