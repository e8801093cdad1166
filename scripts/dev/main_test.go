package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOneDashBecomesTwoAndValuesAreKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want []string }{
		{[]string{}, []string{}},
		{[]string{"-addr", ":0", "--data", "d"}, []string{"--addr", ":0", "--data", "d"}},
		{[]string{"-import=clubs=-x", "-empty=true"}, []string{"--import=clubs=-x", "--empty=true"}},
		{[]string{"-data", "-dir", "-empty", "-verbose"}, []string{"--data", "-dir", "--empty", "--verbose"}},
		{[]string{"-plan", "-5", "-addr", "--"}, []string{"--plan", "-5", "--addr", "--"}},
		{[]string{"-5", "-", "-h", "-help"}, []string{"-5", "-", "-h", "--help"}},
		{[]string{"-empty", "--", "-data", "d"}, []string{"--empty", "--", "-data", "d"}},
	} {
		if got := rewrite(slices.Clone(c.args)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}

func TestDevIsStatgateDevWithADeprecationLine(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "dev")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for _, c := range []struct {
		args   []string
		code   int
		stderr string // after the deprecation line
	}{
		{[]string{"-help"}, 0, ""},
		{[]string{"-plan", "GOLD"}, 2, "statgate dev: --plan: "},
		{[]string{"-plan=GOLD", "-empty"}, 2, "statgate dev: --plan: "},
	} {
		cmd := exec.Command(program, c.args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run() // the exit code says how it ended
		first, rest, _ := strings.Cut(stderr.String(), "\n")
		if cmd.ProcessState.ExitCode() != c.code || !strings.HasPrefix(first, "dev: deprecated") || !strings.HasPrefix(rest, c.stderr) || c.stderr == "" && rest != "" {
			t.Errorf("%q: got exit code %d and %q, want %d, a deprecation line and %q", c.args, cmd.ProcessState.ExitCode(), stderr.String(), c.code, c.stderr)
		}
	}
}

func TestDevHasAtMost25Lines(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if got, most := bytes.Count(raw, []byte("\n")), 25; got > most {
		t.Errorf("main.go has %d lines, want at most %d", got, most)
	}
}
