package main

import (
	"context"
	"fmt"
	"strings"

	"statgate/scripts/internal/measured"
	"statgate/shared/table"
)

// unitsOfOperations runs the story twice and returns the units of the second run. By
// then the instance has read the cursors' key, which it does once, and the standings,
// which it does once a version. Where the first run differs, the detail says so.
func unitsOfOperations(ctx context.Context, _ sizes) ([]figure, error) {
	endpoint, stop, err := dynamoDBLocal(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	e, err := onDynamo(ctx, endpoint, &tape{})
	if err != nil {
		return nil, err
	}
	defer e.close()
	r, err := newStoryRunner(ctx, e)
	if err != nil {
		return nil, err
	}
	first, err := r.run(ctx)
	if err != nil {
		return nil, err
	}
	second, err := r.run(ctx)
	if err != nil {
		return nil, err
	}
	check, err := r.authorization(ctx)
	if err != nil {
		return nil, err
	}
	all := append([]figure{admission(second)}, check)
	for i, s := range second {
		all = append(all, s.figure(first[i]))
	}
	return all, nil
}

// beforeHandler returns the store calls that were made before the handler began.
func (s stepCost) beforeHandler() []call {
	for i, c := range s.calls {
		if c.handler {
			return s.calls[:i]
		}
	}
	return s.calls
}

// problem says what is wrong with the admission of a request. It returns "" where the
// only store call was a write of one unit to a gate.
func (s stepCost) problem() string {
	before := s.beforeHandler()
	if len(before) != 1 {
		return fmt.Sprintf("%d store calls before the handler: %v", len(before), before)
	}
	c := before[0]
	if c.table != table.Keys.Name || c.method != "Write" || !strings.HasPrefix(c.at, "GATE#") || c.refused {
		return fmt.Sprintf("the call before the handler is not an admission by a gate: %v", c)
	}
	if c.write != 1 || c.read != 0 {
		return fmt.Sprintf("the gate costs %g write units and %g read units", c.write, c.read)
	}
	return ""
}

func admission(all []stepCost) figure {
	f := figure{name: "before the handler", value: "1 W", detail: fmt.Sprintf("the gate's write, for all %d requests below", len(all))}
	ok := true
	for _, s := range all {
		if problem := s.problem(); problem != "" {
			f.value, f.detail, ok = "more", s.operation+": "+problem, false
		}
	}
	f.target = verdict("1 W, no read", ok)
	return f
}

// authorization measures what the authorizer reads where no policy is cached.
func (r *storyRunner) authorization(ctx context.Context) (figure, error) {
	r.tape.rewind()
	if _, err := r.Keys.Authenticate(ctx, r.vars["client"]); err != nil {
		return figure{}, err
	}
	_, by := r.tape.recorded()
	return figure{name: "authorizer, no policy cached", value: sum(by), detail: split(by)}, nil
}

func (s stepCost) figure(first stepCost) figure {
	name := s.operation
	if s.note != "" {
		name += " (" + s.note + ")"
	}
	f := figure{name: name, value: sum(s.units), detail: split(s.units)}
	if was := sum(first.units); was != f.value {
		f.detail += "; at first " + was
	}
	return f
}

func sum(by map[string]measured.Units) string {
	var all measured.Units
	for _, u := range by {
		all = all.Plus(u)
	}
	return all.String()
}

// split formats units by table.
func split(by map[string]measured.Units) string {
	var parts []string
	for _, name := range []string{table.Keys.Name, table.Stats.Name} {
		if u := by[name]; u != (measured.Units{}) {
			parts = append(parts, name+" "+u.String())
		}
	}
	return strings.Join(parts, "; ")
}
