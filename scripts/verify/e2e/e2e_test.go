package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

// patience is the gate's time limit in these tests. It is long because a machine that runs
// other tests at the same time answers late, and these tests check answers, not latency.
const patience = 20 * time.Second

// TestEveryGuaranteeHoldsInProcess runs the suite of each contract on both engines. DynamoDB
// Local does one write at a time, and requests that wait are only repeated. So contracts run
// there one by one, with few requests in flight. On the embedded engine contracts run in
// parallel, and the test records which actions the operations use on the tables. A row that
// grants an action that no contract uses fails by name. Each granted action is therefore used
// by some case, and the suite can fail when it is removed from a role.
func TestEveryGuaranteeHoldsInProcess(t *testing.T) {
	t.Parallel()
	seen := watch{keys: &uses{of: map[string]map[api.Action]bool{}}, stats: &uses{of: map[string]map[api.Action]bool{}}}
	t.Run("on", func(t *testing.T) {
		t.Run("DynamoDB Local", func(t *testing.T) {
			t.Parallel()
			for _, contract := range preset.Names() {
				t.Run(contract, func(t *testing.T) {
					everyGuarantee(t, onDynamoDB(t, contract), 8)
				})
			}
		})
		for _, contract := range preset.Names() {
			t.Run("embedded/"+contract, func(t *testing.T) {
				t.Parallel()
				everyGuarantee(t, watched(t, contract, seen), 32)
			})
		}
	})
	if !t.Failed() {
		t.Run("rows grant exactly the used actions", func(t *testing.T) { checkGrants(t, seen) })
	}
}

// onDynamoDB starts a deployment that has the simulated league. It enables a stream only for
// contracts that read it, because DynamoDB Local scans all stream records at every write.
func onDynamoDB(t *testing.T, name string) *deploymenttest.Fixture {
	t.Helper()
	c, err := preset.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(api.WorkersFor(c)) > 0 {
		return deploymenttest.OnDynamoDB(t, name)
	}
	w := deploymenttest.On(t, name, dynamolocal.Tables(t, table.Keys, table.Stats))
	w.Simulate(t)
	return w
}

func everyGuarantee(t *testing.T, w *deploymenttest.Fixture, parallel int) {
	t.Helper()
	w.Gate.Patience = patience
	begun := time.Now()
	result, err := suite.Run(t.Context(), suite.Options{BaseURL: w.Base, Operator: w.Operator, Contract: w.Contract,
		Facts: conformance.Cases(w.Contract.Name), Hands: handsOn(w.Gate.Keys, w.Stats), Receive: "127.0.0.1", Parallel: parallel, Out: io.Discard})
	t.Logf("%d passed in %s", result.Passed, time.Since(begun).Round(time.Millisecond))
	if err != nil || result.Failed > 0 || result.Skipped > 0 || result.Passed < 70 {
		t.Errorf("%v\n%s", err, result)
	}
}

func TestCommandPrintsCasesAndEndsWithTheCount(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"base_url":"`+w.Base+`","operator_key":"`+w.Operator+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a run is repeatable
		var out, log bytes.Buffer
		if err := run(t.Context(), []string{"--credentials", file, "--only", "document"}, &out, &log); err != nil {
			t.Fatalf("%v\n%s%s", err, out.String(), log.String())
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if got, want := lines[len(lines)-1], "7 passed, 0 failed"; got != want {
			t.Errorf("the last line is %q, want %q", got, want)
		}
		for _, line := range lines[:len(lines)-1] {
			if !strings.HasPrefix(line, "ok   ") {
				t.Errorf("got %q", line)
			}
		}
	}
}

func TestWebhooksAreReceivedWhereTheDeploymentCanCall(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"base_url":"`+w.Base+`","operator_key":"`+w.Operator+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, more := range map[string][]string{"ok   webhook.sent.test": nil, "n/a  webhook.sent.test": {"--receive", ""}} {
		var out, log bytes.Buffer
		if err := run(t.Context(), append([]string{"--credentials", file, "--only", "webhook.sent.test"}, more...), &out, &log); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%q: %v\n%s%s", more, err, out.String(), log.String())
		}
	}
	for base, want := range map[string]string{
		"http://localhost:8080/v1": "127.0.0.1", "http://127.0.0.1:1/restapis/a/live/_user_request_/v1": "127.0.0.1",
		"https://stats.example.com/v1": "", "https://127.0.0.1.example.com/v1": "", "://": "",
	} {
		if got := callable(base); got != want {
			t.Errorf("%s: got %q, want %q", base, got, want)
		}
	}
}

