package suite

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"statgate/shared/contract"
)

func headers() []Case {
	return []Case{
		{ID: "header.common", Guarantee: "every answer has a request id and can be read by scripts in a browser", Run: headerCommon},
		{ID: "header.rate", Guarantee: "the rate headers have the plan's limit, the remaining requests, counting down, and the window's end", Run: headerRate},
		{ID: "header.head", Guarantee: "HEAD answers like GET, without a body, and spends what GET spends", Run: headerHead},
		{ID: "header.etag", Guarantee: "a GET has an ETag, and If-None-Match with it, in any of its lines, gets a 304 without a body", Run: headerETag},
		{ID: "header.location", Guarantee: "a creation has the Location of what it created", Run: headerLocation},
	}
}

func headerCommon(t *T) {
	d, k := t.endpoint(), t.reader
	ids := map[string]bool{}
	for _, r := range []Reply{t.call(k.secret, d), t.call(k.secret, d), t.call("", d), t.op(t.home.admin, "listKeys", nil), t.op("", "getHealth", nil)} {
		if t.target.own(r.Status, r.Body) >= 0 {
			continue
		}
		id := r.Header.Get("X-Request-Id")
		if id == "" || ids[id] && t.target.OneID == "" {
			t.Errorf("%s: %d has X-Request-Id %q, want a new one", r.asked, r.Status, id)
		}
		ids[id] = true
		exposed := r.Header.Get("Access-Control-Expose-Headers")
		for _, name := range []string{"X-Request-Id", "ETag", "Retry-After", t.contract.Meter.Remaining} {
			if !strings.Contains(exposed, name) || r.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %d exposes headers %q to origin %q, want %s exposed to *", r.asked, r.Status, exposed, r.Header.Get("Access-Control-Allow-Origin"), name)
			}
		}
	}
	r := t.call(k.secret, d)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || !strings.Contains(r.Header.Get("Cache-Control"), "private") || !strings.Contains(r.Header.Get("Vary"), "Authorization") {
		t.Errorf("%s: Content-Type %q, Cache-Control %q, Vary %q", r.asked, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"), r.Header.Get("Vary"))
	}
}

func headerRate(t *T) {
	if !hasRateHeaders(t.contract) {
		t.NotApplicable("the contract has no rate headers")
	}
	d := t.endpoint()
	budget := t.largest().Budgets[contract.Requests]
	t.inWindow(budget, 10*time.Second, func() {
		k := t.clientKey(d)
		for used := int64(1); used <= 3; used++ {
			r := t.call(k.secret, d)
			t.wantStatus(r, http.StatusOK)
			for name, want := range t.rate(budget, used) {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: request %d has %s %q, want %q", r.asked, used, name, got, want)
				}
			}
			t.resets(r, budget)
		}
		if self := t.mustOp(k.secret, "getSelf", nil); self.number("usage", "window", "used") != 3 {
			t.Errorf("getSelf: %v requests are used, want 3: getSelf costs nothing", self.number("usage", "window", "used"))
		}
	})
}

// rate returns the expected rate headers, except the window's end.
func (t *T) rate(b contract.Budget, used int64) map[string]string {
	m := t.contract.Meter
	want := map[string]string{}
	for name, n := range map[string]int64{m.Limit: b.Limit, m.Remaining: b.Limit - used} {
		if name != "" {
			want[name] = strconv.FormatInt(n, 10)
		}
	}
	if m.IETF {
		want["RateLimit-Policy"] = fmt.Sprintf("%q;q=%d;w=%d", contract.Requests, b.Limit, b.Window)
	}
	return want
}

// resets checks the window's end: it is in the future, at most one window away.
func (t *T) resets(r Reply, b contract.Budget) {
	name := t.contract.Meter.Reset
	if name == "" {
		return
	}
	at, ok := r.sentAt()
	if !ok {
		at = time.Now()
	}
	left, err := strconv.ParseInt(r.Header.Get(name), 10, 64)
	if t.contract.Meter.ResetUnit == "epoch" {
		left -= at.Unix()
	}
	if err != nil || left < 0 || left > b.Window+1 {
		t.Errorf("%s: %s is %q, which is %d s away", r.asked, name, r.Header.Get(name), left)
	}
}

