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
)

// T is one case while it runs: what it knows of the world, and what it found wrong.
type T struct {
	*world
	ctx      context.Context
	id       string
	home     *tenant // the organisation that the case works in; others work there too
	mutex    sync.Mutex
	failures []string
	void     string
}

// Errorf notes that the guarantee does not hold. It is safe in any goroutine.
func (t *T) Errorf(format string, args ...any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// Fatalf notes it and ends the calling goroutine.
func (t *T) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// Void ends a case that the contract or its data leave nothing to check for.
func (t *T) Void(format string, args ...any) {
	t.void = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (t *T) recovered() {
	if r := recover(); r != nil {
		t.Errorf("the suite panicked: %v at %s", r, debug.Stack())
	}
}

// each runs n calls of f side by side and waits for them.
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

// in is an operation's input by name: path parameters, and the rest.
type in map[string]any

// op calls an operation by name, with the contract's method, path and names.
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

// send sends a request; a deployment that does not answer ends the case.
func (t *T) send(r request) Reply {
	reply, err := t.client.do(t.ctx, r)
	if err == nil && t.unanswered(reply) {
		time.Sleep(time.Second) // as its Retry-After says
		reply, err = t.client.do(t.ctx, r)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return reply
}

// does calls an operation that must succeed.
func (t *T) does(secret, operation string, input in, headers ...string) Reply {
	r := t.op(secret, operation, input, headers...)
	t.succeeded(r)
	return r
}

func (t *T) succeeded(r Reply) {
	if r.Status < 200 || r.Status > 299 {
		t.Fatalf("%s: got %s, want success", r.asked, r.brief())
	}
}

// must wants one status.
func (t *T) must(r Reply, status int) {
	if r.Status != status {
		t.Fatalf("%s: got %s, want %d", r.asked, r.brief(), status)
	}
}

// until waits until the deployment's clock has reached the moment. Answers tell
// it by their Date, in whole seconds; our own clock serves where they do not.
func (t *T) until(moment time.Time) {
	for pause := time.Until(moment); ; pause = 50 * time.Millisecond { // its clock is behind ours
		select {
		case <-time.After(max(pause, 0) + 50*time.Millisecond):
		case <-t.ctx.Done():
			t.Fatalf("waiting until %s: %v", moment.Format(time.RFC3339), t.ctx.Err())
		}
		r := t.op("", "getHealth", nil)
		if at, ok := r.at(); !ok || !at.Before(moment) {
			return
		}
	}
}

// calm waits for the key's next quota window where the present one ends within
// the time that the case needs, so that nothing is counted in two windows.
func (t *T) calm(secret string, needed time.Duration) {
	self := t.does(secret, "getSelf", nil)
	ends, err := time.Parse(time.RFC3339, self.text("usage", "window", "resets_at"))
	if err != nil {
		return // unmetered
	}
	now, ok := self.at()
	if !ok {
		now = time.Now()
	}
	if ends.Sub(now) < needed {
		t.until(ends)
	}
}
