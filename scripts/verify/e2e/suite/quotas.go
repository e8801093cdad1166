package suite

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func quotas() []Case {
	return []Case{
		{ID: "quota.exact", Guarantee: "of the requests of 32 concurrent clients of one key, exactly the plan's quota is admitted; the rest are 429 with Retry-After", Run: quotaExact},
		{ID: "quota.management", Guarantee: "of the requests for key management that 16 concurrent clients of one key make, exactly the budget of a minute is admitted; the plan's quota stays, and rotating and revoking are never refused", Run: quotaManagement},
		{ID: "quota.plan", Guarantee: "a change to a larger or smaller plan holds from the next request", Run: quotaPlan},
	}
}

// clients is how many clients use one key's quota concurrently.
const clients = 32

// maxRequests is the largest quota that a run uses up.
const maxRequests = 2000

// minWindowLeft is the least time that the quota window must still last for using the quota up.
const minWindowLeft = 45 * time.Second

// scarceKey creates an organisation on the plan with the smallest quota, and a key in it. The
// key is created on the plan with the most keys, because the scarcest plan may allow no keys. A
// change to a smaller plan keeps existing keys.
func (t *T) scarceKey(name string, d endpoint) (*tenant, key) {
	n := t.tenant(name, t.largest().Name)
	k := t.key(n.admin, n, in{"scopes": d.scopes})
	if t.scarcest().Name != t.largest().Name {
		t.mustOp(t.operator, "updateOrg", in{"org": n.id, "plan": t.scarcest().Name})
	}
	return n, k
}

func quotaExact(t *T) {
	d := t.endpoint()
	most := limit(t.scarcest())
	if most > maxRequests {
		t.NotApplicable("the scarcest plan has %d requests", most)
	}
	budget := t.scarcest().Budgets[contract.Requests]
	t.inWindow(budget, minWindowLeft, func() {
		n, k := t.scarceKey("quota", d)
		var admitted, refused atomic.Int64
		calls := (int(most) + 2*clients) / clients
		t.each(clients, func(int) {
			for range calls {
				switch r := t.call(k.secret, d); {
				case r.Status == http.StatusOK:
					admitted.Add(1)
				case t.mismatch(r, api.Quota) == nil:
					refused.Add(1)
					t.retryLater(r, budget)
				default:
					t.Errorf("%s: got %s", r.asked, r.brief())
				}
			}
		})
		t.WantAdmitted(most, admitted.Load(), refused.Load(), int64(calls*clients))
		t.exhausted(n, k, d, most)
	})
}

// WantAdmitted checks that of the sent requests exactly the limit was admitted and the rest
// refused. An answer of the table that a target loses may count one request twice, so as many
// fewer may be admitted as the target may lose answers. More are an error on every target.
func (t *T) WantAdmitted(limit, admitted, refused, sent int64) {
	short := limit - admitted
	if admitted+refused == sent && (short == 0 || short > 0 && t.allowLost(short)) {
		return
	}
	t.Errorf("%d requests: %d were admitted and %d refused, want %d and %d", sent, admitted, refused, limit, sent-limit)
}

func (t *T) retryLater(r Reply, b contract.Budget) {
	if wait, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64); err != nil || wait < 1 || wait > b.Window+1 {
		t.Errorf("%s: 429 with Retry-After %q", r.asked, r.Header.Get("Retry-After"))
	}
	if name := t.contract.Meter.Remaining; name != "" && r.Header.Get(name) != "0" {
		t.Errorf("%s: 429 with %s %q", r.asked, name, r.Header.Get(name))
	}
}

// exhausted checks what a key without quota may still do, and that a rotation does not reset
// it.
func (t *T) exhausted(n *tenant, k key, d endpoint, most int64) {
	self := t.mustOp(k.secret, "getSelf", nil)
	if self.number("usage", "window", "used") != float64(most) || self.number("usage", "window", "remaining") != 0 {
		t.Errorf("getSelf: used %v, remaining %v, want %d and 0", self.number("usage", "window", "used"), self.number("usage", "window", "remaining"), most)
	}
	fresh := t.mustOp(n.admin, "rotateKey", in{"key": k.id}).text("secret")
	t.wantError(t.call(fresh, d), api.Quota) // a rotation never resets a quota
	t.mustOp(fresh, "revokeSelf", nil)
	// An instance that just saw the quota used up may answer 429 for one second more, but it
	// never admits.
	t.wantError(t.call(fresh, d), append([]string{api.Quota}, endedConditions...)...)
	t.until(time.Now().Add(time.Second))
	t.wantInvalidSecret(t.call(fresh, d))
}

