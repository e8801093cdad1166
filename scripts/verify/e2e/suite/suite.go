// Package suite holds a deployment to what its customers rely on, over HTTP
// alone: whatever serves the API, the same requests must get the same answers.
//
// A run makes organisations of its own through the operator's key, works in
// them, revokes every key that it made and looks back at what the deployment
// has recorded of it: audit, usage, documents. It can be repeated at will.
//
// Each [Case] is one guarantee and one line of the report. All of them run at
// once and share a bound on requests in flight; those marked After run in order
// once the rest are done, because they judge the whole run.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"statgate/shared/contract"
)

// Options is what a run needs to know of a deployment.
type Options struct {
	BaseURL  string // ends with the contract's base path
	Host     string // the Host header, "" for the URL's own
	Operator string // secret of an operator's key
	Contract *contract.Contract
	Target   Target // what is known to differ there
	Parallel int    // requests in flight at most, at least 1
	Out      io.Writer
	// Facts are the cases of the contract's own page, beside what all contracts promise.
	Facts []Case
	Hands Hands // what it may do beside HTTP
	// Receive is an address of this machine that the deployment can call, for the
	// cases on webhooks; "" for none.
	Receive string
	// Patience is how long a delivery may take, 0 for the suite's own: it is all that a
	// run waits for one that will not come.
	Patience time.Duration
	// Only chooses cases by id; nil is all of them.
	Only func(id string) bool
}

// Case is one guarantee.
type Case struct {
	ID    string // stable, dotted: a target's known differences name it
	Says  string // the guarantee, as a sentence without its full stop
	Run   func(*T)
	After bool // once all others are done
}

// Result is how a run ended.
type Result struct {
	Passed, Failed, Skipped int
	Failures                map[string]string // case id → why, the first of it
}

// lineWidth is how wide case ids are printed, in characters.
const lineWidth = 26

// setup is the id of what every run begins with.
const setup = "setup"

// Cases lists the guarantees that a contract's customers rely on, in the order
// of the report.
func Cases(c *contract.Contract) []Case {
	return slices.Concat(documents(), transports(c), refusals(), scopes(c), roles(), headers(), quotas(), keyLife(),
		rotations(), tokens(c), expiries(), widenings(), members(), caps(), writing(), webhooks(c), tenants(), paging(), data(), filters(), perFunction(c), records())
}

// Run runs the cases and reports each on a line. The error says that the options
// cannot be used; what the deployment does wrong is in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	w, err := newWorld(o)
	if err != nil {
		return Result{}, err
	}
	listening, closed := context.WithCancel(ctx)
	defer closed()
	if o.Receive != "" {
		if w.receiver, err = receive(listening, o.Receive); err != nil {
			return Result{}, fmt.Errorf("listening for webhooks: %w", err)
		}
	}
	rep := &report{out: o.Out, result: Result{Failures: map[string]string{}}}
	rep.line(w.run(ctx, Case{ID: setup, Says: "an operator makes an organisation, and its owner a management key", Run: w.begin}))
	if rep.result.Failed > 0 {
		return rep.end(w), nil
	}
	var now, after []Case
	for _, c := range slices.Concat(Cases(o.Contract), o.Facts) {
		why, differs := o.Target.Skip[c.ID]
		switch {
		case o.Only != nil && !o.Only(c.ID):
		case differs:
			rep.line(outcome{Case: c, skip: why})
		case c.After:
			after = append(after, c)
		default:
			now = append(now, c)
		}
	}
	w.atOnce(ctx, now, rep)
	// The keys are revoked even where the run was broken off.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	rep.line(w.run(within, Case{ID: "cleanup", Says: "every key that the run made is revoked at its end", Run: cleanUp, After: true}))
	for _, c := range after {
		rep.line(w.run(ctx, c))
	}
	return rep.end(w), nil
}

// atOnce runs cases side by side and reports them in their order.
func (w *world) atOnce(ctx context.Context, cases []Case, rep *report) {
	done := make([]chan outcome, len(cases))
	var all sync.WaitGroup
	for i, c := range cases {
		done[i] = make(chan outcome, 1)
		all.Go(func() { done[i] <- w.run(ctx, c) })
	}
	for _, d := range done {
		rep.line(<-d)
	}
	all.Wait()
}

// outcome is what became of a case.
type outcome struct {
	Case
	failures []string
	skip     string // why it was not run
	void     string // why the contract or its data leave nothing to check
}

// run runs one case. A case that panics has failed; the others go on.
func (w *world) run(ctx context.Context, c Case) outcome {
	t := &T{world: w, ctx: ctx, id: c.ID}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer t.recovered()
		if !c.After && c.ID != setup {
			t.settle()
		}
		c.Run(t)
	}()
	<-ended
	return outcome{Case: c, failures: t.failures, void: t.void}
}

// report prints outcomes and counts them.
type report struct {
	out    io.Writer
	result Result
}

func (r *report) line(o outcome) {
	switch {
	case o.skip != "":
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s %s (%s)\n", lineWidth, o.ID, o.Says, o.skip)
	case len(o.failures) > 0:
		r.result.Failed++
		r.result.Failures[o.ID] = o.failures[0]
		fmt.Fprintf(r.out, "FAIL %-*s %s: %s\n", lineWidth, o.ID, o.Says, oneLine(o.failures))
	case o.void != "":
		fmt.Fprintf(r.out, "n/a  %-*s %s (%s)\n", lineWidth, o.ID, o.Says, o.void)
	default:
		r.result.Passed++
		fmt.Fprintf(r.out, "ok   %-*s %s\n", lineWidth, o.ID, o.Says)
	}
}

// end prints the closing line. Answers that the target gave in a shape of its
// own are told before it, so that what was let pass is never silent.
func (r *report) end(w *world) Result {
	for i, own := range w.target.Own {
		if n := w.owned[i].Load(); n > 0 {
			r.result.Skipped++
			fmt.Fprintf(r.out, "skip %-*s the shape of %d answers %d %s (%s)\n", lineWidth, "answers", n, own.Status, own.Body, own.Reason)
		}
	}
	if n := w.literals.Load(); n > 0 {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s the request's id in %d answers, which say %s (%s)\n", lineWidth, "answers", n, w.target.Literal, w.target.LiteralReason)
	}
	if n := w.lost.Load(); n > 0 {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s %d answers that were lost: the calls were counted twice, or repeated (%s)\n", lineWidth, "answers", n, w.target.Lossy)
	}
	if why := w.target.OneID; why != "" {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s whether each has an id of its own (%s)\n", lineWidth, "answers", why)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed\n", r.result.Passed, r.result.Failed)
	return r.result
}

// oneLine keeps the first of several failures and says how many there are.
func oneLine(failures []string) string {
	first := strings.Join(strings.Fields(failures[0]), " ")
	if rest := len(failures) - 1; rest > 0 {
		return fmt.Sprintf("%s (and %d more)", first, rest)
	}
	return first
}

func (o Options) check() error {
	switch {
	case o.Contract == nil:
		return errors.New("no contract was given")
	case !strings.HasSuffix(strings.TrimRight(o.BaseURL, "/"), o.Contract.Base):
		return fmt.Errorf("the base URL %s does not end with %s, the base path of contract %s", o.BaseURL, o.Contract.Base, o.Contract.Name)
	case o.Operator == "":
		return errors.New("no operator's key was given")
	case o.Parallel < 1:
		return errors.New("at least one request must be allowed at a time")
	}
	return nil
}
