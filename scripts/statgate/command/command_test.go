package command

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// execute runs the command as main would.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// walk calls visit for each of our commands.
func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if sub.Name() != "help" && sub.Name() != "completion" {
			walk(sub, visit)
		}
	}
}

func TestEachCommandExplainsItselfOnStandardOutput(t *testing.T) {
	t.Parallel()
	var paths []string
	walk(newRoot(nil, io.Discard, io.Discard), func(c *cobra.Command) {
		paths = append(paths, c.CommandPath())
		args := strings.Fields(c.CommandPath())[1:]
		for _, line := range [][]string{append(args, "--help"), append(args, "-h"), append([]string{"help"}, args...)} {
			code, out, errs := execute(t, line...)
			about, _, _ := strings.Cut(cmp.Or(c.Long, c.Short), "\n")
			if code != Success || errs != "" || !strings.HasPrefix(out, about) || !strings.Contains(out, "Usage:\n  "+c.CommandPath()) {
				t.Errorf("%v: got %d, %q and %.200q, want 0 and the help of %s", line, code, errs, out, c.CommandPath())
			}
		}
		c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s has no description", c.CommandPath(), f.Name)
			}
		})
	})
	want := "statgate, statgate bootstrap, statgate dev, statgate import, statgate import-keys, statgate members, statgate members index, statgate peppers, " +
		"statgate peppers export, statgate peppers import, statgate peppers rotate, statgate version"
	if got := strings.Join(paths, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSameOptionIsDescribedTheSameWayInEveryCommand(t *testing.T) {
	t.Parallel()
	first := map[string]*pflag.Flag{}
	where := map[string]string{}
	shared := 0
	walk(newRoot(nil, io.Discard, io.Discard), func(c *cobra.Command) {
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			was, ok := first[f.Name]
			if !ok {
				first[f.Name], where[f.Name] = f, c.CommandPath()
				return
			}
			shared++
			if was.Usage != f.Usage || was.Shorthand != f.Shorthand || was.Value.Type() != f.Value.Type() {
				t.Errorf("--%s differs between %s (%s) and %s (%s)", f.Name, where[f.Name], was.Usage, c.CommandPath(), f.Usage)
			}
		})
	})
	if shared < 20 {
		t.Errorf("only %d options are shared", shared)
	}
}

// wrongUsage is a command line and the beginning of its line on standard error.
type wrongUsage struct {
	args []string
	want string
}

