package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func records() []Case {
	return []Case{
		{ID: "usage.exact", Guarantee: "a key's usage by operation equals the admitted requests; refused requests are not counted", Run: usageExact},
		{ID: "usage.days", Guarantee: "the days of a key's usage add up to its hours, closed hours included", Run: usageDays},
		{ID: "usage.org", Guarantee: "the usage of an organisation has each of its keys once, with its requests and its window, and the pages add up", Run: usageOrg},
		{ID: "usage.run", Guarantee: "the usage of every key of the run equals its admitted requests", Run: usageRun, After: true},
		{ID: "usage.orgs", Guarantee: "the usage of every organisation of the run has the requests that the reports of its keys have", Run: usageOrgs, After: true},
		{ID: "audit.run", Guarantee: "the audit trail has each change of the run once, and nothing else", Run: auditRun, After: true},
		{ID: "answers.valid", Guarantee: "every answer of the run conforms to the OpenAPI document", Run: answersValid, After: true},
		{ID: "secrets.once", Guarantee: "no answer of the run shows a secret again", Run: secretsOnce, After: true},
	}
}

func usageExact(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	want := map[string]int{d.route.Operation: 10, "getSelf": 2}
	t.each(8, func(int) { t.wantStatus(t.call(k.secret, d), http.StatusOK) })
	tag := t.call(k.secret, d).Header.Get("ETag")
	t.call(k.secret, d, "If-None-Match", tag) // a 304 is counted like any other answer
	t.mustOp(k.secret, "getSelf", nil)
	t.mustOp(k.secret, "getSelf", nil)
	t.call(k.secret+"x", d)
	t.wantError(t.op(k.secret, "listKeys", nil), api.Permission)
	t.send(request{method: http.MethodPut, path: d.route.Path, secret: k.secret})
	t.checkUsage(t.home.admin, k.id, want)
	seen := t.mustOp(t.home.admin, "getKey", in{"key": k.id})
	if total := seen.number("usage", "total"); total != 12 && !(t.target.Lossy != "" && total > 12 && total <= 12+maxLostAnswers) || seen.number("usage", "window", "used") > total-2 {
		t.Errorf("getKey: total is %v and used %v, want total 12 and used at most 10", seen.number("usage", "total"), seen.number("usage", "window", "used"))
	}
}

