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
		{ID: "usage.run", Guarantee: "the usage of every key of the run equals its admitted requests", Run: usageRun, After: true},
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
	from := time.Now().UTC().Add(-3 * time.Hour).Format(time.RFC3339)
	r := t.mustOp(secret, "getKeyUsage", in{"key": id, "from": from})
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
			got := change{textOf(e, "action"), textOf(e, "target"), textOf(e, "actor", "key")}
			if org == own && !unowned(got.action) || got.action == "webhook.disable" && got.actor == "" {
				continue // deliveries disable webhooks without an actor
			}
			id := t.ledger.changeID(textOf(e, "request_id"), got, counts)
			want, ok := t.ledger.changes[id]
			switch {
			case !ok && t.ledger.oneID && got.action == "key.revoke" && t.ledger.removers[got.actor]: // member.remove also revokes the member's keys
			case !ok && org == own: // an earlier run's change
			case !ok:
				wrong = append(wrong, fmt.Sprintf("the trail has %s %s, which the run did not do", got.action, got.target))
			case got == want && textOf(e, "method") == "key":
				entries[id]++
			case want.action == "member.remove" && got.action == "key.revoke": // removing the member revoked the key
			default:
				wrong = append(wrong, fmt.Sprintf("the trail has %v by %v, want %v", got, e["method"], want))
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
