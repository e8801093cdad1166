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
		t.Fatalf("%s has %d blocks (%v), want more", file, len(all), err)
	}
	return all
}

// machine is where a section is run: a local server with its data, and a shell.
type machine struct {
	dir, statgate, addr string
	server              *exec.Cmd
	shell               *runbook.Shell
	said                strings.Builder
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

// serve starts the local server and returns when it answers.
func (m *machine) serve(t *testing.T) {
	t.Helper()
	if m.server != nil {
		return
	}
	m.server = exec.Command(m.statgate, "dev", "--addr", m.addr, "--data", m.dir, "--credentials", filepath.Join(m.dir, "credentials.json"), "--empty")
	var failed bytes.Buffer
	m.server.Stderr = &failed
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
	t.Fatalf("the local server did not start: %s", failed.String())
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
		t.Errorf("the local server ended with %v", err)
	}
	m.server = nil
}

// run runs a block as it stands.
func (m *machine) run(t *testing.T, b runbook.Block) {
	t.Helper()
	if b.Is("stopped") {
		m.stop(t)
	} else {
		m.serve(t)
	}
	said, err := m.shell.Run(b.Text)
	if err != nil {
		t.Fatalf("line %d: %v:\n%s\nand said:\n%s", b.Line, err, b.Text, said)
	}
	m.said.WriteString(said)
}

// keys are the secrets of the demo, by their names in the credentials file.
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

// incident is what happens before a section, and what it must say.
type incident struct {
	before func(t *testing.T, m *machine)
	wants  []string
	goesOn bool // on the machine of the section before
}

var incidents = map[string]incident{
	"A leaked client key": {wants: []string{"the leaked secret is dead, the new one is good", "key.rotate", "is revoked"},
		before: func(t *testing.T, m *machine) {
			if err := os.WriteFile(filepath.Join(m.dir, "leaked"), []byte(m.keys(t)["client_key"]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	"A leaked operator key": {wants: []string{"the leaked secret is dead, the new one is good", "key.rotate", "Demo client", "owner@example.com"}},
	"A lost operator key":   {wants: []string{"Operator (recovered)", "is revoked"}},
	"A leaked pepper":       {wants: []string{"Pepper 2 is the current one", "pepper 1: 3 live secrets", "Pepper 1 is retired"}},
	"Backups":               {wants: []string{"peppers 1, current 1"}},
	"A restore": {goesOn: true, wants: []string{"the operator key works", "Demo"},
		before: func(t *testing.T, m *machine) {
			m.stop(t)
			for _, name := range []string{"statgate.db", "peppers.json"} {
				if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}},
	"A table that throttles": {wants: []string{"Demo client", "FREE"}},
}

func TestRunbookWorksAsItIsWritten(t *testing.T) {
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
		happens, known := incidents[b.Section]
		if !known {
			t.Fatalf("section %q is not among the incidents of this test", b.Section)
		}
		if b.Section != section {
			if section != "" {
				concluded(t, section, m)
			}
			section = b.Section
			if !happens.goesOn {
				m = start(t, statgate)
				for _, p := range prologue {
					m.run(t, p)
				}
			}
			if happens.before != nil {
				happens.before(t, m)
			}
		}
		m.run(t, b)
	}
	concluded(t, section, m)
}

// concluded holds what a section said against what it must, and must not, say.
func concluded(t *testing.T, section string, m *machine) {
	t.Helper()
	said := m.said.String()
	t.Logf("%s:\n%s", section, said)
	for _, want := range incidents[section].wants {
		if !strings.Contains(said, want) {
			t.Errorf("%s: does not say %q:\n%s", section, want, said)
		}
	}
	for _, file := range []string{"credentials.json", "peppers.json", "operator", "leaked", "new", "passphrase"} {
		raw, err := os.ReadFile(filepath.Join(m.dir, file))
		if err != nil {
			continue // not every section makes each of them
		}
		for _, word := range regexp.MustCompile(`[A-Za-z0-9_-]{32,}`).FindAllString(string(raw), -1) {
			if strings.Contains(said, word) && !strings.HasPrefix(word, "key_") && !strings.HasPrefix(word, "org_") {
				t.Errorf("%s prints a secret of %s", section, file)
			}
		}
		info, err := os.Stat(filepath.Join(m.dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %s: got %v (%v), want mode 0600", section, file, info.Mode(), err)
		}
	}
}

func TestRunbooksCommandsForAStackAreOnesThatExist(t *testing.T) {
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
