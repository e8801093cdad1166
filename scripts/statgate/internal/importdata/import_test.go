package importdata

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statgate/scripts/internal/usage"
)

const fixtures = "../../../../shared/sources/importer/testdata"

// call runs the command, and returns what it printed and its error.
func call(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := Command()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceErrors, c.SilenceUsage = true, true
	err = c.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func TestImportPrintsWhatItDid(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"--data", dir, "--clubs", fixtures + "/clubs", "--openfootball", fixtures + "/football", "--adjustments", fixtures + "/adjustments.csv"}
	out, errs, err := call(t, args...)
	if err != nil || !strings.Contains(out, "100 new, 0 changed, 0 unchanged, 3 repeated") || !strings.Contains(errs, "ambiguous: Blitz:") {
		t.Errorf("got %v\n%s%s", err, out, errs)
	}
	out, errs, err = call(t, args...)
	if err != nil || !strings.Contains(out, "0 new, 0 changed, 100 unchanged") {
		t.Errorf("again: got %v\n%s%s", err, out, errs)
	}
}

func TestReportsAreImportedWithMatchesOrAfterThem(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	football, wyscout := []string{"--openfootball", fixtures + "/reports/2018"}, []string{"--wyscout", fixtures + "/reports/wyscout"}
	for _, step := range []struct {
		args       []string
		fails      bool
		out, error string
	}{
		{wyscout, true, "reports:     0 read", "Elmland against Ashia at 2018-06-14T15:00:00Z is not a stored match"},
		{football, false, "reports:     1 read, 1 changed", ""},
		{wyscout, false, "reports:     1 read, 1 changed\nplayers:     4 read: 4 new, 0 changed; statistics of 1 matches read, of 1 changed", ""},
		{append(football, wyscout...), false, "reports:     2 read, 0 changed\nplayers:     4 read: 0 new, 0 changed; statistics of 1 matches read, of 0 changed", ""},
	} {
		out, errs, err := call(t, append([]string{"--data", dir}, step.args...)...)
		if (err != nil) != step.fails || !strings.Contains(out, step.out) || !strings.Contains(errs, step.error) {
			t.Errorf("%v: got %v\n%s%s", step.args, err, out, errs)
		}
	}
}

func TestBadRowIsAnErrorAndIsNamedByItsLine(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "2020-21", "en.1.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{\"name\":\"x\",\n\"matches\":[\n{\"date\":\"2020-09-12\",\"team1\":\"Elm\"},\n{\"date\":\"2020-09-12\",\"team1\":\"Elm\",\"team2\":\"Ash\"}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, err := call(t, "--data", t.TempDir(), "--openfootball", root, "--progress")
	if want := file + ":3: matches[0].team2: missing\n"; err == nil || !strings.Contains(errs, want) || !strings.Contains(out, "1 new") {
		t.Errorf("got %v\n%s%s\nwant an error and %s", err, out, errs, want)
	}
}

func TestWrongCommandLinesAreUsageErrors(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"give one of --stack NAME":        {"--clubs", fixtures},
		"give one of --stack NAME, --dat": {"--data", t.TempDir(), "--aws", "--clubs", fixtures},
		"--aws or --dynamodb":             {"--dynamodb", "http://127.0.0.1:1", "--aws", "--clubs", fixtures},
		"nothing to import":               {"--data", t.TempDir()},
		"unexpected argument":             {"--data", t.TempDir(), "--clubs", fixtures, "more"},
		"no such file":                    {"--data", t.TempDir(), "--clubs", "nowhere"},
		"--rate: must not be negative":    {"--data", t.TempDir(), "--clubs", fixtures, "--rate", "-1"},
	} {
		if _, _, err := call(t, args...); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want a usage error with %q", args, err, want)
		}
	}
}