// wrongUsages need no file.
var wrongUsages = []wrongUsage{
	{nil, "statgate: name a command: bootstrap, "},
	{[]string{"peppers"}, "statgate peppers: name a command: export, import, rotate"},
	{[]string{"fly"}, `statgate: unknown command "fly", want one of bootstrap, `},
	{[]string{"import-key"}, `statgate: unknown command "import-key", did you mean "import-keys"?`},
	{[]string{"dve"}, `statgate: unknown command "dve", did you mean "dev"?`},
	{[]string{"help", "dev", "x"}, `statgate help: unexpected argument "x": statgate dev has no subcommands; see `},
	{[]string{"fly", "--data", "x"}, `statgate: unknown command "fly"`},
	{[]string{"peppers", "turn"}, `statgate peppers: unknown command "turn"`},
	{[]string{"help", "fly"}, `statgate help: unknown command "fly"`},
	{[]string{"completion"}, "statgate completion: name a command: bash, fish"},
	{[]string{"completion", "tcsh"}, `statgate completion: unknown command "tcsh"`},
	{[]string{"--fly"}, "statgate: unknown flag: --fly"},
	{[]string{"dev", "--fly"}, "statgate dev: unknown flag: --fly"},
	{[]string{"dev", "-data", "x"}, "statgate dev: unknown flag -data: flags begin with two dashes: --data"},
	{[]string{"dev", "-addr=:0"}, "statgate dev: unknown flag -addr: flags begin with two dashes: --addr"},
	{[]string{"dev", "--addr"}, "statgate dev: flag needs an argument: --addr"},
	{[]string{"dev", "more"}, `statgate dev: unexpected argument "more"`},
	{[]string{"dev", "--contract", "nope"}, "statgate dev: --contract: no preset \"nope\": must be one of balla, "},
	{[]string{"dev", "--contract", "nope.yaml"}, "statgate dev: --contract: reading the contract: open nope.yaml: no such file"},
	{[]string{"dev", "--addr", "8080"}, `statgate dev: --addr: must be HOST:PORT, got "8080"`},
	{[]string{"dev", "--addr", ":99999"}, `statgate dev: --addr: port must be 0–65535, got "99999"`},
	{[]string{"dev", "--addr", ":-1"}, `statgate dev: --addr: port must be 0–65535, got "-1"`},
	{[]string{"dev", "--verbose=maybe"}, `statgate dev: --verbose: must be true or false, got "maybe"; see `},
	{[]string{"import-keys", "--before", "x"}, `statgate import-keys: --before: must be a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z, got "x"`},
	{[]string{"import-keys", "--rate", "99999999999999999999"}, "statgate import-keys: --rate: must be an integer of at most 64 bits, got"},
	{[]string{"dev", "--plan", "GOLD"}, "statgate dev: --plan: "},
	{[]string{"dev", "--import", "cricket=x"}, "statgate dev: --import: "},
	{[]string{"bootstrap"}, "statgate bootstrap: give one of --stack NAME, --data DIR and --dynamodb URL"},
	{[]string{"peppers", "rotate"}, "statgate peppers rotate: give one of --stack NAME"},
	{[]string{"version", "more"}, `statgate version: unexpected argument "more"`},
}

func TestWrongUsageExitsWithTwoAndPointsToHelp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	withFiles := []wrongUsage{
		{[]string{"bootstrap", "--data", dir}, "statgate bootstrap: give --org NAME and --email ADDRESS"},
		{[]string{"bootstrap", "--data", dir, "--org", "x", "--email", "x"}, "statgate bootstrap: --email: "},
		{[]string{"import", "--data", dir}, "statgate import: nothing to import"},
		{[]string{"import", "--data", dir, "--rate", "many"}, `statgate import: --rate: must be an integer, got "many"; see `},
		{[]string{"import", "--data", dir, "--clubs", filepath.Join(dir, "none")}, "statgate import: open " + dir},
		{[]string{"import-keys", "--data", dir}, "statgate import-keys: give one FILE"},
		{[]string{"import-keys", "--data", dir, filepath.Join(dir, "none.csv")}, "statgate import-keys: "},
		{[]string{"peppers", "rotate", "--data", dir, "--retire", "1", "--status"}, "statgate peppers rotate: give --retire or --status"},
		{[]string{"peppers", "export", "--data", dir}, "statgate peppers export: give --to FILE, and --recipient KEY, --recipients FILE or --passphrase FILE; see "},
		{[]string{"peppers", "export", "--data", dir, "--to", dir + "/b"}, "statgate peppers export: give --recipient KEY, --recipients FILE or --passphrase FILE, or set STATGATE_PASSPHRASE; see "},
		{[]string{"peppers", "export", "--data", dir, "--to", dir + "/b", "--recipient", "x"}, "statgate peppers export: --recipient: "},
		{[]string{"peppers", "import", "--data", dir}, "statgate peppers import: give --from FILE"},
		{[]string{"peppers", "import", "--data", dir, "--from", dir + "/none"}, "statgate peppers import: --from: "},
	}
	for _, c := range append(withFiles, wrongUsages...) {
		code, out, errs := execute(t, c.args...)
		if code != Usage || out != "" || !strings.HasPrefix(errs, c.want) || strings.Count(errs, "\n") != 1 || !strings.HasSuffix(errs, " --help\n") {
			t.Errorf("%q: got %d, %q and %q, want 2 and a line %q that names --help", c.args, code, out, errs, c.want)
		}
	}
}

