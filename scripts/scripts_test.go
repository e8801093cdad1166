package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runScript runs a script of this directory. The programs are shell scripts that it finds
// before all others, by name. It returns the output and the error of the script.
func runScript(t *testing.T, programs map[string]string, env []string, script string, args ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(script); err != nil { // go test then runs again when the script changes
		t.Fatal(err)
	}
	cmd := exec.Command("./"+script, args...)
	cmd.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestDynamoDBLocalIsInTheCacheOfTheOtherTools(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, env := range map[string][]string{
		filepath.Join(dir, "dynamodb-local"):                       {"STATGATE_CACHE=" + dir, "XDG_CACHE_HOME=/nowhere"},
		filepath.Join(dir, "statgate", "dynamodb-local"):           {"STATGATE_CACHE=", "XDG_CACHE_HOME=" + dir},
		filepath.Join(dir, ".cache", "statgate", "dynamodb-local"): {"STATGATE_CACHE=", "XDG_CACHE_HOME=", "HOME=" + dir},
	} {
		out, err := runScript(t, nil, env, "dynamodb-local/run.sh", "8000")
		if err == nil || !strings.Contains(out, "not found in "+want+": run make dynamodb-local") {
			t.Errorf("%q: got %v and %q, want an error with %s", env, err, out, want)
		}
	}
}

func TestMissingRealDataIsReportedForTheWholeSuiteOnly(t *testing.T) {
	t.Parallel()
	env := []string{"STATGATE_DATA=" + filepath.Join(t.TempDir(), "none"), "STATGATE_DYNAMODB_URL=http://127.0.0.1:1"}
	programs := map[string]string{"go": "echo gotestsum", "gotestsum": `echo "gotestsum $*"`}
	for _, c := range []struct {
		args    []string
		reports bool
	}{{nil, true}, {[]string{"./..."}, true}, {[]string{"./shared/table"}, false}} {
		out, err := runScript(t, programs, env, "test.sh", c.args...)
		if err != nil || strings.Contains(out, "NOT RUN on real data") != c.reports || !strings.Contains(out, "gotestsum --format") {
			t.Errorf("%q: got %v and %q, want NOT RUN: %t", c.args, err, out, c.reports)
		}
	}
}

// A test runner that the system ends, for lack of memory for example, must not pass for a
// green run.
func TestATestRunnerThatASignalEndsFails(t *testing.T) {
	t.Parallel()
	env := []string{"STATGATE_DYNAMODB_URL=http://127.0.0.1:1"}
	out, err := runScript(t, map[string]string{"go": "echo gotestsum", "gotestsum": "kill -KILL $$"}, env, "test.sh", "./shared/table")
	if err == nil {
		t.Errorf("test.sh passed and printed %q", out)
	}
	if raw, err := os.ReadFile("test.sh"); err != nil || strings.Contains(string(raw), "\ngo tool") {
		t.Errorf("test.sh runs a tool by \"go tool\", which exits with 0 if a signal ends the tool (%v)", err)
	}
}

// goList is a "go" that lists a package of each lane, and finds gotestsum.
const goList = `case "$1" in list) printf 'statgate/shared/table\nstatgate/scripts/verify/emulator\n' ;; *) echo gotestsum ;; esac`

func TestEveryPackageIsInOneLaneAndTheFailureOfALaneFails(t *testing.T) {
	t.Parallel()
	env := []string{"STATGATE_DYNAMODB_URL=http://127.0.0.1:1"}
	for failing, fails := range map[string]bool{"none": false, "shared/table": true, "verify/emulator": true} {
		gotestsum := `echo "run $*"; case "$*" in *` + failing + `*) exit 1 ;; esac`
		out, err := runScript(t, map[string]string{"go": goList, "gotestsum": gotestsum}, env, "test.sh")
		if (err != nil) != fails {
			t.Errorf("%s fails: got %v", failing, err)
		}
		for _, name := range []string{"statgate/shared/table\n", "statgate/scripts/verify/emulator\n"} {
			if strings.Count(out, name) != 1 {
				t.Errorf("got %q, want %q in one lane of its own", out, name)
			}
		}
	}
	out, err := runScript(t, map[string]string{"go": "[ $1 != list ] && echo gotestsum", "gotestsum": "echo run"}, env, "test.sh")
	if err == nil || strings.Contains(out, "run") {
		t.Errorf("the packages cannot be listed: got %v and %q, want an error and no run", err, out)
	}
}

// npm installs a CDK CLI that prints its arguments.
const npm = `mkdir -p "$3/node_modules/.bin"
printf '#!/bin/sh\necho "cdk $*"\n' >"$3/node_modules/.bin/cdk"
chmod +x "$3/node_modules/.bin/cdk"
`

func TestInstallationOfTheCDKEndsWithItOrWithTheReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		programs map[string]string
		want     string
		fails    bool
	}{
		"installed":         {map[string]string{"npm": npm}, "cdk --help\n", false},
		"npm fails":         {map[string]string{"npm": "echo no network >&2; exit 1"}, "no network\n", true},
		"move fails":        {map[string]string{"npm": npm, "mv": "echo mv: disk is full >&2; exit 1"}, "cdk: moving the installation into place: mv: disk is full\n", true},
		"another was first": {map[string]string{"npm": npm + `cp -R "$3" "${3%.*}"`}, "cdk --help\n", false},
	} {
		cache := t.TempDir()
		out, err := runScript(t, c.programs, []string{"STATGATE_CACHE=" + cache}, "cdk.sh", "--help")
		if (err != nil) != c.fails || !strings.HasSuffix(out, c.want) {
			t.Errorf("%s: got %v and %q, want %q", name, err, out, c.want)
		}
		left, err := filepath.Glob(filepath.Join(cache, "aws-cdk-*.*.*.*"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s: left %q behind", name, left)
		}
	}
}
