package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
	"statgate/shared/platform/outputs"
)

// emulated starts an emulator of the test's own. It ends with the test process,
// however that ends.
func emulated(t *testing.T) (*emulator, string) {
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

func stackFound(t *testing.T, d target) outputs.Stack {
	t.Helper()
	found, err := outputs.Read(t.Context(), d.emulator.config(), d.stack)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Both are deployed side by side in one account by the real cdk deploy, one with
// an edge and one without, and each keeps what it promises. A third one's webhooks
// outlive what is deployed, and the table of grants uses it up. Installations and
// builds are most of the time.
func TestADeployedStackKeepsItsPromisesInBothContracts(t *testing.T) {
	e, dir := emulated(t)
	edged := targetOf(t, e, dir, "statgate")
	edged.context = []string{cached}
	if _, err := edged.up(t.Context()); err != nil {
		t.Fatal(err)
	}
	plain := targetOf(t, e, dir, "balla")
	t.Run("a version with another route keeps keys and data", func(t *testing.T) { upgraded(t, plain) })
	for _, d := range []target{edged, plain} {
		holds(t, d)
	}
	t.Run("a fault loses nothing", func(t *testing.T) { faultsLoseNothing(t, edged) })
	t.Run("deploying again changes nothing", func(t *testing.T) { againChangesNothing(t, edged) })
	told := targetOf(t, e, dir, "statgate")
	told.stack, told.context = told.stack+"-told", edged.context
	t.Run("side by side", func(t *testing.T) {
		t.Run("the runbook works as it is written", func(t *testing.T) {
			t.Parallel()
			runbookWorks(t, edged)
		})
		t.Run("what is destroyed leaves its data, which can be adopted", func(t *testing.T) {
			t.Parallel()
			destroyedAndAdopted(t, plain)
		})
		t.Run("webhooks come with an upgrade, and stay with the data", func(t *testing.T) {
			t.Parallel()
			webhooksComeAndStay(t, told)
		})
	})
	// Each of its runs of the suite makes an organisation or two, and the runbook would go
	// through them all.
	t.Run("a role without any one grant is noticed", func(t *testing.T) { everyGrantIsMissed(t, told) })
}

// holds runs the whole suite.
func holds(t *testing.T, d target) {
	t.Helper()
	var said bytes.Buffer
	result, err := d.suite(t.Context(), stackFound(t, d), suite.Options{Out: &said})
	if err != nil || result.Failed > 0 || result.Passed == 0 {
		t.Errorf("%s: %v\n%s", d.contract, err, said.String())
	}
}

func everyGrantIsMissed(t *testing.T, d target) {
	if err := d.fill(t.Context(), stackFound(t, d)); err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	all, err := d.removals(t.Context(), &table)
	t.Logf("\n%s", table.String())
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]bool{}
	for _, r := range all {
		functions[r.function] = true
		if !r.ours() {
			t.Errorf("without %s the suite passes, or fails for another reason: %s %s", r.grant, r.failed, r.why)
		}
	}
	c, err := preset.Load(d.contract)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(functionsOf(c)); len(functions) != want || len(all) < 5*want {
		t.Errorf("got %d grants of %d functions, want those of %d", len(all), len(functions), want)
	}
}

// withoutOperations writes a contract that lacks some of a preset's operations, and
// returns its file.
func withoutOperations(t *testing.T, preset, pattern string) string {
	t.Helper()
	whole, err := os.ReadFile("../../../shared/api/preset/presets/" + preset + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), preset+".yaml")
	less := regexp.MustCompile(`(?m)^ *(`+pattern+`):.*\n`).ReplaceAll(whole, nil)
	if err := os.WriteFile(file, less, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// upgraded deploys a contract that lacks a route, and then the whole one over it.
func upgraded(t *testing.T, d target) {
	older := d
	older.contract = withoutOperations(t, d.contract, "getHeadToHead")
	if _, err := older.up(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, keys := stackFound(t, d), demo{}
	if err := keys.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	found := func() string {
		list, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches?limit=1", nil)
		if err != nil || len(rows(list)) != 1 {
			t.Fatalf("got %v, %v, want a match", list, err)
		}
		return rows(list)[0]["id"].(string)
	}
	match := found()
	if _, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches/"+match+"/head-to-head", nil); err == nil {
		t.Fatal("the older version has the route already")
	}
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := stackFound(t, d); after != before {
		t.Errorf("got %+v, want %+v as before", after, before)
	}
	if again := found(); again != match {
		t.Errorf("got match %s, want %s", again, match)
	}
	reached := func() bool {
		_, err := keys.call(t.Context(), keys.Client, http.MethodGet, "/matches/"+match+"/head-to-head", nil)
		return err == nil
	}
	for deadline := time.Now().Add(time.Minute); !reached(); time.Sleep(time.Second) { // a policy from before does not name it
		if time.Now().After(deadline) {
			t.Fatal("the new route is not reached")
		}
	}
}

func againChangesNothing(t *testing.T, d target) {
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

func destroyedAndAdopted(t *testing.T, d target) {
	before, old := stackFound(t, d), demo{}
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
	after := stackFound(t, d)
	if after.KeysTable != before.KeysTable || after.Peppers != before.Peppers || after.API == before.API {
		t.Errorf("got %+v, want another API with the data of %+v", after, before)
	}
	old.Base = strings.Replace(old.Base, before.API, after.API, 1)
	if _, err := old.call(t.Context(), old.Client, http.MethodGet, "/keys/self", nil); err != nil {
		t.Errorf("a key from before: %v", err)
	}
}
