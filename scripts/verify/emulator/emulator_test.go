package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
	"statgate/shared/platform/outputs"
)

// startForTest starts an emulator for the test. It ends with the test process, even if
// that is killed.
func startForTest(t *testing.T) (*emulator, string) {
	t.Helper()
	dir := t.TempDir()
	e, p, err := launch(t.Context(), dir, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.End(stopTimeout) })
	return e, dir
}

func targetOf(t *testing.T, e *emulator, dir, contract string) target {
	t.Helper()
	return target{emulator: e, contract: contract, stack: stackOf(contract), state: dir}
}

func readStack(t *testing.T, d target) outputs.Stack {
	t.Helper()
	found, err := outputs.Read(t.Context(), d.emulator.config(), d.stack)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// firstDeploy makes the first deployments of all stacks follow each other, so that they do not
// all compile the functions where no build cache has them, nor bootstrap one account at the same
// time.
var firstDeploy sync.Mutex

// first makes the first deployment of a stack, and ends the test if that fails.
func first(t *testing.T, deploy func() error) {
	t.Helper()
	firstDeploy.Lock()
	defer firstDeploy.Unlock()
	if err := deploy(); err != nil {
		t.Fatal(err)
	}
}

// up deploys the first stack of a test, with data and keys.
func up(t *testing.T, d target) {
	t.Helper()
	first(t, func() error {
		_, err := d.up(t.Context())
		return err
	})
}

// The real cdk deploy makes a stack that passes the suite, survives faults and serves the
// runbook. The tests of this file run side by side, each on an emulator of its own.
func TestADeployedStackPassesTheSuiteAndSurvivesFaults(t *testing.T) {
	t.Parallel()
	e, dir := startForTest(t)
	edged := targetOf(t, e, dir, "statgate")
	edged.context = []string{cachedPolicies}
	up(t, edged)
	passesSuite(t, edged)
	t.Run("a fault loses nothing", func(t *testing.T) { faultsLoseNothing(t, edged) })
	t.Run("deploying again changes nothing", func(t *testing.T) { redeployChangesNothing(t, edged) })
	t.Run("the commands of the runbook work", func(t *testing.T) { runbookWorks(t, edged) })
}

// Two stacks are in one account. One has no edge, and its contract is not the default.
func TestDeployedStacksKeepTheirDataInAnUpgradeAndAnAdoption(t *testing.T) {
	t.Parallel()
	e, dir := startForTest(t)
	t.Run("side by side", func(t *testing.T) {
		t.Run("keys and data", func(t *testing.T) {
			t.Parallel()
			plain := targetOf(t, e, dir, "balla")
			t.Run("an upgrade with a new route keeps keys and data", func(t *testing.T) { upgradeKeepsData(t, plain) })
			passesSuite(t, plain)
			t.Run("a destroyed stack leaves data that can be adopted", func(t *testing.T) { adoptionKeepsData(t, plain) })
		})
		t.Run("webhooks survive an upgrade and an adoption", func(t *testing.T) {
			t.Parallel()
			other := targetOf(t, e, dir, "statgate")
			other.stack, other.context = other.stack+"-other", []string{cachedPolicies}
			webhooksSurviveUpgradeAndAdoption(t, other)
		})
	})
}

// grantShards is the number of stacks that share the functions of the table of grants.
// Each has an emulator of its own, so that a missing grant affects one stack only.
const grantShards = 2

// Each grant is removed once. The suite must fail each time. It takes minutes, so it is a
// target of its own, which CI runs, too.
func TestEveryMissingGrantIsDetected(t *testing.T) {
	t.Parallel()
	if os.Getenv("STATGATE_GRANTS") != "all" {
		t.Skip(`"make grants" runs it`)
	}
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	want := functionsOf(c)
	waiting := queueOf(want)
	var measured sync.Map // the number of grants, by function
	t.Run("on", func(t *testing.T) {
		for shard := range grantShards {
			t.Run(fmt.Sprintf("stack %d", shard+1), func(t *testing.T) {
				t.Parallel()
				e, dir := startForTest(t)
				d := targetOf(t, e, dir, "statgate")
				d.context = []string{cachedPolicies}
				up(t, d)
				missingGrantsAreDetected(t, d, waiting, &measured)
			})
		}
	})
	functions, grants := 0, 0
	measured.Range(func(_, n any) bool {
		functions, grants = functions+1, grants+n.(int)
		return true
	})
	if functions != len(want) || grants < 5*len(want) {
		t.Errorf("got %d grants of %d functions, want those of %d functions", grants, functions, len(want))
	}
}

// missingGrantsAreDetected removes the grants of one waiting function after another.
func missingGrantsAreDetected(t *testing.T, d target, waiting <-chan string, measured *sync.Map) {
	t.Helper()
	var table bytes.Buffer
	all, err := d.removals(t.Context(), &table, waiting)
	t.Logf("\n%s", table.String())
	if err != nil {
		t.Error(err)
	}
	for _, r := range all {
		if !r.detected() {
			t.Errorf("without %s the suite passes, or fails for another reason: %s %s", r.grant, r.failed, r.why)
		}
		before, _ := measured.LoadOrStore(r.function, 0)
		measured.Store(r.function, before.(int)+1)
	}
}

// passesSuite runs the whole suite.
func passesSuite(t *testing.T, d target) {
	t.Helper()
	result, err := d.suite(t.Context(), readStack(t, d), suite.Options{Out: io.Discard})
	if err != nil || result.Failed > 0 || result.Passed == 0 {
		t.Errorf("%s: %v\n%s", d.contract, err, result)
	}
}

// withoutOperations writes a preset's contract without the operations whose names match
// a pattern, and returns the path of the file.
func withoutOperations(t *testing.T, preset, pattern string) string {
	t.Helper()
	full, err := os.ReadFile("../../../shared/api/preset/presets/" + preset + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), preset+".yaml")
	reduced := regexp.MustCompile(`(?m)^ *(`+pattern+`):.*\n`).ReplaceAll(full, nil)
	if err := os.WriteFile(file, reduced, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// upgradeKeepsData deploys a contract without a route, and then the full one over it.
// Keys and data must be the same.
func upgradeKeepsData(t *testing.T, d target) {
	older := d
	older.contract = withoutOperations(t, d.contract, "getHeadToHead")
	up(t, older)
	before, keys := readStack(t, d), demo{}
	if err := keys.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	firstMatch := func() string {
		list, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches?limit=1", nil)
		if err != nil || len(rows(list)) != 1 {
			t.Fatalf("got %v, %v, want a match", list, err)
		}
		return rows(list)[0]["id"].(string)
	}
	match := firstMatch()
	if _, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches/"+match+"/head-to-head", nil); err == nil {
		t.Fatal("the older version already has the route")
	}
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := readStack(t, d); after != before {
		t.Errorf("got %+v, want %+v as before", after, before)
	}
	if again := firstMatch(); again != match {
		t.Errorf("got match %s, want %s", again, match)
	}
	reached := func() bool {
		_, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches/"+match+"/head-to-head", nil)
		return err == nil
	}
	for deadline := time.Now().Add(time.Minute); !reached(); time.Sleep(time.Second) { // policies from before the upgrade do not allow it
		if time.Now().After(deadline) {
			t.Fatal("the new route does not answer")
		}
	}
}

// redeployChangesNothing deploys again. The CDK must find no change.
func redeployChangesNothing(t *testing.T, d target) {
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(d.state, d.stack+".log"))
	if err != nil {
		t.Fatal(err)
	}
	last := log[bytes.LastIndex(log, []byte("$ scripts/cdk.sh")):]
	if !bytes.Contains(last, []byte("(no changes)")) {
		t.Errorf("got\n%s\nwant no changes", last)
	}
}

// adoptionKeepsData destroys the stack and deploys it again with its old data.
func adoptionKeepsData(t *testing.T, d target) {
	before, old := readStack(t, d), demo{}
	if err := old.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	if err := d.destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := old.call(t.Context(), old.Client, http.MethodGet, "/keys/self", nil); err == nil {
		t.Error("the API answers although its stack is gone")
	}
	d.context = []string{"adopt=true"}
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := readStack(t, d)
	if after.KeysTable != before.KeysTable || after.Peppers != before.Peppers || after.API == before.API {
		t.Errorf("got %+v, want another API with the data of %+v", after, before)
	}
	old.Base = strings.Replace(old.Base, before.API, after.API, 1)
	if _, err := old.call(t.Context(), old.Client, http.MethodGet, "/keys/self", nil); err != nil {
		t.Errorf("a key of the destroyed stack: %v", err)
	}
}
