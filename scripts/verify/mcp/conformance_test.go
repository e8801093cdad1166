package mcp

import (
	"bufio"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// unneeded are scenarios that need neither a fixture nor anything that the product does not
// have: the product passes them.
var unneeded = map[string][]string{
	"2025-11-25": {"server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "dns-rebinding-protection",
		"server-session-lifecycle", "server-sse-polling"},
	"2026-07-28": {"tools-list", "server-sse-multiple-streams", "dns-rebinding-protection", "http-header-validation"},
}

// absent are the reasons why the product fails a check that the server of fixtures passes, by
// what the suite says of the failure.
var absent = []struct {
	said   *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`does not have the method "(resources|prompts|completion|logging)/|Method not found.*(resources|prompts)`), "the product has no resources, prompts, completion and logging"},
	{regexp.MustCompile(`unknown tool "test_|[Tt]ool '?\w+'? not found|does not list the diagnostic tool|does not have the tool`), "it is a tool of the suite"},
	{regexp.MustCompile(`Expected InputRequiredResult|could not get initial InputRequiredResult`), "it is a tool of the suite"},
	{regexp.MustCompile(`exposes no tool with x-mcp-header`), "no tool of the product has arguments in headers"},
	{regexp.MustCompile(`(resources|prompts)/\S*list (returned JSON-RPC error|failed)`), "the product has no resources and prompts"},
}

// notOffered are the scenarios that fail behind the product's adapter with any tools of
// the server, with the reason.
var notOffered = map[string]map[string]string{
	"2025-11-25": {
		"tools-call-with-logging":      noStream,
		"tools-call-with-progress":     noStream,
		"tools-call-sampling":          noRequests,
		"tools-call-elicitation":       noRequests,
		"elicitation-sep1034-defaults": noRequests,
		"elicitation-sep1330-enums":    noRequests,
		"resources-subscribe":          noSession,
		"resources-unsubscribe":        noSession,
	},
	"2026-07-28": {
		"tools-call-with-progress": noStream,
	},
}

const (
	noStream   = "answers are JSON and no event streams, so a call sends no notifications before its result"
	noRequests = "answers are JSON and no event streams, so the server sends no requests to its clients"
	noSession  = "the server has no sessions and no streams, so it cannot notify a client"
	noTasks    = "the server does not have the extension for tasks"
)

func TestTheServerConforms(t *testing.T) {
	t.Parallel()
	if !everything {
		t.Skip("make mcp runs the conformance suite")
	}
	p, err := install(t.Context(), "suites", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := newSuite(p)
	product, fixtures := conformingProduct(t), conformingFixtures(t)
	for _, revision := range revisions {
		t.Run(revision, func(t *testing.T) { conforms(t, s, revision, product, fixtures) })
	}
}

// conformingProduct serves statgate with the keys of a customer, because the suite sends none.
// It takes turns, so that the suite stays within the budget for requests that cost nothing.
func conformingProduct(t *testing.T) string {
	t.Helper()
	s := start(t, "statgate")
	org, _ := s.Org(t, "Conformance", "TEAM", "conformance@club.example")
	var secrets []string
	for range 8 {
		_, secret := s.Key(t, org, "Suite", scopes[s.name]...)
		secrets = append(secrets, secret)
	}
	var n atomic.Int64
	v := watch(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+secrets[int(n.Add(1))%len(secrets)])
		s.Gateway.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		for _, one := range v.all() {
			if one.status == http.StatusTooManyRequests || one.status >= 500 {
				t.Errorf("%s %s: got %d", one.method, one.rpc, one.status)
			}
		}
	})
	return v.url + s.path
}

// conformingFixtures starts the server of the suite's fixtures.
func conformingFixtures(t *testing.T) string {
	t.Helper()
	program, err := buildFixtures(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line) + "/mcp"
}

// conforms runs the scenarios of a revision and logs the table of their results.
func conforms(t *testing.T, s suite, revision, product, fixtures string) {
	scored, unscored, err := s.required(t.Context(), revision)
	if err != nil || len(scored) < 20 || len(unscored) < 2 {
		t.Fatalf("%s requires %q, does not score %q: %v", revision, scored, unscored, err)
	}
	ours, err := s.check(t.Context(), product, revision, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	behind, err := s.check(t.Context(), fixtures, revision, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, scenario := range slices.Concat(scored, unscored) {
		if len(ours[scenario]) == 0 && len(behind[scenario]) == 0 && !slices.Contains(unscored, scenario) {
			t.Errorf("%s: the suite did not run it", scenario)
		}
		mark := ""
		if slices.Contains(unscored, scenario) {
			mark = " (not scored)"
		}
		fmt.Fprintf(&rows, "| %s%s | %s | %s | %s |\n", scenario, mark, ours.verdict(scenario), behind.verdict(scenario),
			strings.Join(judge(t, revision, scenario, ours, behind), "; "))
	}
	t.Logf("\n| scenario of %s | product | fixtures behind its adapter | why |\n| --- | --- | --- | --- |\n%s", revision, rows.String())
}

// judge fails the test if a scenario fails without a known reason. It returns the reasons.
func judge(t *testing.T, revision, scenario string, ours, behind outcome) []string {
	t.Helper()
	var reasons []string
	why, declined := notOffered[revision][scenario]
	if strings.HasPrefix(scenario, "tasks-") {
		why, declined = noTasks, true
	}
	failed := behind.failures(scenario)
	switch {
	case len(failed) > 0 && !declined:
		t.Errorf("%s fails behind the adapter: %+v", scenario, failed)
	case len(failed) > 0:
		return []string{"not offered: " + why}
	case declined && !strings.HasPrefix(scenario, "tasks-"):
		t.Errorf("%s passes behind the adapter: it is offered", scenario)
	}
	for _, c := range ours.failures(scenario) {
		reason := explained(c)
		switch {
		case slices.Contains(unneeded[revision], scenario):
			t.Errorf("%s needs no fixture, and fails: %+v", scenario, c)
		case reason == "":
			t.Errorf("%s fails for an unknown reason: %+v", scenario, c)
		case !slices.Contains(reasons, reason):
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

func explained(c check) string {
	for _, a := range absent {
		if a.said.MatchString(c.ErrorMessage) {
			return a.reason
		}
	}
	return ""
}
