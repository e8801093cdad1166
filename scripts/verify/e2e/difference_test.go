package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
)

func TestEveryKnownDifferenceNamesACaseAndItsReason(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{}
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, one := range slices.Concat(suite.Cases(c), conformance.Cases(name)) {
			if seen[one.ID] || one.Guarantee == "" || one.Run == nil || strings.ContainsAny(one.ID, " \n") {
				t.Errorf("%s: case %q is duplicate or incomplete", name, one.ID)
			}
			seen[one.ID], cases[one.ID] = true, true
		}
	}
	for _, target := range suite.Targets {
		for id, reason := range target.Skip {
			if !cases[id] || reason == "" {
				t.Errorf("target %s skips %q for %q: the case or the reason is missing", target.Name, id, reason)
			}
		}
		for _, own := range target.Own {
			if own.Status == 0 || own.Body == "" || own.Reason == "" {
				t.Errorf("target %s: the answer %+v is incomplete", target.Name, own)
			}
		}
	}
}

// TestKnownDifferencesAreSkippedAndReported runs against a gateway that answers 401 in a shape
// of its own, like some emulators of API Gateway, and ignores X-API-Key.
func TestKnownDifferencesAreSkippedAndReported(t *testing.T) {
	t.Parallel()
	const own = `{"message":"Unauthorized"}`
	w := deploymenttest.New(t, "statgate")
	w.Gate.Patience = patience
	server := httptest.NewServer(withFault(w.Gateway, fault{
		after: func(c *call) {
			if c.status == 401 {
				c.set(401, []byte(own))
				clear(c.header)
			}
		},
	}))
	t.Cleanup(server.Close)
	report := func(target suite.Target) (suite.Result, string) {
		var out bytes.Buffer
		result, err := suite.Run(t.Context(), suite.Options{BaseURL: server.URL + w.Contract.Base, Operator: w.Operator, Contract: w.Contract,
			Target: target, Parallel: 32, Out: &out, Only: func(id string) bool {
				return strings.HasPrefix(id, "refuse.no") || strings.HasPrefix(id, "key.revoke") || id == "answers.valid" || id == "transport.two-keys"
			}})
		if err != nil {
			t.Fatal(err)
		}
		return result, out.String()
	}
	if result, out := report(suite.Target{}); result.Failures["refuse.no-key"] == "" || result.Failures["answers.valid"] == "" {
		t.Errorf("a target without known differences passes:\n%s", out)
	} else if short := result.String(); !strings.Contains(short, "\nFAIL refuse.no-key: ") || strings.Contains(short, "ok   ") {
		t.Errorf("the summary does not list the failed cases alone:\n%s", short)
	}
	result, out := report(suite.Target{
		Skip: map[string]string{"transport.two-keys": "it reads one header"},
		Own:  []suite.OwnAnswer{{Status: 401, Body: own, Reason: "its own authorizer"}},
	})
	if result.Failed != 0 || result.Skipped != 2 {
		t.Errorf("got %+v\n%s", result, out)
	}
	for _, want := range []string{"skip transport.two-keys", "(it reads one header)", "answers 401 " + own + " (its own authorizer)", " passed, 0 failed\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

// TestOwnAnswerReplacesOnlyThePromisedStatus runs against a gateway that answers bad keys with
// another status, and gives all requests one id.
func TestOwnAnswerReplacesOnlyThePromisedStatus(t *testing.T) {
	t.Parallel()
	const own = `{"message":"Internal server error"}`
	w := deploymenttest.New(t, "statgate")
	w.Gate.Patience = patience
	var forged atomic.Bool
	server := httptest.NewServer(withFault(w.Gateway, fault{
		after: func(c *call) {
			c.body = bytes.ReplaceAll(c.body, []byte(c.header.Get("X-Request-Id")), []byte("one"))
			c.header.Set("X-Request-Id", "one")
			switch {
			case c.status == 401:
				c.set(502, []byte(own))
			case forged.Load() && strings.HasSuffix(c.path, "/audit"):
				c.body = bytes.ReplaceAll(c.body, []byte("key.rotate"), []byte("key.update"))
			}
		},
	}))
	t.Cleanup(server.Close)
	cases := []string{"refuse.no-key", "refuse.unknown-path", "key.revoke", "rotate.at-once", "member.removed", "header.common", "audit.run"}
	run := func(target suite.Target, fails ...string) {
		t.Helper()
		var out bytes.Buffer
		result, err := suite.Run(t.Context(), suite.Options{BaseURL: server.URL + w.Contract.Base, Operator: w.Operator, Contract: w.Contract,
			Target: target, Parallel: 32, Out: &out, Only: func(id string) bool { return slices.Contains(cases, id) }})
		failed := slices.Sorted(maps.Keys(result.Failures))
		if err != nil || !slices.Equal(failed, fails) {
			t.Errorf("%+v: %v, %v failed, want %v\n%s", target, err, failed, fails, out.String())
		}
	}
	own502 := func(promised int) []suite.OwnAnswer {
		return []suite.OwnAnswer{{Status: 502, Body: own, For: promised, Reason: "its own"}}
	}
	run(suite.Target{Own: own502(401), OneID: "one for all"})
	run(suite.Target{Own: own502(404), OneID: "one for all"}, "key.revoke", "member.removed", "refuse.no-key", "rotate.at-once")
	run(suite.Target{Own: own502(401)}, "audit.run", "header.common")
	forged.Store(true)
	run(suite.Target{Own: own502(401), OneID: "one for all"}, "audit.run")
}

// TestAChecksFailuresCountOnlyInTheWindowThatItFits runs cases against a gateway whose clock, as
// its answers tell it, a case can move.
func TestAChecksFailuresCountOnlyInTheWindowThatItFits(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "teambattles")
	var now atomic.Int64 // a day ago, so that no case waits for the machine's clock
	now.Store(time.Now().Add(-24 * time.Hour).Truncate(time.Minute).Unix())
	var ticks atomic.Bool // at each answer
	server := httptest.NewServer(withFault(w.Gateway, fault{after: func(c *call) {
		c.header.Set("Date", time.Unix(now.Load(), 0).UTC().Format(http.TimeFormat))
		if ticks.Load() {
			now.Add(1)
		}
	}}))
	t.Cleanup(server.Close)
	runs := map[string]int{}
	windowed := func(id string, check func(t *suite.T, run int)) suite.Case {
		return suite.Case{ID: id, Guarantee: id, Run: func(t *suite.T) {
			t.InWindow(10*time.Second, func() { runs[id]++; check(t, runs[id]) })
		}}
	}
	cases := []suite.Case{ // one by one, because they share the clock
		windowed("a.fits", func(*suite.T, int) {}),
		windowed("b.fails", func(t *suite.T, _ int) { t.Errorf("wrong") }),
		windowed("c.ends", func(t *suite.T, _ int) { t.Fatalf("wrong") }),
		windowed("d.crosses.once", func(t *suite.T, run int) {
			if run == 1 {
				now.Add(60)
				t.Fatalf("counted in two windows")
			}
		}),
		windowed("e.crosses.always", func(*suite.T, int) { now.Add(60) }),
		{ID: "f.begins.in.the.last.second", Guarantee: "f", Run: func(t *suite.T) {
			last := now.Load()/60*60 + 59
			now.Store(last)
			ticks.Store(true)
			t.InWindow(10*time.Second, func() {
				if at := now.Load(); at <= last+1 {
					t.Errorf("the check began %d s after the last second of a window began", at-last)
				}
			})
		}},
	}
	failed := runEach(t, w, server.URL+w.Contract.Base, cases)
	if len(failed) != 3 || failed["b.fails"] != "wrong" || failed["c.ends"] != "wrong" || !strings.Contains(failed["e.crosses.always"], "did not finish") {
		t.Errorf("the failed cases are %q", failed)
	}
	if want := map[string]int{"a.fits": 1, "b.fails": 1, "c.ends": 1, "d.crosses.once": 2, "e.crosses.always": 4}; !maps.Equal(runs, want) {
		t.Errorf("the checks ran %v times, want %v", runs, want)
	}
}

// runEach runs cases one by one, and returns the failures by case.
func runEach(t *testing.T, w *deploymenttest.Fixture, base string, cases []suite.Case) map[string]string {
	t.Helper()
	failed := map[string]string{}
	for _, one := range cases {
		result, err := suite.Run(t.Context(), suite.Options{BaseURL: base, Operator: w.Operator, Contract: w.Contract,
			Parallel: 1, Out: io.Discard, Facts: []suite.Case{one}, Only: func(id string) bool { return id == one.ID }})
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(failed, result.Failures)
	}
	return failed
}