func quotaPlan(t *T) {
	if !hasRateHeaders(t.contract) || t.contract.Meter.Limit == "" {
		t.NotApplicable("the contract has no header for the limit")
	}
	if len(t.contract.Plans) == 1 {
		t.NotApplicable("the contract has one plan")
	}
	d := t.endpoint()
	t.inWindow(t.scarcest().Budgets[contract.Requests], 10*time.Second, func() {
		n, k := t.scarceKey("plans", d)
		used := int64(0)
		wantLimits := func(p contract.Plan) {
			used++
			r := t.call(k.secret, d)
			t.wantStatus(r, http.StatusOK)
			for name, want := range t.rate(p.Budgets[contract.Requests], used) {
				if got := r.Header.Get(name); got != want {
					t.Errorf("plan %s, request %d: %s is %q, want %q", p.Name, used, name, got, want)
				}
			}
		}
		wantLimits(t.scarcest())
		t.mustOp(t.operator, "updateOrg", in{"org": n.id, "plan": t.largest().Name})
		wantLimits(t.largest())
		t.mustOp(t.operator, "updateOrg", in{"org": n.id, "plan": t.scarcest().Name})
		wantLimits(t.scarcest())
	})
}

// managers is how many clients use one key's budget for key management concurrently.
const managers = 16

// quotaManagement uses up the budget of an organisation's admin key.
func quotaManagement(t *T) {
	budget := t.contract.Management
	d := t.endpoint()
	n := t.tenant("management", t.largest().Name)
	k := t.key(t.operator, n, in{"org": n.id, "scopes": d.scopes}) // the admin key sends nothing before
	done := false
	for tries := 0; tries < 3 && !done; tries++ { // a slow deployment may not answer all requests within one window
		done = t.usedUp(n.admin, budget, tries > 0)
	}
	if !done {
		t.NotApplicable("the deployment does not answer %d requests in %d s", budget.Limit, budget.Window)
	}
	refused := t.op(n.admin, "listKeys", nil)
	if refused.Status == http.StatusOK {
		t.NotApplicable("the window ended before the check")
	}
	t.wantError(refused, api.QuotaManagement)
	t.managementHeaders(refused, budget)
	fresh := t.mustOp(n.admin, "rotateKey", in{"key": k.id}).text("secret")
	t.wantStatus(t.call(fresh, d), http.StatusOK)
	t.mustOp(fresh, "getSelf", nil) // another key has a budget of its own
	t.mustOp(n.admin, "revokeKey", in{"key": k.id})
	t.wantInvalidSecret(t.call(fresh, d))
	t.mustOp(n.admin, "revokeSelf", nil)
}

// usedUp sends more requests of key management than the budget, and reports whether all were
// in one window that has not ended. It waits for the next window if the key has sent requests
// in this one, or if less than half of it is left.
func (t *T) usedUp(secret string, budget contract.Budget, sent bool) bool {
	size := time.Duration(budget.Window) * time.Second
	end := time.Now().Truncate(size).Add(size)
	if sent || time.Until(end) < size/2 {
		t.until(end.Add(time.Second))
		end = end.Add(size)
	}
	var admitted, refused atomic.Int64
	calls := (int(budget.Limit) + 3*managers) / managers
	t.each(managers, func(int) {
		for range calls {
			switch r := t.op(secret, "getSelf", nil); {
			case r.Status == http.StatusOK:
				admitted.Add(1)
			case t.mismatch(r, api.QuotaManagement) == nil:
				refused.Add(1)
			default:
				t.Errorf("%s: got %s", r.asked, r.brief())
			}
		}
	})
	if time.Until(end) < size/12 {
		return false
	}
	t.WantAdmitted(budget.Limit, admitted.Load(), refused.Load(), int64(managers*calls))
	return true
}

// managementHeaders checks that a refusal tells its budget as a second policy, and leaves the
// other headers to the plan.
func (t *T) managementHeaders(r Reply, budget contract.Budget) {
	if wait, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64); err != nil || wait < 1 || wait > budget.Window {
		t.Errorf("%s: 429 with Retry-After %q", r.asked, r.Header.Get("Retry-After"))
	}
	want := t.rate(t.largest().Budgets[contract.Requests], 0)
	if t.contract.Meter.IETF {
		want["RateLimit-Policy"] += fmt.Sprintf(", %q;q=%d;w=%d", contract.Management, budget.Limit, budget.Window)
		if state := r.Header.Get("RateLimit"); !strings.Contains(state, fmt.Sprintf(", %q;r=0;t=", contract.Management)) {
			t.Errorf("%s: RateLimit is %q, want no request of %s left", r.asked, state, contract.Management)
		}
	}
	for name, text := range want {
		if got := r.Header.Get(name); got != text {
			t.Errorf("%s: %s is %q, want %q", r.asked, name, got, text)
		}
	}
}
