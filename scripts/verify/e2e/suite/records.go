package suite

import (
	"fmt"
	"net/http"
	"time"

	"statgate/shared/api"
)

func records() []Case {
	return []Case{
		{ID: "usage.exact", Says: "a key's usage adds up, by operation, to the calls that were admitted; refused calls are not counted", Run: usageExact},
		{ID: "usage.run", Says: "so it does for every key of the run", Run: usageRun, After: true},
		{ID: "audit.run", Says: "the audit trail tells of everything that the run changed, once, and of nothing else", Run: auditRun, After: true},
		{ID: "answers.valid", Says: "every answer of the run is as the OpenAPI document says", Run: answersValid, After: true},
		{ID: "secrets.once", Says: "no answer of the run shows a secret a second time", Run: secretsOnce, After: true},
	}
}

func usageExact(t *T) {
	d := t.door()
	k := t.clientKey(d)
	want := map[string]int{d.route.Operation: 10, "getSelf": 2}
	t.each(8, func(int) { t.must(t.knock(k.secret, d), http.StatusOK) })
	tag := t.knock(k.secret, d).Header.Get("ETag")
	t.knock(k.secret, d, "If-None-Match", tag) // a 304 is a call like any other
	t.does(k.secret, "getSelf", nil)
	t.does(k.secret, "getSelf", nil)
	t.knock(k.secret+"x", d)
	t.refused(t.op(k.secret, "listKeys", nil), api.Permission)
	t.send(request{method: http.MethodPut, path: d.route.Path, secret: k.secret})
	t.usage(t.home.admin, k.id, want)
	seen := t.does(t.home.admin, "getKey", in{"key": k.id})
	if total := seen.number("usage", "total"); total != 12 && !(t.target.Lossy != "" && total > 12 && total <= 12+lostAtMost) || seen.number("usage", "window", "used") > total-2 {
		t.Errorf("getKey: total %v, used %v, want 12 and at most 10", seen.number("usage", "total"), seen.number("usage", "window", "used"))
	}
}

// usage holds a key's report against the calls that it was used for.
func (t *T) usage(secret, id string, want map[string]int) {
	from := time.Now().UTC().Add(-3 * time.Hour).Format(time.RFC3339)
	r := t.does(secret, "getKeyUsage", in{"key": id, "from": from})
	got, total := map[string]int{}, 0
	for _, one := range objects(r.value("data")) {
		n, _ := one["count"].(float64)
		got[textOf(one, "operation")] += int(n)
	}
	for _, n := range want {
		total += n
	}
	if twice := countedTwice(got, want); twice > 0 && r.number("total") == float64(total+twice) && t.lose(int64(twice)) {
		return
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || r.number("total") != float64(total) {
		t.Errorf("usage of %s: %v, %v in all; the calls were %v, %d in all", id, got, r.number("total"), want, total)
	}
}

// countedTwice is how many calls more than were made were counted, -1 where some
// were not counted, or others than were made.
func countedTwice(got, want map[string]int) int {
	twice := 0
	for operation, n := range got {
		if n < want[operation] || want[operation] == 0 {
			return -1
		}
		twice += n - want[operation]
	}
	if len(got) != len(want) {
		return -1
	}
	return twice
}

func usageRun(t *T) {
	if !meters(t.contract) {
		t.Void("without rate headers an answer does not tell whether it was counted")
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
		t.usage(t.operator, ids[i], want)
	})
}

// auditRun reads the trails of the run's organisations, and again for a while
// where an entry is missing: on AWS a read may be a moment behind.
func auditRun(t *T) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(300 * time.Millisecond) {
		wrong := t.audited()
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

// audited tells what is wrong with the trails.
func (t *T) audited() []string {
	var wrong []string
	told, alike := map[string]int{}, map[change]int{}
	trails := make([]string, 0, len(t.tenants)+1)
	for _, n := range t.tenants {
		trails = append(trails, n.id)
	}
	own := t.ownTrail()
	if own != "" {
		trails = append(trails, own)
	}
	for _, org := range trails {
		for _, e := range t.listed(t.operator, "listAudit", in{"org": org}) {
			got := change{textOf(e, "action"), textOf(e, "target"), textOf(e, "actor", "key")}
			if org == own && !ofNobody(got.action) || got.action == "webhook.disable" && got.actor == "" {
				continue // the latter is what deliveries did
			}
			id := t.ledger.named(textOf(e, "request_id"), got, alike)
			want, ok := t.ledger.changes[id]
			switch {
			case !ok && t.ledger.oneID && got.action == "key.revoke" && t.ledger.removes[got.actor]: // the member's keys
			case !ok && org == own: // of a run before
			case !ok:
				wrong = append(wrong, fmt.Sprintf("it tells of %s %s, which was answered to nobody", got.action, got.target))
			case got == want && textOf(e, "method") == "key":
				told[id]++
			case want.action == "member.remove" && got.action == "key.revoke": // the member's keys
			default:
				wrong = append(wrong, fmt.Sprintf("it tells of %v by %v, want %v", got, e["method"], want))
			}
		}
	}
	for id, want := range t.ledger.changes {
		if told[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("it tells %d times of %s %s by %s (request %s)", told[id], want.action, want.target, want.actor, id))
		}
	}
	return wrong
}

// ofNobody tells whether a change is of something that belongs to no organisation:
// it is in the trail of the operator who made it.
func ofNobody(action string) bool { return action == "contest.agree" || action == "contestant.put" }

// ownTrail is the operator's own organisation, where the run made such a change.
func (t *T) ownTrail() string {
	t.ledger.mutex.Lock()
	made := false
	for _, c := range t.ledger.changes {
		made = made || ofNobody(c.action)
	}
	t.ledger.mutex.Unlock()
	if !made {
		return ""
	}
	return t.does(t.operator, "getSelf", nil).text("org")
}

func answersValid(t *T) {
	t.ledger.mutex.Lock()
	defer t.ledger.mutex.Unlock()
	for _, text := range t.ledger.invalid {
		t.Errorf("%s", text)
	}
	if t.ledger.answers == 0 {
		t.Errorf("there was no answer")
	}
}

func secretsOnce(t *T) {
	t.ledger.mutex.Lock()
	defer t.ledger.mutex.Unlock()
	for _, text := range t.ledger.leaks {
		t.Errorf("%s", text)
	}
}
