// Package suite checks over HTTP only that a deployment keeps the guarantees its customers
// rely on. Every target that serves the API must give the same answers to the same requests.
//
// A run creates organisations of its own through the operator's key and works in them. At the
// end it revokes every key that it created. It then compares the deployment's audit trail,
// usage and documents with what it did. A run can be repeated any number of times.
//
// Each [Case] is one guarantee and one line of the report. All cases run concurrently and share
// a limit on requests in flight. Cases marked After judge the whole run, so they run in order
// when all others have finished.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"statgate/shared/contract"
)

// Options configures a run.
type Options struct {
	BaseURL  string // ends with the contract's base path
	Host     string // the Host header, "" for the URL's own
	Operator string // secret of an operator's key
	Contract *contract.Contract
	Target   Target // known differences of the deployment
	Parallel int    // requests in flight, at least 1
	Out      io.Writer
	// Facts are the cases of the contract's own page. They run besides the cases that all
	// contracts share.
	Facts []Case
	Hands OutOfBand // actions that HTTP does not offer
	// Receive is an address of this machine that the deployment can call, for the webhook
	// cases; "" skips those that need it.
	Receive string
	// Patience is how long to wait for a delivery; 0 is the suite's default. It bounds the time
	// that a run waits for a delivery that never arrives.
	Patience time.Duration
	// Only selects cases by id; nil selects all.
	Only func(id string) bool
}

// Case is one guarantee.
type Case struct {
	ID        string // stable and dotted; known differences refer to it
	Guarantee string // one sentence without a full stop
	Run       func(*T)
	After     bool // run when all others have finished
}

// Result counts the outcomes of a run.
type Result struct {
	Passed, Failed, Skipped int
	Failures                map[string]string // case id → its first failure
}

// String lists the counts and then each failed case with its first failure, one a line. Tests
// print it instead of the report, because logs of CI are cut off after some lines.
func (r Result) String() string {
	lines := []string{fmt.Sprintf("%d passed, %d failed, %d skipped", r.Passed, r.Failed, r.Skipped)}
	for _, id := range slices.Sorted(maps.Keys(r.Failures)) {
		lines = append(lines, fmt.Sprintf("FAIL %s: %s", id, r.Failures[id]))
	}
	return strings.Join(lines, "\n")
}

// lineWidth is the printed width of case ids, in characters.
const lineWidth = 26

// setup is the id of the case that every run begins with.
const setup = "setup"

// Cases lists the guarantees of a contract, in the order of the report.
func Cases(c *contract.Contract) []Case {
	return slices.Concat(documents(), transports(c), refusals(), inputs(), scopes(c), roles(), headers(), quotas(), keyLife(),
		rotations(), tokens(c), sessions(), expiries(), widenings(), members(), caps(), writing(), repeats(), webhooks(c), changeFeed(c), replayed(c), tenants(), paging(), data(), filters(), mcp(c), perFunction(c), records())
}

// Run runs the cases and reports each on a line. An error means that the options cannot be
// used; failures of the deployment are in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	fx, err := newFixture(o)
	if err != nil {
		return Result{}, err
	}
	listening, closed := context.WithCancel(ctx)
	defer closed()
	if o.Receive != "" {
		if fx.receiver, err = receive(listening, o.Receive); err != nil {
			return Result{}, fmt.Errorf("listening for webhooks: %w", err)
		}
	}
	rep := &report{out: o.Out, result: Result{Failures: map[string]string{}}}
	rep.line(fx.run(ctx, Case{ID: setup, Guarantee: "an operator creates an organisation, and its owner gets a management key", Run: fx.setUp}))
	if rep.result.Failed > 0 {
		return rep.end(fx), nil
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
	fx.runConcurrently(ctx, now, rep)
	// Revoke the keys even when the run was interrupted.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	rep.line(fx.run(within, Case{ID: "cleanup", Guarantee: "every key that the run created is revoked", Run: cleanUp, After: true}))
	for _, c := range after {
		rep.line(fx.run(ctx, c))
	}
	return rep.end(fx), nil
}