// TestBaseURLMayHaveAPathBeforeTheContractsBase serves the API like an emulator of API Gateway:
// below the stage's path and with a Host of its own.
func TestBaseURLMayHaveAPathBeforeTheContractsBase(t *testing.T) {
	t.Parallel()
	const stage, host = "/restapis/a1/live/_user_request_", "a1.execute-api.localhost"
	w := deploymenttest.New(t, "balla")
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			http.Error(rw, "no such host", http.StatusMisdirectedRequest)
			return
		}
		http.StripPrefix(stage, w.Gateway).ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"operator_key":"`+w.Operator+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	args := []string{"--credentials", file, "--contract", "balla", "--base-url", server.URL + stage + "/api/", "--host", host, "--only", "refuse.unknown"}
	if err := run(t.Context(), args, &out, &out); err != nil || !strings.HasSuffix(out.String(), "\n4 passed, 0 failed\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestSuiteFollowsLocationAndServerBelowAStage(t *testing.T) {
	t.Parallel()
	const stage = "/live"
	for _, contract := range preset.Names() {
		w := deploymenttest.Staged(t, contract, stage)
		server := httptest.NewServer(http.StripPrefix(stage, w.Gateway))
		t.Cleanup(server.Close)
		var out bytes.Buffer
		result, err := suite.Run(t.Context(), suite.Options{BaseURL: server.URL + stage + w.Contract.Base, Operator: w.Operator, Contract: w.Contract,
			Parallel: 8, Out: &out, Only: func(id string) bool {
				return slices.Contains([]string{"header.location", "document.server", "document.files"}, id)
			}})
		if err != nil || result.Failed > 0 || !strings.Contains(out.String(), "ok   header.location") || !strings.Contains(out.String(), "ok   document.server") || !strings.Contains(out.String(), "ok   document.files") {
			t.Errorf("%s: %v\n%s", contract, err, out.String())
		}
	}
}

func TestSuiteImportsNoServerPackages(t *testing.T) {
	t.Parallel()
	// The contract, the route table and the checker of documents, with their dependencies.
	known := regexp.MustCompile(`^statgate/(scripts/verify/e2e|shared/(api|contract|humantext))(/|$)`)
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.HasPrefix(name, "statgate/") && !known.MatchString(name) {
			t.Errorf("the suite imports %s, but must use the API over HTTP only", name)
		}
	}
}

func TestInvalidOptionsAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"base_url":"http://127.0.0.1:1/v2","operator_key":"k"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "--credentials"},
		{[]string{"--credentials", "/does/not/exist"}, "no such file"},
		{[]string{"--credentials", file}, "does not end with /v1"},
		{[]string{"--credentials", file, "--contract", "nope"}, "no preset"},
		{[]string{"--credentials", file, "--target", "moon"}, "gateway, ministack, ministack-edge, sam"},
		{[]string{"--credentials", file, "--base-url", "http://127.0.0.1:1/v1", "--parallel", "0"}, "at least one"},
		{[]string{"--credentials", file, "--base-url", "http://127.0.0.1:1/v1", "--receive", "192.0.2.1"}, "listening for webhooks"},
		{[]string{"--credentials", file, "--only", "nosuch"}, `--only: must be the beginning of a case's id, such as quota, got "nosuch"`},
		{[]string{"more"}, "unexpected argument"},
	} {
		var out, log bytes.Buffer
		if err := run(t.Context(), c.args, &out, &log); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
	}
}

func TestDeploymentThatDoesNotAnswerFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"base_url":"http://127.0.0.1:1/v1","operator_key":"k"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--credentials", file}, &out, &out); err != errFailed || !strings.HasSuffix(out.String(), "0 passed, 1 failed\n") {
		t.Errorf("got %v\n%s", err, out.String())
	}
}
