package suite

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"statgate/shared/api"
)

func writing() []Case {
	return []Case{
		{ID: "write.match", Guarantee: "an organisation's keys create, read, list, change and delete its own matches", Run: writeMatch},
		{ID: "write.league", Guarantee: "an own match may be in a public league and season, between public teams, without changing public standings or other organisations' lists", Run: writeLeague},
		{ID: "write.steps", Guarantee: "a match's status changes only along the allowed transitions", Run: writeSteps},
		{ID: "write.if-match", Guarantee: "of concurrent changes with one ETag exactly one is made, and a stale ETag changes and deletes nothing", Run: writeIfMatch},
		{ID: "write.repeat", Guarantee: "a creation that is repeated with its Idempotency-Key gets the first answer; another body is refused", Run: writeRepeat},
		{ID: "write.tenant", Guarantee: "another organisation's match and team answer like unknown ones wherever their ids appear; a public match cannot be changed", Run: writeTenant},
		{ID: "write.fields", Guarantee: "an error names the invalid field of a match, and nothing is created or changed", Run: writeFields},
	}
}

// writerKey creates a key that reads and writes matches.
func (t *T) writerKey(n *tenant) string {
	if _, ok := t.routes["createMatch"]; !ok {
		t.NotApplicable("the contract has no matches of an organisation's own")
	}
	return t.allDataKey(n)
}

// allDataKey creates a key with every data scope that the contract gives without an approval.
func (t *T) allDataKey(n *tenant) string {
	var scopes []string
	if t.contract.Scopes.Style != "role" {
		scopes = t.dataScopes()
	}
	return t.key(n.admin, n, in{"scopes": scopes}).secret
}

// teamInput returns a team of an organisation's own that no other case uses.
func (t *T) teamInput(name string) in { return in{"name": name + " " + t.id + " " + t.mark} }

// matchInput returns a match that no other case creates, with the given changes.
func (t *T) matchInput(change in) in {
	m := in{"home": t.teamInput("Harbour"), "away": t.teamInput("Mill"), "kickoff_at": "2026-05-02T14:00:00Z", "round": t.id}
	for name, value := range change {
		m[name] = value
	}
	return m
}

// createMatch creates a match and returns it with the answer.
func (t *T) createMatch(secret string, change in, headers ...string) (map[string]any, Reply) {
	r := t.op(secret, "createMatch", t.matchInput(change), headers...)
	t.wantStatus(r, http.StatusCreated)
	m := t.item(r)
	if textOf(m, "id") == "" {
		t.Fatalf("%s: %s names no match", r.asked, r.brief())
	}
	return m, r
}

// goals returns a full-time score.
func goals(home, away int) in { return in{"full_time": in{"home": home, "away": away}} }

func writeMatch(t *T) {
	secret := t.writerKey(t.home)
	m, made := t.createMatch(secret, nil)
	id := m["id"]
	read := t.mustOp(secret, "getMatch", in{"match": id})
	if string(encode(t.item(read))) != string(encode(m)) || read.Header.Get("ETag") == "" || read.Header.Get("ETag") != made.Header.Get("ETag") {
		t.Errorf("%s: got %s and ETag %s, created as %.200s and ETag %s", read.asked, read.brief(), read.Header.Get("ETag"), encode(m), made.Header.Get("ETag"))
	}
	team := textOf(m, "home", "id")
	for operation, input := range map[string]in{"listMatches": {"team": team}, "listTeamMatches": {"team": team}} {
		if _, ok := t.routes[operation]; !ok || team == "" {
			continue
		}
		list := t.mustOp(secret, operation, input)
		if found := t.items(list); len(found) != 1 || found[0]["id"] != id {
			t.Errorf("%s: got %s, want only the match", list.asked, list.brief())
		}
	}
	t.mustOp(secret, "updateMatch", in{"match": id, "status": "live", "minute": 1, "score": goals(0, 0)})
	end := t.item(t.mustOp(secret, "updateMatch", in{"match": id, "status": "finished", "score": goals(2, 1)}))
	if now := t.item(t.mustOp(secret, "getMatch", in{"match": id})); string(encode(now)) != string(encode(end)) || now["status"] != "finished" || within(now, "score", "winner") != "home" {
		t.Errorf("after a change: got %.200s, but its answer was %.200s", encode(now), encode(end))
	}
	t.mustOp(secret, "deleteMatch", in{"match": id})
	t.wantError(t.op(secret, "getMatch", in{"match": id}), api.NotFound)
	t.wantError(t.op(secret, "deleteMatch", in{"match": id}), api.NotFound)
}