func TestFailureExitsWithOneInOneLineWithoutUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"peppers", "rotate", "--data", dir}, "statgate peppers rotate: "},
		{[]string{"import-keys", "--data", filepath.Join(dir, "none"), "--expire-unseen"}, "statgate import-keys: --data: "},
		{[]string{"bootstrap", "--data", dir, "--recover"}, "statgate bootstrap: this deployment has no operator yet"},
		{[]string{"dev", "--addr", "192.0.2.1:0"}, "statgate dev: --addr 192.0.2.1:0: "},
	} {
		code, out, errs := execute(t, c.args...)
		if code != Failed || out != "" || !strings.HasPrefix(errs, c.want) || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "--help") {
			t.Errorf("%q: got %d, %q and %q, want 1 and the line %q", c.args, code, out, errs, c.want)
		}
	}
}

func TestErrorOfSeveralLinesIsShortenedToOne(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(file, []byte("name: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := execute(t, "dev", "--contract", file)
	if code != Usage || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, " more)") {
		t.Errorf("got %d and %q, want 2 and one line that counts the others", code, errs)
	}
}

func TestBootstrapPrintsTheKeyOnlyOnStandardOutput(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	code, out, errs := execute(t, "bootstrap", "--data", dir, "--org", "Statgate", "--email", "root@example.com")
	key := strings.TrimSpace(out)
	if code != Success || key == "" || strings.ContainsAny(key, " \n") || strings.Contains(errs, key) {
		t.Errorf("got %d, %d bytes and %q, want 0 and one key", code, len(out), errs)
	}
}

func TestCompletionCompletesCommandsAndFlags(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, errs := execute(t, "completion", shell); code != Success || !strings.Contains(out, "statgate") || errs != "" {
			t.Errorf("%s: got %d, %d bytes and %q", shell, code, len(out), errs)
		}
	}
	for want, args := range map[string][]string{"import-keys\t": {"imp"}, "rotate\t": {"peppers", "ro"}, "--keys-table\t": {"bootstrap", "--ke"},
		"--import\tKIND=PATH to import": {"dev", "--imp"}, "--rate\tN operations": {"peppers", "rotate", "--ra"},
		"teambattles\n": {"dev", "--contract", "te"}, "balla\n": {"bootstrap", "--contract", ""}} {
		if code, out, _ := execute(t, append([]string{"__complete"}, args...)...); code != Success || !strings.Contains(out, want) || strings.Contains(out, "`") {
			t.Errorf("%v: got %d and %q, want %q", args, code, out, want)
		}
	}
}

func TestHelpDescribesOnlyWhatTheCommandHas(t *testing.T) {
	t.Parallel()
	_, top, _ := execute(t, "--help")
	_, dev, _ := execute(t, "dev", "--help")
	_, imports, _ := execute(t, "import", "--help")
	_, export, _ := execute(t, "peppers", "export", "--help")
	if strings.Contains(dev, "stack") || !strings.Contains(dev, "default statgate") {
		t.Errorf("dev has no --stack: got %s", dev)
	}
	for want, help := range map[string]string{`"go run" exits with 1`: top, "(default 0, no limit)": imports, "--recipient KEY | --passphrase FILE": export} {
		if !strings.Contains(help, want) {
			t.Errorf("got %s\nwant %q", help, want)
		}
	}
}

func TestVersionNamesModuleCommitAndGo(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version"} {
		if code, out, errs := execute(t, arg); code != Success || !strings.HasPrefix(out, "statgate ") || !strings.Contains(out, ", go1.") || errs != "" {
			t.Errorf("%s: got %d, %q and %q", arg, code, out, errs)
		}
	}
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Path: "statgate", Version: "v1.2.3"}}
	if got, want := describe(info), "statgate v1.2.3, commit unknown, go1.26.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	if got, want := describe(info), "statgate v1.2.3, commit abc (modified), go1.26.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
