package runbook_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"statgate/scripts/verify/runbook"
)

// blocks reads the commands of a page, in order.
func blocks(t *testing.T, file string) []runbook.Block {
	t.Helper()
	all, err := runbook.Read(file)
	if err != nil || len(all) < 10 {
		t.Fatalf("%s has %d blocks (%v), want at least 10", file, len(all), err)
	}
	return all
}

// machine is where a section runs: a local server with its data, and a shell.
type machine struct {
	dir, statgate, addr string
	server              *exec.Cmd
	shell               *runbook.Shell
	output              strings.Builder
}

func start(t *testing.T, statgate string) *machine {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{dir: t.TempDir(), statgate: statgate, addr: l.Addr().String()}
	l.Close()
	m.serve(t)
	t.Cleanup(func() { m.stop(t) })
	m.shell, err = runbook.Open("../../..", append(os.Environ(), "DATA="+m.dir, "API=http://"+m.addr+"/v1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.shell.Close)
	return m
}

// serve starts the local server and waits until it is ready.
func (m *machine) serve(t *testing.T) {
	t.Helper()
	if m.server != nil {
		return
	}
	m.server = exec.Command(m.statgate, "dev", "--addr", m.addr, "--data", m.dir, "--credentials", filepath.Join(m.dir, "credentials.json"), "--empty")
	var stderr bytes.Buffer
	m.server.Stderr = &stderr
	out, err := m.server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return
		}
	}
	t.Fatalf("the local server did not start: %s", stderr.String())
}

func (m *machine) stop(t *testing.T) {
	t.Helper()
	if m.server == nil {
		return
	}
	if err := m.server.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := m.server.Wait(); err != nil {
		t.Errorf("stopping the local server: %v", err)
	}
	m.server = nil
}

// run runs a block of the page.
func (m *machine) run(t *testing.T, b runbook.Block) {
	t.Helper()
	if b.Is("stopped") {
		m.stop(t)
	} else {
		m.serve(t)
	}
	output, err := m.shell.Run(b.Text)
	if err != nil {
		t.Fatalf("line %d: %v:\n%s\noutput:\n%s", b.Line, err, b.Text, output)
	}
	m.output.WriteString(output)
}

// keys returns the secrets of the credentials file by name.
func (m *machine) keys(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.dir, "credentials.json"))
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]string
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

// incident is the preparation of a section and its expected output.
type incident struct {
	before      func(t *testing.T, m *machine)
	wantOutput  []string
	sameMachine bool // runs on the machine of the previous section
}

var incidents = map[string]incident{
	"A leaked client key": {wantOutput: []string{"the leaked secret is dead, the new one is good", "key.rotate", "is revoked"},
		before: func(t *testing.T, m *machine) {
			if err := os.WriteFile(filepath.Join(m.dir, "leaked"), []byte(m.keys(t)["client_key"]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	"A leaked operator key": {wantOutput: []string{"the leaked secret is dead, the new one is good", "key.rotate", "Demo client", "owner@example.com"}},
	"A lost operator key":   {wantOutput: []string{"Operator (recovered)", "is revoked"}},
	"A leaked pepper":       {wantOutput: []string{"Pepper 2 is the current one", "pepper 1: 3 live secrets", "Pepper 1 is retired"}},
	"Backups":               {wantOutput: []string{"peppers 1, current 1"}},
	"A restore": {sameMachine: true, wantOutput: []string{"the operator key works", "Demo"},
		before: func(t *testing.T, m *machine) {
			m.stop(t)
			for _, name := range []string{"statgate.db", "peppers.json"} {
				if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}},
	"A table that throttles": {wantOutput: []string{"Demo client", "FREE"}},
}

func TestRunbookCommandsWork(t *testing.T) {
	statgate := filepath.Join(t.TempDir(), "statgate")
	if out, err := exec.Command("go", "build", "-o", statgate, "../../statgate").CombinedOutput(); err != nil {
		t.Fatalf("building the local server: %v\n%s", err, out)
	}
	const first = "Before you start"
	var prologue []runbook.Block
	var m *machine
	section := ""
	for _, b := range blocks(t, "../../../docs/runbook.md") {
		if b.Is("stack") {
			continue
		}
		if b.Section == first {
			prologue = append(prologue, b)
			continue
		}
		prepared, known := incidents[b.Section]
		if !known {
			t.Fatalf("section %q is not among the incidents of this test", b.Section)
		}
		if b.Section != section {
			if section != "" {
				checkOutput(t, section, m)
			}
			section = b.Section
			if !prepared.sameMachine {
				m = start(t, statgate)
				for _, p := range prologue {
					m.run(t, p)
				}
			}
			if prepared.before != nil {
				prepared.before(t, m)
			}
		}
		m.run(t, b)
	}
	checkOutput(t, section, m)
}

// checkOutput checks what a section must print and must not print.
func checkOutput(t *testing.T, section string, m *machine) {
	t.Helper()
	output := m.output.String()
	t.Logf("%s:\n%s", section, output)
	for _, want := range incidents[section].wantOutput {
		if !strings.Contains(output, want) {
			t.Errorf("%s: the output lacks %q:\n%s", section, want, output)
		}
	}
	for _, file := range []string{"credentials.json", "peppers.json", "operator", "leaked", "new", "passphrase"} {
		raw, err := os.ReadFile(filepath.Join(m.dir, file))
		if err != nil {
			continue // only some sections create each of them
		}
		for _, word := range regexp.MustCompile(`[A-Za-z0-9_-]{32,}`).FindAllString(string(raw), -1) {
			if strings.Contains(output, word) && !strings.HasPrefix(word, "key_") && !strings.HasPrefix(word, "org_") {
				t.Errorf("%s prints a secret of %s", section, file)
			}
		}
		info, err := os.Stat(filepath.Join(m.dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %s: got %v (%v), want mode 0600", section, file, info.Mode(), err)
		}
	}
}

func TestRunbookCommandsExistAndParse(t *testing.T) {
	ours := regexp.MustCompile(`go run (\./scripts/[a-z-]+)`)
	for _, b := range blocks(t, "../../../docs/runbook.md") {
		check := exec.CommandContext(context.Background(), "bash", "-n")
		check.Stdin = strings.NewReader(b.Text)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("line %d: %v: %s", b.Line, err, out)
		}
		for _, found := range ours.FindAllStringSubmatch(b.Text, -1) {
			if _, err := os.Stat(filepath.Join("../../..", found[1], "main.go")); err != nil {
				t.Errorf("line %d: %v", b.Line, err)
			}
		}
	}
}