func writeLeague(t *T) {
	secret := t.writerKey(t.home)
	public := t.first("listMatches", nil)
	league, season, home, away := textOf(public, "league"), textOf(public, "season"), textOf(public, "home", "id"), textOf(public, "away", "id")
	if league == "" || season == "" || home == "" {
		t.NotApplicable("the contract's matches name no league, season or team")
	}
	table := func() string {
		if _, ok := t.routes["getStandings"]; !ok {
			return ""
		}
		r := t.op(t.reader.secret, "getStandings", in{"league": league, "season": season})
		return fmt.Sprint(r.Status, string(encode(r.value("data"))))
	}
	mine := func(secret string) int {
		met := t.op(secret, "getHeadToHead", in{"match": public["id"]})
		n := 0
		for _, m := range objects(within(t.item(met), "data")) {
			if m["owner"] == t.home.id && m["round"] == t.id {
				n++
			}
		}
		return n
	}
	before := table()
	other := t.writerKey(t.tenant("readers", t.largest().Name))
	m, _ := t.createMatch(secret, in{"league": league, "season": season, "home": in{"id": home}, "away": in{"id": away}, "status": "finished", "score": goals(9, 0)})
	if after := table(); after != before {
		t.Errorf("the public standings have changed")
	}
	if _, ok := t.routes["getHeadToHead"]; ok && (mine(secret) != 1 || mine(other) != 0) {
		t.Errorf("head-to-head shows it %d times to its organisation and %d times to another, want 1 and 0", mine(secret), mine(other))
	}
	t.mustOp(secret, "deleteMatch", in{"match": m["id"]})
}

func writeSteps(t *T) {
	secret := t.writerKey(t.home)
	leads := map[string]string{
		"scheduled": "live postponed cancelled abandoned awarded", "live": "finished postponed cancelled abandoned awarded", "postponed": "scheduled",
	}
	all := strings.Fields("scheduled live finished postponed cancelled abandoned awarded")
	t.each(len(all), func(i int) {
		from := all[i]
		for _, to := range all {
			begin := in{"round": from + " to " + to, "status": from}
			if from == "finished" || from == "awarded" {
				begin["score"] = goals(1, 0)
			}
			m, _ := t.createMatch(secret, begin)
			change := in{"match": m["id"], "status": to}
			if to == "finished" || to == "awarded" {
				change["score"] = goals(1, 0)
			}
			r := t.op(secret, "updateMatch", change)
			if from == to || strings.Contains(" "+leads[from]+" ", " "+to+" ") {
				t.wantStatus(r, http.StatusOK)
			} else {
				t.wantError(r, api.ConflictStep)
			}
			t.mustOp(secret, "deleteMatch", in{"match": m["id"]})
		}
	})
}

func writeIfMatch(t *T) {
	secret := t.writerKey(t.home)
	m, made := t.createMatch(secret, in{"status": "live"})
	id, tag := m["id"], made.Header.Get("ETag")
	for round := range 3 {
		var won atomic.Int64
		next := tag
		t.each(16, func(i int) {
			r := t.op(secret, "updateMatch", in{"match": id, "minute": 16*round + i}, "If-Match", tag) // every value is new
			if r.Status == http.StatusOK {
				won.Add(1)
				t.locked(func() { next = r.Header.Get("ETag") })
				return
			}
			t.wantError(r, api.ConflictVersion)
		})
		if won.Load() != 1 {
			t.Fatalf("%d of 16 changes under one ETag were made, want 1", won.Load())
		}
		t.wantError(t.op(secret, "deleteMatch", in{"match": id}, "If-Match", tag), api.ConflictVersion)
		tag = next
	}
	t.wantError(t.op(secret, "updateMatch", in{"match": id, "minute": 90}, "If-Match", `W/`+tag), api.ConflictVersion)
	t.mustOp(secret, "deleteMatch", in{"match": id}, "If-Match", tag)
}

