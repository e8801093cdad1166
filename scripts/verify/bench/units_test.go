package main

import (
	"net/http"
	"testing"

	"statgate/scripts/internal/measured"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/table/dynamolocal"
)

// warmStory runs the story twice on DynamoDB Local and returns the costs of the second
// run, in which the instance is warm and every policy is cached.
func warmStory(t *testing.T) []stepCost {
	t.Helper()
	e, err := onDynamo(t.Context(), dynamolocal.Start(t), &tape{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	r, err := newStoryRunner(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, err := r.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return second
}

func TestAdmittedRequestCostsOneWriteUnitAndNoReadBeforeItsHandler(t *testing.T) {
	t.Parallel()
	reading, reached := 0, 0
	for _, s := range warmStory(t) {
		if problem := s.problem(); problem != "" {
			t.Errorf("%s (%s): %s", s.operation, s.note, problem)
		}
		if len(s.calls) > len(s.beforeHandler()) {
			reached++
		}
		var total measured.Units
		for _, u := range s.units {
			total = total.Plus(u)
		}
		if !s.route.Management && s.route.Method == http.MethodGet {
			reading++
			if total.Write != 1 {
				t.Errorf("%s (%s) writes %g units in all, want the gate's 1", s.operation, s.note, total.Write)
			}
		}
	}
	// Every handler of the story makes a store call. Otherwise the test could not know
	// where the handlers begin.
	if want := len(story); reached != want || reading == 0 {
		t.Errorf("%d of %d handlers called a store, %d of the operations are reads", reached, want, reading)
	}
}

func TestStoryCallsEveryOperationThatNeedsAKey(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, s := range story {
		called[s.operation] = true
	}
	for _, r := range api.For(c) {
		if r.Open == called[r.Operation] {
			t.Errorf("%s: open %v, in the story %v", r.Operation, r.Open, called[r.Operation])
		}
	}
}

func TestOnlyOneWriteToAGateIsAllowedBeforeTheHandler(t *testing.T) {
	t.Parallel()
	gate := call{table: "keys", method: "Write", at: "GATE#key_1", writes: true, write: 1}
	in := call{table: "stats", method: "Query", handler: true, read: 0.5}
	refused, wide := gate, gate
	refused.refused, wide.write = true, 2
	for name, tt := range map[string]struct {
		calls   []call
		problem bool
	}{
		"gate, then handler":        {[]call{gate, in}, false},
		"gate alone":                {[]call{gate}, false},
		"no gate":                   {[]call{in}, true},
		"nothing":                   {nil, true},
		"read first":                {[]call{{table: "keys", method: "Get", at: "SECRET#1", read: 1}, gate, in}, true},
		"read after the gate":       {[]call{gate, {table: "keys", method: "Get", at: "SETTING#cursor", read: 0.5}, in}, true},
		"two writes":                {[]call{gate, gate, in}, true},
		"refused":                   {[]call{refused, in}, true},
		"an item of more than 1 KB": {[]call{wide, in}, true},
		"another item":              {[]call{{table: "keys", method: "Write", at: "ORG#1", write: 1}, in}, true},
	} {
		if problem := (stepCost{calls: tt.calls}).problem(); (problem != "") != tt.problem {
			t.Errorf("%s: got the problem %q, want one: %v", name, problem, tt.problem)
		}
	}
}

func TestPageCostsTheSameUnitsInASmallAndALargeTable(t *testing.T) {
	t.Parallel()
	endpoint := dynamolocal.Start(t)
	both, end, err := newPageFixtures(t.Context(), func() (*engine, error) { return onDynamo(t.Context(), endpoint, &tape{}) }, 1_000, 2_000)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, kind := range pageKinds {
		var spent [2]string
		for i, l := range both {
			if spent[i], err = l.unitsOf(t.Context(), kind.query); err != nil {
				t.Fatal(err)
			}
		}
		if spent[0] != spent[1] {
			t.Errorf("%s: %s at 1,000 matches, %s at 2,000", kind.name, spent[0], spent[1])
		}
	}
}
