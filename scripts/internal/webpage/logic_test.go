package webpage

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"statgate/functions/console"
	statgate "statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// The page's logic is tested in Node.js, with the configurations and errors of the presets.
func TestLogicOfThePageHoldsForEveryContract(t *testing.T) {
	t.Parallel()
	cases, tests := t.TempDir(), t.TempDir()
	grid, failures := []gridCase{}, []errorCase{}
	for _, name := range []string{"statgate", "balla", "fullengage", "scorelytics", "teambattles"} {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		store(t, cases, name, console.NewConfig(c, console.Settings{Environment: c.Environments[0]}))
		failures = append(failures, errorsOf(t, c)...)
		if c.Scopes.Style == "grid" {
			grid = append(grid, gridOf(t, c.Scopes)...)
		}
	}
	store(t, cases, "grid", grid)
	store(t, cases, "errors", failures)
	bundleTests(t, tests)
	files, err := filepath.Glob(filepath.Join(tests, "*.test.js"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got test files %v, %v", files, err)
	}
	cmd := exec.Command("node", append([]string{"--test"}, files...)...)
	cmd.Env = append(os.Environ(), "CONSOLE_CASES="+cases, "TZ=Europe/Helsinki")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}

// bundleTests bundles each test file with what it imports.
func bundleTests(t *testing.T, out string) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	web := filepath.Join(root, "functions", "console", "web")
	files, err := filepath.Glob(filepath.Join(web, "test", "*.test.ts"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got test sources %v, %v", files, err)
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: files, Outdir: out, Write: true, Bundle: true,
		Platform: api.PlatformNode, Format: api.FormatCommonJS, Target: api.ES2020, LogLevel: api.LogLevelSilent,
	})
	for _, m := range result.Errors {
		t.Fatalf("bundling: %s", m.Text)
	}
}

func store(t *testing.T, dir, name string, value any) {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// gridCase is a choice of scopes and the permissions that it grants.
type gridCase struct {
	Scopes      []string `json:"scopes"`
	Permissions []string `json:"permissions"`
}

// gridOf returns every choice of a grid's verbs and resources.
func gridOf(t *testing.T, s contract.Scopes) []gridCase {
	t.Helper()
	var names []string
	for _, v := range s.Verbs {
		names = append(names, v.Name)
	}
	for _, r := range s.Resources {
		names = append(names, r.Name)
	}
	var all []gridCase
	for chosen := range 1 << len(names) {
		scopes := []string{}
		for i, name := range names {
			if chosen&(1<<i) != 0 {
				scopes = append(scopes, name)
			}
		}
		permissions, err := s.Permissions(scopes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, gridCase{scopes, permissions})
	}
	return all
}

// errorCase is an error answer of a contract.
type errorCase struct {
	Contract  string          `json:"contract"`
	Condition string          `json:"condition"`
	Status    int             `json:"status"`
	Body      json.RawMessage `json:"body"`
}

// errorsOf encodes the errors that the page reads more of than their message.
func errorsOf(t *testing.T, c *contract.Contract) []errorCase {
	t.Helper()
	invalid := statgate.FieldError("name", "must have 1–80 characters")
	invalid.Fields["scopes"] = []string{`unknown scope "x"; must be one of a, b`}
	invalid.Message = "validation failed"
	repeated := statgate.Fail(statgate.ConflictRepeat, "Idempotency-Key: already used")
	repeated.Details = map[string]any{"key": "key_01abc"}
	full := statgate.Fail(statgate.ConflictCap, "plan PRO allows 3 keys")
	full.Details = map[string]any{"plan": "PRO", "cap": 3}
	var all []errorCase
	for _, err := range []*statgate.Error{invalid, repeated, full} {
		a := statgate.Encoder{Contract: c}.Error("request-1", err)
		if !json.Valid(a.Body) {
			t.Fatalf("%s: %s is not JSON: %s", c.Name, err.Condition, a.Body)
		}
		all = append(all, errorCase{c.Name, err.Condition, a.Status, a.Body})
	}
	return all
}