func writeRepeat(t *T) {
	secret := t.writerKey(t.home)
	token := "match-" + t.mark
	m, first := t.createMatch(secret, nil, "Idempotency-Key", token)
	t.each(6, func(int) {
		again, r := t.createMatch(secret, nil, "Idempotency-Key", token)
		if string(encode(again)) != string(encode(m)) || r.Header.Get("ETag") != first.Header.Get("ETag") {
			t.Errorf("%s: got %s, but the first answer was %.200s", r.asked, r.brief(), encode(m))
		}
	})
	t.wantError(t.op(secret, "createMatch", t.matchInput(in{"round": "another"}), "Idempotency-Key", token), api.ConflictRepeat)
	t.wantError(t.op(secret, "createMatch", t.matchInput(nil)), api.Conflict)
	other := t.writerKey(t.tenant("writers", t.largest().Name))
	if theirs, _ := t.createMatch(other, nil, "Idempotency-Key", token); theirs["id"] == m["id"] {
		t.Errorf("createMatch: another organisation got %v by the same Idempotency-Key", m["id"])
	}
}

func writeTenant(t *T) {
	secret := t.writerKey(t.home)
	m, _ := t.createMatch(t.writerKey(t.tenant("strangers", t.largest().Name)), nil)
	match, team := "m_00000000000000000000", "t_00000000000000000000"
	asks := map[string]func(match, team any) Reply{
		"getMatch":      func(id, _ any) Reply { return t.op(secret, "getMatch", in{"match": id}) },
		"getHeadToHead": func(id, _ any) Reply { return t.op(secret, "getHeadToHead", in{"match": id}) },
		"updateMatch":   func(id, _ any) Reply { return t.op(secret, "updateMatch", in{"match": id, "status": "live"}) },
		"deleteMatch":   func(id, _ any) Reply { return t.op(secret, "deleteMatch", in{"match": id}, "If-Match", "*") },
		"listMatches":   func(id, _ any) Reply { return t.op(secret, "listMatches", in{"ids": id}) },
		"getTeam":       func(_, id any) Reply { return t.op(secret, "getTeam", in{"team": id}) },
		"listTeamMatches": func(_, id any) Reply {
			return t.op(secret, "listTeamMatches", in{"team": id})
		},
		"createMatch": func(_, id any) Reply { return t.op(secret, "createMatch", t.matchInput(in{"home": in{"id": id}})) },
	}
	for operation, ask := range asks {
		if _, ok := t.routes[operation]; !ok {
			continue
		}
		foreign := ask(m["id"], within(m, "home", "id"))
		if strings.Contains(string(foreign.Body), t.teamInput("Harbour")["name"].(string)) {
			t.Errorf("%s: shows another organisation's match: %s", foreign.asked, foreign.brief())
		}
		t.sameAnswer(foreign, ask(match, team))
	}
	if public := t.op(t.reader.secret, "listMatches", nil); len(t.items(public)) > 0 && !t.contract.HidePublic {
		id := t.items(public)[0]["id"]
		t.wantError(t.op(secret, "updateMatch", in{"match": id, "status": "live"}), api.NotFound)
		t.wantError(t.op(secret, "deleteMatch", in{"match": id}), api.NotFound)
	}
}

func writeFields(t *T) {
	secret := t.writerKey(t.home)
	for field, change := range map[string]in{
		"home": {"home": in{}}, "home.id": {"home": in{"id": "unknown"}}, "away": {"away": t.teamInput("Harbour")}, "league": {"league": "nowhere"},
		"season": {"season": "1900"}, "status": {"status": "played"}, "score.full_time": {"status": "finished"}, "score": {"score": goals(1, 0)},
		"minute": {"minute": 5}, "owner": {"owner": "public"}, "date": {"date": "2026-05-02"},
	} {
		r := t.op(secret, "createMatch", t.matchInput(change))
		t.wantError(r, api.InputField)
		if !strings.Contains(string(r.Body), `"`+field+`"`) {
			t.Errorf("%s with %s: %s does not name %s", r.asked, encode(change), r.brief(), field)
		}
	}
	m, _ := t.createMatch(secret, nil)
	r := t.op(secret, "updateMatch", in{"match": m["id"], "status": "live", "score": in{"half_time": in{"home": 2, "away": 0}, "full_time": in{"home": 1, "away": 0}}})
	t.wantError(r, api.InputField)
	if now := t.item(t.mustOp(secret, "getMatch", in{"match": m["id"]})); string(encode(now)) != string(encode(m)) {
		t.Errorf("a refused change has changed the match to %.200s", encode(now))
	}
	t.mustOp(secret, "deleteMatch", in{"match": m["id"]})
}
