package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const fixtures = "../../shared/sources/importer/testdata"

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

func TestCleanImportExitsZeroAndSaysWhatItDid(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"-data", dir, "-clubs", fixtures + "/clubs", "-openfootball", fixtures + "/football", "-adjustments", fixtures + "/adjustments.csv"}
	code, out, errs := call(t, args...)
	if code != exitClean || !strings.Contains(out, "100 new, 0 changed, 0 unchanged, 3 repeated") || !strings.Contains(errs, "ambiguous: Blitz:") {
		t.Errorf("got %d\n%s%s", code, out, errs)
	}
	code, out, errs = call(t, args...)
	if code != exitClean || !strings.Contains(out, "0 new, 0 changed, 100 unchanged") {
		t.Errorf("again: got %d\n%s%s", code, out, errs)
	}
}

func TestReportsComeWithMatchesOrAfterThem(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	football, wyscout := []string{"-openfootball", fixtures + "/reports/2018"}, []string{"-wyscout", fixtures + "/reports/wyscout"}
	for _, step := range []struct {
		args       []string
		code       int
		out, error string
	}{
		{wyscout, exitFaulty, "reports:     0 told", "Elmland against Ashia at 2018-06-14T15:00:00Z is no match that is stored"},
		{football, exitClean, "reports:     1 told, 1 changed", ""},
		{wyscout, exitClean, "reports:     1 told, 1 changed", ""},
		{append(football, wyscout...), exitClean, "reports:     2 told, 0 changed", ""},
	} {
		code, out, errs := call(t, append([]string{"-data", dir}, step.args...)...)
		if code != step.code || !strings.Contains(out, step.out) || !strings.Contains(errs, step.error) {
			t.Errorf("%v: got %d\n%s%s", step.args, code, out, errs)
		}
	}
}

func TestBadRowExitsOneAndIsNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "2020-21", "en.1.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{\"name\":\"x\",\n\"matches\":[\n{\"date\":\"2020-09-12\",\"team1\":\"Elm\"},\n{\"date\":\"2020-09-12\",\"team1\":\"Elm\",\"team2\":\"Ash\"}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, "-data", t.TempDir(), "-openfootball", root, "-progress")
	if want := file + ":3: matches[0].team2: missing\n"; code != exitFaulty || !strings.Contains(errs, want) || !strings.Contains(out, "1 new") {
		t.Errorf("got %d\n%s%s\nwant 1 and %s", code, out, errs, want)
	}
}

func TestWrongUsageExitsTwoInOneLine(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no store":     {"-clubs", fixtures},
		"two stores":   {"-data", t.TempDir(), "-aws", "-clubs", fixtures},
		"nothing":      {"-data", t.TempDir()},
		"extra":        {"-data", t.TempDir(), "-clubs", fixtures, "more"},
		"missing path": {"-data", t.TempDir(), "-clubs", "nowhere"},
	} {
		code, _, errs := call(t, args...)
		if code != exitUsage || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: got %d and %q, want 2 and a line", name, code, errs)
		}
	}
	if code, _, _ := call(t, "-h"); code != exitClean {
		t.Errorf("-h: got %d, want 0", code)
	}
}