// checkUsage compares a key's usage report with the requests that were sent.
func (t *T) checkUsage(secret, id string, want map[string]int) {
	r := t.mustOp(secret, "getKeyUsage", in{"key": id, "from": since()})
	got, total := map[string]int{}, 0
	for _, one := range objects(r.value("data")) {
		n, _ := one["count"].(float64)
		got[textOf(one, "operation")] += int(n)
	}
	want = t.ledger.counted(id, got, want)
	for _, n := range want {
		total += n
	}
	if extra := extraCounts(got, want); extra > 0 && r.number("total") == float64(total+extra) && t.allowLost(int64(extra)) {
		return
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || r.number("total") != float64(total) {
		t.Errorf("usage of %s: %v with total %v, want %v with total %d", id, got, r.number("total"), want, total)
	}
}

// since is the start of the reports of a run, an hour before the hours that it may close.
func since() string { return time.Now().UTC().Add(-3 * time.Hour).Format(time.RFC3339) }

func usageDays(t *T) {
	d := t.endpoint()
	k := t.clientKey(d)
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	if t.hands.CloseHours != nil {
		if err := t.hands.CloseHours(t.ctx, k.id); err != nil {
			t.Fatalf("closing the hours: %v", err)
		}
	}
	t.wantStatus(t.call(k.secret, d), http.StatusOK)
	ask := in{"key": k.id, "from": time.Now().UTC().AddDate(0, 0, -2).Truncate(24 * time.Hour).Format(time.RFC3339)}
	byHour := t.mustOp(t.home.admin, "getKeyUsage", ask)
	ask["interval"] = "day"
	byDay := t.mustOp(t.home.admin, "getKeyUsage", ask)
	want := map[string]float64{}
	for _, one := range objects(byHour.value("data")) {
		n, _ := one["count"].(float64)
		hour := textOf(one, "hour")
		if hour != textOf(one, "start") || len(hour) < len(time.DateOnly) {
			t.Fatalf("%s: the count %v has no hour", byHour.asked, one)
		}
		want[hour[:len(time.DateOnly)]+"T00:00:00Z"] += n
	}
	got := map[string]float64{}
	for _, one := range objects(byDay.value("data")) {
		n, _ := one["count"].(float64)
		got[textOf(one, "start")] += n
		if one["hour"] != nil {
			t.Errorf("%s: the count %v has an hour", byDay.asked, one)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || byDay.number("total") != byHour.number("total") || byDay.text("interval") != "day" || byDay.number("total") < 2 {
		t.Errorf("%s: %v with total %v, want %v with total %v", byDay.asked, got, byDay.number("total"), want, byHour.number("total"))
	}
	ask["from"] = time.Now().UTC().AddDate(0, 0, -92).Format(time.RFC3339)
	t.wantError(t.op(t.home.admin, "getKeyUsage", ask), api.InputDate)
}

// orgUsage returns the rows of an organisation's keys, by key, from all pages of a report. It
// checks that each page adds up, and that the pages do.
func (t *T) orgUsage(secret, org string, limit int) map[string]map[string]any {
	rows, total := map[string]map[string]any{}, 0.0
	ask := in{"org": org, "from": since(), "limit": limit}
	for range maxPages {
		page := t.mustOp(secret, "getOrgUsage", ask)
		ofKeys, ofData := 0.0, 0.0
		for _, row := range objects(page.value("keys")) {
			id := textOf(row, "key")
			if rows[id] != nil {
				t.Errorf("%s: the key %s is on two pages", page.asked, id)
			}
			rows[id] = row
			n, _ := row["total"].(float64)
			ofKeys += n
			if n != sumOf(row["operations"]) {
				t.Errorf("%s: the operations of %s do not add up to %v", page.asked, id, n)
			}
		}
		ofData = sumOf(page.value("data"))
		total += ofKeys
		if page.number("total") != ofKeys || ofData != ofKeys || page.number("running_total") != total {
			t.Errorf("%s: total %v, running total %v and counts of %v, want %v of its keys and %v so far", page.asked, page.number("total"), page.number("running_total"), ofData, ofKeys, total)
		}
		cursor := page.text("next_cursor")
		if cursor == "" {
			return rows
		}
		ask["cursor"] = cursor
	}
	t.Fatalf("getOrgUsage: the report does not end after %d pages", maxPages)
	return nil
}

// sumOf adds up a list of counts.
func sumOf(list any) (all float64) {
	for _, one := range objects(list) {
		n, _ := one["count"].(float64)
		all += n
	}
	return all
}

func usageOrg(t *T) {
	d := t.endpoint()
	n := t.tenant("usage", t.largest().Name)
	used := t.key(n.admin, n, in{"scopes": d.scopes})
	unused := t.key(n.admin, n, in{"scopes": d.scopes})
	for range 3 {
		t.wantStatus(t.call(used.secret, d), http.StatusOK)
	}
	t.mustOp(n.admin, "revokeKey", in{"key": unused.id})
	rows := t.orgUsage(n.admin, n.id, 1)
	if len(rows) != 3 || rows[n.adminKey] == nil || rows[unused.id] == nil || rows[unused.id]["state"] != "revoked" || rows[unused.id]["total"] != 0.0 {
		t.Errorf("getOrgUsage of %s: got the keys %v, want %s, %s and %s", n.id, rows, used.id, unused.id, n.adminKey)
	}
	counts := objects(rows[used.id]["operations"])
	if len(counts) != 1 || textOf(counts[0], "operation") != d.route.Operation || t.target.Lossy == "" && counts[0]["count"] != 3.0 {
		t.Errorf("getOrgUsage of %s: the key has %v, want 3 requests of %s", n.id, counts, d.route.Operation)
	}
	shown := t.mustOp(n.admin, "getKey", in{"key": used.id})
	for _, field := range []string{"limit", "remaining"} {
		window, _ := rows[used.id]["window"].(map[string]any)
		if got := window[field]; field == "limit" && got != shown.number("usage", "window", field) || got == nil {
			t.Errorf("getOrgUsage of %s: %s of the window is %v, want %v", n.id, field, got, shown.number("usage", "window", field))
		}
	}
	for _, by := range []string{"hour", "day"} {
		if r := t.mustOp(n.admin, "getOrgUsage", in{"org": n.id, "interval": by}); r.text("interval") != by || r.number("total") < 3 {
			t.Errorf("%s: got %s", r.asked, r.brief())
		}
	}
	cursor := t.mustOp(n.admin, "getOrgUsage", in{"org": n.id, "limit": 1}).text("next_cursor")
	t.wantError(t.op(n.admin, "getOrgUsage", in{"org": n.id, "limit": 1, "interval": "day", "cursor": cursor}), api.InputCursor)
	t.wantError(t.op(t.home.admin, "getOrgUsage", in{"org": n.id}), api.NotFound)
}

// usageOrgs reads the usage of each organisation when its keys no longer make requests.
func usageOrgs(t *T) {
	for _, n := range t.tenants {
		for id, row := range t.orgUsage(t.operator, n.id, 100) {
			own := t.mustOp(t.operator, "getKeyUsage", in{"key": id, "from": since()})
			if row["total"] != own.number("total") {
				t.Errorf("getOrgUsage of %s: key %s has %v requests, want %v", n.id, id, row["total"], own.number("total"))
			}
		}
	}
}

// extraCounts returns how many requests were counted in addition to those sent, -1 if some were
// not counted or other operations were.
func extraCounts(got, want map[string]int) int {
	extra := 0
	for operation, n := range got {
		if n < want[operation] || want[operation] == 0 {
			return -1
		}
		extra += n - want[operation]
	}
	if len(got) != len(want) {
		return -1
	}
	return extra
}

func usageRun(t *T) {
	if !hasRateHeaders(t.contract) {
		t.NotApplicable("without rate headers an answer does not show whether it was counted")
	}
	var ids []string
	mine := t.ledger.owner[t.operator]
	seen := map[string]bool{mine: true}
	for _, id := range t.ledger.owner {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	t.each(len(ids), func(i int) {
		want := t.ledger.passed[ids[i]]
		if want == nil {
			want = map[string]int{}
		}
		t.checkUsage(t.operator, ids[i], want)
	})
}

// auditRun reads the trails of the run's organisations. It retries if an entry is
// missing, because reads on AWS are eventually consistent.
func auditRun(t *T) {
	for deadline := time.Now().Add(t.patience); ; time.Sleep(300 * time.Millisecond) {
		wrong := t.auditProblems()
		if len(wrong) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, text := range wrong {
				t.Errorf("%s", text)
			}
			return
		}
	}
}

// auditProblems returns the differences between the trails and the ledger.
func (t *T) auditProblems() []string {
	var wrong []string
	entries, counts := map[string]int{}, map[change]int{}
	trails := make([]string, 0, len(t.tenants)+1)
	for _, n := range t.tenants {
		trails = append(trails, n.id)
	}
	own := t.operatorTrail()
	if own != "" {
		trails = append(trails, own)
	}
	for _, org := range trails {
		for _, e := range t.listed(t.operator, "listAudit", in{"org": org}) {
			got := change{textOf(e, "action"), textOf(e, "target"), textOf(e, "actor", "key"), textOf(e, "method")}
			if org == own && !unowned(got.action) || got.action == "webhook.disable" && got.actor == "" {
				continue // deliveries disable webhooks without an actor
			}
			id := t.ledger.changeID(textOf(e, "request_id"), got, counts)
			want, ok := t.ledger.changes[id]
			if got.action == "session.end" && want.action == "session.create" {
				id += replaced
				want, ok = t.ledger.changes[id]
			}
			switch {
			case !ok && t.ledger.oneID && got.action == "key.revoke" && t.ledger.removers[got.actor]: // member.remove also revokes the member's keys
			case !ok && org == own: // an earlier run's change
			case !ok:
				wrong = append(wrong, fmt.Sprintf("the trail has %s %s, which the run did not do", got.action, got.target))
			case got == want:
				entries[id]++
			case want.action == "member.remove" && got.action == "key.revoke": // removing the member revoked the key
			default:
				wrong = append(wrong, fmt.Sprintf("the trail has %v, want %v", got, want))
			}
		}
	}
	for id, want := range t.ledger.changes {
		if entries[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("the trail has %d entries of %s %s by %s, want 1 (request %s)", entries[id], want.action, want.target, want.actor, id))
		}
	}
	return wrong
}

// unowned reports whether a change concerns no organisation. Its entry is in the trail of the
// operator who made it.
func unowned(action string) bool { return action == "contest.agree" || action == "contestant.put" }

// operatorTrail returns the operator's own organisation if the run made an unowned change, ""
// if not.
func (t *T) operatorTrail() string {
	t.ledger.mutex.Lock()
	made := false
	for _, c := range t.ledger.changes {
		made = made || unowned(c.action)
	}
	t.ledger.mutex.Unlock()
	if !made {
		return ""
	}
	return t.mustOp(t.operator, "getSelf", nil).text("org")
}

func answersValid(t *T) {
	t.ledger.mutex.Lock()
	defer t.ledger.mutex.Unlock()
	for _, text := range t.ledger.invalid {
		t.Errorf("%s", text)
	}
	if t.ledger.answers == 0 {
		t.Errorf("the run got no answers")
	}
}

func secretsOnce(t *T) {
	t.ledger.mutex.Lock()
	defer t.ledger.mutex.Unlock()
	for _, text := range t.ledger.leaks {
		t.Errorf("%s", text)
	}
}
