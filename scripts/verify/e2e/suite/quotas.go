package suite

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func quotas() []Case {
	return []Case{
		{ID: "quota.exact", Says: "32 clients of one key are admitted exactly as often as its plan says; the rest are 429 with Retry-After", Run: quotaExact},
		{ID: "quota.plan", Says: "a larger plan is felt on the next request, and so is a smaller one", Run: quotaPlan},
	}
}

// clients is how many clients spend one key's quota at once.
const clients = 32

// mostCalls is the largest quota that a run will use up.
const mostCalls = 2000

// spare is how long the window must last for a quota to be used up in it.
const spare = 45 * time.Second

// scarce makes an organisation whose plan has the fewest calls, and a key in it.
// It begins on the plan with the most keys: the scarcest may allow none, and a
// smaller plan keeps keys.
func (t *T) scarce(name string, d door) (*tenant, key) {
	n := t.tenant(name, t.largest().Name)
	k := t.key(n.admin, n, in{"scopes": d.scopes})
	if t.scarcest().Name != t.largest().Name {
		t.does(t.operator, "updateOrg", in{"org": n.id, "plan": t.scarcest().Name})
	}
	return n, k
}

func quotaExact(t *T) {
	d := t.door()
	most := limit(t.scarcest())
	if most > mostCalls {
		t.Void("the scarcest plan has %d calls", most)
	}
	n, k := t.scarce("quota", d)
	budget := t.scarcest().Budgets[contract.Requests]
	t.calm(k.secret, min(spare, time.Duration(budget.Window)*time.Second/2))
	var admitted, refused atomic.Int64
	calls := (int(most) + 2*clients) / clients
	t.each(clients, func(int) {
		for range calls {
			switch r := t.knock(k.secret, d); {
			case r.Status == http.StatusOK:
				admitted.Add(1)
			case t.wrong(r, api.Quota) == nil:
				refused.Add(1)
				t.retryLater(r, budget)
			default:
				t.Errorf("%s: got %s", r.asked, r.brief())
			}
		}
	})
	if short := most - admitted.Load(); short > 0 && admitted.Load()+refused.Load() == int64(calls*clients) && t.lose(short) {
		t.exhausted(n, k, d, most)
		return
	}
	if admitted.Load() != most || refused.Load() != int64(calls*clients)-most {
		t.Errorf("%d calls: %d were admitted and %d refused, want %d and %d", calls*clients, admitted.Load(), refused.Load(), most, int64(calls*clients)-most)
	}
	t.exhausted(n, k, d, most)
}

func (t *T) retryLater(r Reply, b contract.Budget) {
	if wait, err := strconv.ParseInt(r.Header.Get("Retry-After"), 10, 64); err != nil || wait < 1 || wait > b.Window+1 {
		t.Errorf("%s: 429 with Retry-After %q", r.asked, r.Header.Get("Retry-After"))
	}
	if name := t.contract.Meter.Remaining; name != "" && r.Header.Get(name) != "0" {
		t.Errorf("%s: 429 with %s %q", r.asked, name, r.Header.Get(name))
	}
}

// exhausted holds what a key without quota may still do, and what brings none back.
func (t *T) exhausted(n *tenant, k key, d door, most int64) {
	self := t.does(k.secret, "getSelf", nil)
	if self.number("usage", "window", "used") != float64(most) || self.number("usage", "window", "remaining") != 0 {
		t.Errorf("getSelf: used %v, remaining %v, want %d and 0", self.number("usage", "window", "used"), self.number("usage", "window", "remaining"), most)
	}
	fresh := t.does(n.admin, "rotateKey", in{"key": k.id}).text("secret")
	t.refused(t.knock(fresh, d), api.Quota) // a rotation never resets a quota
	t.does(fresh, "revokeSelf", nil)
	// An instance that has just seen the quota used up may say so for a second more:
	// it never admits.
	t.refused(t.knock(fresh, d), append([]string{api.Quota}, endings...)...)
	t.until(time.Now().Add(time.Second))
	t.dead(t.knock(fresh, d))
}

func quotaPlan(t *T) {
	if !meters(t.contract) || t.contract.Meter.Limit == "" {
		t.Void("the contract does not tell the limit in a header")
	}
	if len(t.contract.Plans) == 1 {
		t.Void("the contract has one plan")
	}
	d := t.door()
	n, k := t.scarce("plans", d)
	t.calm(k.secret, 10*time.Second)
	used := int64(0)
	told := func(p contract.Plan) {
		used++
		r := t.knock(k.secret, d)
		t.must(r, http.StatusOK)
		for name, want := range t.rate(p.Budgets[contract.Requests], used) {
			if got := r.Header.Get(name); got != want {
				t.Errorf("plan %s, call %d: %s is %q, want %q", p.Name, used, name, got, want)
			}
		}
	}
	told(t.scarcest())
	t.does(t.operator, "updateOrg", in{"org": n.id, "plan": t.largest().Name})
	told(t.largest())
	t.does(t.operator, "updateOrg", in{"org": n.id, "plan": t.scarcest().Name})
	told(t.scarcest())
}