// runConcurrently runs cases concurrently and reports them in their order.
func (fx *fixture) runConcurrently(ctx context.Context, cases []Case, rep *report) {
	done := make([]chan outcome, len(cases))
	var all sync.WaitGroup
	for i, c := range cases {
		done[i] = make(chan outcome, 1)
		all.Go(func() { done[i] <- fx.run(ctx, c) })
	}
	for _, d := range done {
		rep.line(<-d)
	}
	all.Wait()
}

// outcome is the result of one case.
type outcome struct {
	Case
	failures      []string
	skip          string // why the case was skipped
	notApplicable string // why the case does not apply to this contract or its data
}

// run runs one case. A panic fails the case and leaves the others running.
func (fx *fixture) run(ctx context.Context, c Case) outcome {
	t := &T{fixture: fx, ctx: ctx, id: c.ID}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer t.recovered()
		if !c.After && c.ID != setup {
			t.assignHome()
		}
		c.Run(t)
	}()
	<-ended
	return outcome{Case: c, failures: t.failures, notApplicable: t.notApplicable}
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
		fmt.Fprintf(r.out, "skip %-*s %s (%s)\n", lineWidth, o.ID, o.Guarantee, o.skip)
	case len(o.failures) > 0:
		r.result.Failed++
		r.result.Failures[o.ID] = oneLine(o.failures)
		fmt.Fprintf(r.out, "FAIL %-*s %s: %s\n", lineWidth, o.ID, o.Guarantee, r.result.Failures[o.ID])
	case o.notApplicable != "":
		fmt.Fprintf(r.out, "n/a  %-*s %s (%s)\n", lineWidth, o.ID, o.Guarantee, o.notApplicable)
	default:
		r.result.Passed++
		fmt.Fprintf(r.out, "ok   %-*s %s\n", lineWidth, o.ID, o.Guarantee)
	}
}

// end prints the closing lines. Answers that were accepted in the target's own shape are
// reported first, so no exception stays hidden.
func (r *report) end(fx *fixture) Result {
	for i, own := range fx.target.Own {
		if n := fx.ownAnswers[i].Load(); n > 0 {
			r.result.Skipped++
			fmt.Fprintf(r.out, "skip %-*s shape not checked: %d answers %d %s (%s)\n", lineWidth, "answers", n, own.Status, own.Body, own.Reason)
		}
	}
	if n := fx.literalAnswers.Load(); n > 0 {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s request id not checked: %d answers contain %s instead (%s)\n", lineWidth, "answers", n, fx.target.Literal, fx.target.LiteralReason)
	}
	if n := fx.lostAnswers.Load(); n > 0 {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s %d lost answers: the requests were counted twice or repeated (%s)\n", lineWidth, "answers", n, fx.target.Lossy)
	}
	if why := fx.target.OneID; why != "" {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s unique request ids not checked (%s)\n", lineWidth, "answers", why)
	}
	if why := fx.target.AddsCORS; why != "" {
		r.result.Skipped++
		fmt.Fprintf(r.out, "skip %-*s absence of CORS headers on console/session not checked (%s)\n", lineWidth, "answers", why)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed\n", r.result.Passed, r.result.Failed)
	return r.result
}

// oneLine returns the first failure on one line, with the number of further ones.
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
		return errors.New("contract: is required")
	case !strings.HasSuffix(strings.TrimRight(o.BaseURL, "/"), o.Contract.Base):
		return fmt.Errorf("base URL: %s does not end with %s, the base path of contract %s", o.BaseURL, o.Contract.Base, o.Contract.Name)
	case o.Operator == "":
		return errors.New("operator's key: is required")
	case o.Parallel < 1:
		return errors.New("parallel: must be at least one request")
	}
	return nil
}
