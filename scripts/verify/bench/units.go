package main

import (
	"context"
	"fmt"
	"strings"

	"statgate/scripts/internal/measured"
	"statgate/shared/table"
)

// unitsOfOperations tells the story twice and shows the second telling: what is
// read once a process (the cursor's key) or once a version (standings) is known
// by then. What the first telling costs more stands beside it.
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
	t, err := newTeller(ctx, e)
	if err != nil {
		return nil, err
	}
	first, err := t.tell(ctx)
	if err != nil {
		return nil, err
	}
	second, err := t.tell(ctx)
	if err != nil {
		return nil, err
	}
	check, err := t.authorization(ctx)
	if err != nil {
		return nil, err
	}
	all := append([]figure{admission(second)}, check)
	for i, s := range second {
		all = append(all, s.figure(first[i]))
	}
	return all, nil
}

// beforeHandler returns the calls that were made before the handler began.
func (s told) beforeHandler() []call {
	for i, c := range s.calls {
		if c.handler {
			return s.calls[:i]
		}
	}
	return s.calls
}

// fault tells what is wrong with how a call was admitted, "" where it was by one
// write of one unit to a gate and nothing else.
func (s told) fault() string {
	before := s.beforeHandler()
	if len(before) != 1 {
		return fmt.Sprintf("%d store calls before the handler: %v", len(before), before)
	}
	c := before[0]
	if c.table != table.Keys.Name || c.method != "Write" || !strings.HasPrefix(c.at, "GATE#") || c.refused {
		return fmt.Sprintf("the call before the handler is no admission by a gate: %v", c)
	}
	if c.write != 1 || c.read != 0 {
		return fmt.Sprintf("the gate costs %g write units and %g read units", c.write, c.read)
	}
	return ""
}

func admission(all []told) figure {
	f := figure{name: "before any handler begins", value: "1 W", detail: fmt.Sprintf("the gate's write, in all %d calls below", len(all))}
	ok := true
	for _, s := range all {
		if fault := s.fault(); fault != "" {
			f.value, f.detail, ok = "more", s.operation+": "+fault, false
		}
	}
	f.target = met("1 W, no read", ok)
	return f
}

// authorization is what the authorizer reads where no policy is cached.
func (t *teller) authorization(ctx context.Context) (figure, error) {
	t.tape.rewind()
	if _, err := t.Keys.Authenticate(ctx, t.kept["client"]); err != nil {
		return figure{}, err
	}
	_, by := t.tape.recorded()
	return figure{name: "authorizer, no policy cached", value: sum(by), detail: split(by)}, nil
}

func (s told) figure(first told) figure {
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

// split shows units by table.
func split(by map[string]measured.Units) string {
	var parts []string
	for _, name := range []string{table.Keys.Name, table.Stats.Name} {
		if u := by[name]; u != (measured.Units{}) {
			parts = append(parts, name+" "+u.String())
		}
	}
	return strings.Join(parts, "; ")
}
