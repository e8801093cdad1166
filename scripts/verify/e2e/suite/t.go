package suite

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"statgate/shared/contract"
)

// T is a running case: the run's fixture, and the failures found so far.
type T struct {
	*fixture
	ctx           context.Context
	id            string
	home          *tenant // the organisation that the case works in, shared with other cases
	mutex         sync.Mutex
	failures      []string
	notApplicable string
}

// Errorf records a failure and continues. It is safe for concurrent use.
func (t *T) Errorf(format string, args ...any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// Fatalf records a failure and ends the calling goroutine.
func (t *T) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// NotApplicable ends a case that the contract or its data leave nothing to check for.
func (t *T) NotApplicable(format string, args ...any) {
	t.notApplicable = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (t *T) recovered() {
	if r := recover(); r != nil {
		t.Errorf("the suite panicked: %v at %s", r, debug.Stack())
	}
}

// each runs f n times concurrently and waits for all.
func (t *T) each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer t.recovered()
			f(i)
		})
	}
	all.Wait()
}

// in is an operation's input by name: path parameters and all others.
type in map[string]any

// op calls an operation by name, with the contract's method, path and names of parameters.
func (t *T) op(secret, operation string, input in, headers ...string) Reply {
	route, ok := t.routes[operation]
	if !ok {
		t.Fatalf("the contract has no operation %s", operation)
	}
	rest := in{}
	path := route.Path
	for name, value := range input {
		if strings.Contains(route.Path, "{"+name+"}") {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(fmt.Sprint(value)))
			continue
		}
		if theirs := t.contract.Operations[operation].Names[name]; theirs != "" {
			name = theirs
		}
		if list, ok := value.([]string); ok && list == nil {
			value = []string{} // JSON would have null
		}
		rest[name] = value
	}
	r := request{method: route.Method, path: path, secret: secret, headers: headers}
	switch {
	case route.Method == http.MethodGet || route.Method == http.MethodDelete:
		r.query = url.Values{}
		for name, value := range rest {
			r.query.Set(name, fmt.Sprint(value))
		}
	case input != nil:
		r.body = encode(rest)
	}
	return t.send(r)
}

// send sends a request. A deployment that does not answer fails the case.
func (t *T) send(r request) Reply {
	reply, err := t.client.do(t.ctx, r)
	if err == nil && t.unanswered(reply) {
		time.Sleep(time.Second) // the Retry-After of the answer
		reply, err = t.client.do(t.ctx, r)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return reply
}

// mustOp calls an operation and fails the case unless it succeeds.
func (t *T) mustOp(secret, operation string, input in, headers ...string) Reply {
	r := t.op(secret, operation, input, headers...)
	t.wantSuccess(r)
	return r
}

func (t *T) wantSuccess(r Reply) {
	if r.Status < 200 || r.Status > 299 {
		t.Fatalf("%s: got %s, want success", r.asked, r.brief())
	}
}

// wantStatus fails the case unless the answer has the status.
func (t *T) wantStatus(r Reply, status int) {
	if r.Status != status {
		t.Fatalf("%s: got %s, want %d", r.asked, r.brief(), status)
	}
}

// until waits until the deployment's clock reaches a time. It reads the Date header of answers,
// which has whole seconds, and uses the local clock if it is missing.
func (t *T) until(when time.Time) {
	for pause := time.Until(when); ; pause = 50 * time.Millisecond { // the deployment's clock is behind ours
		select {
		case <-time.After(max(pause, 0) + 50*time.Millisecond):
		case <-t.ctx.Done():
			t.Fatalf("waiting until %s: %v", when.Format(time.RFC3339), t.ctx.Err())
		}
		r := t.op("", "getHealth", nil)
		if at, ok := r.sentAt(); !ok || !at.Before(when) {
			return
		}
	}
}

// windowTries is how often a check may run whose quota window ends before the check does.
const windowTries = 4

// inWindow runs a check within one window of a budget. It first waits for the next window if
// the current one ends before the needed time has passed. If the window ends while the check
// runs, as on a busy machine, its failures mean nothing, and it runs again in the next window.
// So a check makes the keys that it counts itself.
func (t *T) inWindow(b contract.Budget, needed time.Duration, check func()) {
	if b.Window == 0 { // unmetered
		check()
		return
	}
	for range windowTries {
		ends := t.window(b, needed)
		before := len(t.failures)
		completed := false
		t.each(1, func(int) { check(); completed = true })
		if !t.clock().Add(time.Second).After(ends) {
			if !completed {
				runtime.Goexit() // Fatalf or NotApplicable has ended the check
			}
			return
		}
		t.failures, t.notApplicable = t.failures[:before], ""
	}
	t.Fatalf("the deployment did not finish the check within a window of %d s in %d tries", b.Window, windowTries)
}

// window waits for the next window of a budget if the current one ends before the needed time
// has passed, and returns the end of the one that then runs.
func (t *T) window(b contract.Budget, needed time.Duration) time.Time {
	size := time.Duration(b.Window) * time.Second
	now := t.clock()
	ends := now.Truncate(size).Add(size)
	if ends.Sub(now) < min(needed, size/2)+time.Second {
		t.until(ends)
		ends = ends.Add(size)
	}
	return ends
}

// clock returns the deployment's time, which may be up to a second later than that: the Date
// header of its answers has whole seconds. It is the local time if they have no such header.
func (t *T) clock() time.Time {
	if at, ok := t.op("", "getHealth", nil).sentAt(); ok {
		return at
	}
	return time.Now()
}
