package boot

import (
	"context"
	"encoding/json"
	"errors"
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