func headerHead(t *T) {
	for _, operation := range []string{"getHealth", "getOpenAPI", "getDocs", "listKeys", "getSelf"} {
		get := t.op(t.home.admin, operation, nil)
		r := t.head(t.routes[operation].Path, t.home.admin)
		if r.Header.Get("Cache-Control") != get.Header.Get("Cache-Control") {
			t.Errorf("%s: got Cache-Control %q, want GET's %q", r.asked, r.Header.Get("Cache-Control"), get.Header.Get("Cache-Control"))
		}
	}
	d := t.endpoint()
	t.inWindow(t.largest().Budgets[contract.Requests], 10*time.Second, func() {
		k := t.clientKey(d)
		for range 2 {
			t.head(d.route.Path, k.secret)
		}
		if self := t.mustOp(k.secret, "getSelf", nil); self.number("usage", "window", "used") != 2 {
			t.Errorf("getSelf: %v requests are used after two HEADs, want 2", self.number("usage", "window", "used"))
		}
	})
	refused := t.call("", d)
	if r := t.send(request{method: http.MethodHead, path: d.route.Path}); r.Status != refused.Status || len(r.Body) > 0 {
		t.Errorf("%s without a key: got %d with %d bytes, want GET's %d without a body", r.asked, r.Status, len(r.Body), refused.Status)
	}
}

// head sends a HEAD request, which must succeed without a body.
func (t *T) head(path, secret string) Reply {
	r := t.send(request{method: http.MethodHead, path: path, secret: secret})
	if r.Status != http.StatusOK || len(r.Body) > 0 {
		t.Errorf("%s: got %d with %d bytes, want 200 without a body", r.asked, r.Status, len(r.Body))
	}
	return r
}

func headerETag(t *T) {
	d, k := t.endpoint(), t.reader
	first := t.call(k.secret, d)
	t.wantStatus(first, http.StatusOK)
	tag := first.Header.Get("ETag")
	if tag == "" {
		t.Fatalf("%s: no ETag", first.asked)
	}
	again := t.call(k.secret, d, "If-None-Match", tag)
	if again.Status != http.StatusNotModified || len(again.Body) > 0 || again.Header.Get("ETag") != tag {
		t.Errorf("%s: got %s with ETag %q, want 304 with %q", again.asked, again.brief(), again.Header.Get("ETag"), tag)
	}
	t.wantStatus(t.call(k.secret, d, "If-None-Match", `"another"`), http.StatusOK)
	t.wantStatus(t.call(k.secret, d, "If-None-Match", `"another"`, "If-None-Match", tag), http.StatusNotModified)
}

func headerLocation(t *T) {
	key := t.op(t.home.admin, "createKey", t.spec())
	t.wantStatus(key, http.StatusCreated)
	got := t.located(t.home.admin, key, key.text("id"))
	if id := got.text("id"); id != key.text("id") {
		t.Errorf("%s: got key %q, want %q", got.asked, id, key.text("id"))
	}
	if _, writes := t.routes["createMatch"]; !writes {
		return
	}
	secret := t.allDataKey(t.home)
	m, made := t.createMatch(secret, nil)
	got = t.located(secret, made, textOf(m, "id"))
	if id := textOf(t.item(got), "id"); id != textOf(m, "id") {
		t.Errorf("%s: got match %q, want %q", got.asked, id, textOf(m, "id"))
	}
}

// located follows the Location of an answer, which must end with the id.
func (t *T) located(secret string, made Reply, id string) Reply {
	at := t.resolved(t.contract.Base+"/keys", made.Header.Get("Location"))
	if !strings.HasPrefix(at, t.contract.Base+"/") || !strings.HasSuffix(at, "/"+id) {
		t.Fatalf("%s: Location is %q, want the path of %q", made.asked, made.Header.Get("Location"), id)
	}
	if exposed := made.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Location") {
		t.Errorf("%s: Location is not among the exposed headers %q", made.asked, exposed)
	}
	got := t.send(request{method: http.MethodGet, path: at, secret: secret})
	t.wantStatus(got, http.StatusOK)
	return got
}

// resolved returns the path below the API's root to which a reference leads that stands in
// the answer to a request for a path. A client resolves it in the same way.
func (t *T) resolved(path, reference string) string {
	base, err := url.Parse(t.client.root + path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	target, err := base.Parse(reference)
	if err != nil {
		t.Fatalf("%q: %v", reference, err)
	}
	at, below := strings.CutPrefix(target.String(), t.client.root)
	if !below {
		t.Fatalf("%q, in the answer to %s, leads to %s, which is not below %s", reference, path, target, t.client.root)
	}
	return at
}
