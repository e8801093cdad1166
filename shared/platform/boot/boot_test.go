package boot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statgate/shared/api/preset"
)

// task creates a function's directory with a compiled contract, and returns it with
// the environment that the stack sets.
func task(t *testing.T) (dir string, env map[string]string) {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "contract.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, map[string]string{
		"LAMBDA_TASK_ROOT": dir, "ENVIRONMENT": "live", "KEYS_TABLE": "S-keys", "STATS_TABLE": "S-stats", "AWS_REGION": "eu-west-1",
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	}
}

func TestFunctionLoadsItsContractAndTables(t *testing.T) {
	_, env := task(t)
	f, err := load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Contract.Name, "statgate"; got != want {
		t.Errorf("got contract %q, want %q", got, want)
	}
	if got, want := *f.AWS.BaseEndpoint, env["AWS_ENDPOINT_URL"]; got != want {
		t.Errorf("got endpoint %q, want %q", got, want)
	}
	if f.Keys() == f.Stats() || f.Keys() != f.Keys() {
		t.Error("each table must be one value for the whole function")
	}
	if f.Gate().Resolver == nil || f.Store() == nil {
		t.Error("the gate has no resolver to read a stale caller again")
	}
}

func TestAFunctionAndItsGateUseTheTimeThatTheTablesState(t *testing.T) {
	t.Parallel()
	stated := time.Now().AddDate(-1, 0, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", stated.UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	_, env := task(t)
	env["AWS_ENDPOINT_URL"] = server.URL
	f, err := load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if f.Gate().Confirmed() || time.Until(f.Clock()).Abs() > time.Minute {
		t.Error("before an answer the clock must be the machine's, not confirmed")
	}
	f.WarmKeys()
	f.warmUp()
	if !f.Gate().Confirmed() || f.Clock().Sub(stated).Abs() > time.Minute || f.Gate().Clock().Sub(stated).Abs() > time.Minute {
		t.Errorf("after the warm-up the function's time is %s and the gate's %s, want about %s", f.Clock(), f.Gate().Clock(), stated)
	}
	if got, want := f.Gate().Management, f.Contract.Management; got != want || got.Limit == 0 {
		t.Errorf("the gate's budget for key management is %v, want %v", got, want)
	}
}

func TestGateWaitsLongerOnlyOnAnEmulator(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]time.Duration{"": 800 * time.Millisecond, "http://127.0.0.1:1": emulatedPatience} {
		_, env := task(t)
		env["AWS_ENDPOINT_URL"] = endpoint
		f, err := load(func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Gate().Patience; got != want {
			t.Errorf("endpoint %q: got %s, want %s", endpoint, got, want)
		}
	}
}

func TestFunctionDoesNotStartInAnInvalidEnvironment(t *testing.T) {
	for what, change := range map[string]struct{ name, value, want string }{
		"unknown environment": {"ENVIRONMENT", "staging", `"staging"`},
		"no environment":      {"ENVIRONMENT", "", `ENVIRONMENT is ""`},
		"no contract":         {"LAMBDA_TASK_ROOT", "/nonexistent", "contract.json"},
	} {
		_, env := task(t)
		env[change.name] = change.value
		_, err := load(func(name string) string { return env[name] })
		if err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: got %v, want an error with %s", what, err, change.want)
		}
	}
}

func TestFunctionStartsWhenTheWarmUpFailsOrHangs(t *testing.T) {
	_, env := task(t)
	f, err := load(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	f.Warm(func(context.Context) error { return errors.New("no such table") })
	f.Warm(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }) // without a timeout, this never ends
	start := time.Now()
	f.warmUp()
	if took := time.Since(start); took > 30*warmTimeout {
		t.Errorf("the warm-up took %v, want about %v", took, warmTimeout)
	}
}
