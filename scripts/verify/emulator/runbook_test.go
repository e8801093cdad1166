package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"statgate/scripts/verify/runbook"
	"statgate/shared/platform/outputs"
)

// operator is a person with a shell, an AWS profile and the runbook.
type operator struct {
	*testing.T
	target
	stack   outputs.Stack
	demo    demo
	home    string
	env     []string
	rotated time.Time // a time after the rotation of the pepper
}

// rotationDelay is the time after which a request is sure to move its secret to the new
// pepper. The authorizer reads the peppers every minute, and policies are cached for 20 s.
const rotationDelay = 90 * time.Second

// newOperator returns an operator whose home directory has the operator key and the CDK
// context of the stack.
func newOperator(t *testing.T, d target) *operator {
	o := &operator{T: t, target: d, stack: readStack(t, d), home: t.TempDir()}
	if err := o.demo.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	tools, err := exec.Command("./aws-cli.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	goEnv := map[string]string{}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err == nil {
		err = json.Unmarshal(out, &goEnv)
	}
	if err != nil {
		t.Fatal(err)
	}
	if goEnv["XDG_CACHE_HOME"], err = os.UserCacheDir(); err != nil {
		t.Fatal(err)
	}
	for name, value := range goEnv {
		o.env = append(o.env, name+"="+value)
	}
	o.env = append(d.emulator.environment(), append(o.env, "HOME="+o.home, "STACK="+d.stack, "API="+o.demo.Base,
		"PATH="+strings.TrimSpace(string(tools))+":"+os.Getenv("PATH"))...)
	o.writeSecret("operator", o.demo.Operator)
	o.writeSecret("leaked", o.demo.Client)
	o.writeContext()
	return o
}

// writeSecret writes a secret to a file in the operator's home directory.
func (o *operator) writeSecret(name, secret string) {
	o.Helper()
	dir := filepath.Join(o.home, ".statgate")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		o.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(secret+"\n"), 0o600); err != nil {
		o.Fatal(err)
	}
}

// writeContext writes the CDK context to the file for all of a user's deployments.
func (o *operator) writeContext() {
	flags := map[string]string{}
	args := o.app()
	for i, arg := range args {
		if arg == "-c" {
			name, value, _ := strings.Cut(args[i+1], "=")
			flags[name] = value
		}
	}
	raw, err := json.Marshal(map[string]any{"context": flags, "requireApproval": "never", "progress": "events",
		"output": o.assembly()})
	if err == nil {
		err = os.WriteFile(filepath.Join(o.home, ".cdk.json"), raw, 0o600)
	}
	if err != nil {
		o.Fatal(err)
	}
}

// wantedOutput is what each section's commands must print.
var wantedOutput = map[string][]string{
	"A leaked client key":    {"the leaked secret is dead, the new one is good", "key.rotate", "is revoked"},
	"A leaked operator key":  {"the leaked secret is dead, the new one is good", "key.rotate", "Demo admin", "owner@example.com"},
	"A lost operator key":    {"Operator (recovered)", "is revoked"},
	"A leaked pepper":        {"is the current one", "live secrets"},
	"Backups":                {"peppers.age: root", "backup/"},
	"A restore":              {"-keys-restored", "-stats-restored", "peppers", "the operator key works", "Demo"},
	"A table that throttles": {"WriteThrottleEvents", "Demo admin", "FREE"},
}

// preconditions prepare the blocks that contain a text, by that text.
var preconditions = map[string]func(o *operator){
	"restore-secret": func(o *operator) {
		client := secretsmanager.NewFromConfig(o.emulator.config())
		if _, err := client.DeleteSecret(o.Context(), &secretsmanager.DeleteSecretInput{SecretId: &o.stack.Peppers}); err != nil {
			o.Fatal(err)
		}
	},
	// All live secrets have moved to the new pepper, and the other keys are revoked.
	"--retire": func(o *operator) {
		time.Sleep(time.Until(o.rotated.Add(rotationDelay)))
		o.revokeOthers(o.secret("operator"), o.demo.Admin)
	},
}

// allBlocks is the environment variable that includes the one block that waits for
// minutes.
const allBlocks = "STATGATE_WHOLE_RUNBOOK"

// runbookWorks runs each block that is not for a local server, unchanged, with a shell
// for each section. The other sections run while the rotation of the pepper takes effect.
// Retiring a pepper takes another two and a half minutes and needs "make runbook-local";
// scripts/verify/runbook/runbook_test.go retires one in every run.
//
// The emulator accepts every command. It restores the current state of a table for any
// time, and its CloudWatch has no metrics of tables.
func runbookWorks(t *testing.T, d target) {
	o := newOperator(t, d)
	all, err := runbook.Read("../../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var prologue, late []runbook.Block
	sections := map[string][]runbook.Block{}
	for _, b := range all {
		switch {
		case b.Is("local"):
		case b.Section == "Before you start":
			prologue = append(prologue, b)
		case strings.Contains(b.Text, "--retire"):
			late = append(late, b)
		default:
			if wantedOutput[b.Section] == nil {
				t.Fatalf("section %q: add its wanted output to this test", b.Section)
			}
			sections[b.Section] = append(sections[b.Section], b)
		}
	}
	const slow = "A leaked pepper"
	slowShell := o.shell(prologue)
	said := o.run(slowShell, sections[slow])
	o.rotated = time.Now()
	for _, section := range []string{"A leaked client key", "A leaked operator key", "A lost operator key", "Backups", "A restore", "A table that throttles"} {
		o.checkOutput(section, o.run(o.shell(prologue), sections[section]))
	}
	o.checkOutput(slow, said)
	if os.Getenv(allBlocks) != "" {
		if said := o.run(slowShell, late); !strings.Contains(said, "is retired") {
			t.Errorf("%s: the old pepper is not retired:\n%s", slow, said)
		}
	}
	if len(sections) != len(wantedOutput) || len(late) == 0 {
		t.Errorf("got %d sections and %d late blocks, want %d and at least 1", len(sections), len(late), len(wantedOutput))
	}
}

// shell opens a shell in which the prologue has run.
func (o *operator) shell(prologue []runbook.Block) *runbook.Shell {
	o.Helper()
	shell, err := runbook.Open("../../..", o.env)
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(shell.Close)
	o.run(shell, prologue)
	return shell
}

// run runs blocks and returns their output.
func (o *operator) run(shell *runbook.Shell, blocks []runbook.Block) string {
	o.Helper()
	var all strings.Builder
	for _, b := range blocks {
		for words, prepare := range preconditions {
			if strings.Contains(b.Text, words) {
				prepare(o)
			}
		}
		said, err := shell.Run(b.Text)
		if all.WriteString(said); err != nil {
			o.Fatalf("line %d: %v:\n%s\nprinted:\n%s", b.Line, err, b.Text, said)
		}
	}
	return all.String()
}

// secret reads a secret from a file in the operator's home directory.
func (o *operator) secret(name string) string {
	o.Helper()
	raw, err := os.ReadFile(filepath.Join(o.home, ".statgate", name))
	if err != nil {
		o.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// checkOutput fails unless a section printed what it must, and no secret.
func (o *operator) checkOutput(section, said string) {
	o.Helper()
	for _, want := range wantedOutput[section] {
		if !strings.Contains(said, want) {
			o.Errorf("%s: does not print %q:\n%s", section, want, said)
		}
	}
	for _, name := range []string{"operator", "leaked", "passphrase"} {
		if raw, err := os.ReadFile(filepath.Join(o.home, ".statgate", name)); err == nil && strings.Contains(said, strings.TrimSpace(string(raw))) {
			o.Errorf("%s prints the secret of %s", section, name)
		}
	}
}

// revokeOthers sends a request with an operator's key and with another key, and revokes
// all other keys.
func (o *operator) revokeOthers(by, other string) {
	o.Helper()
	spared := map[any]bool{}
	for _, key := range []string{by, other} {
		spared[o.must(key, http.MethodGet, "/keys/self")["id"]] = true
	}
	for cursor := ""; ; {
		page := o.must(by, http.MethodGet, "/orgs?limit=100"+cursor)
		for _, org := range rows(page) {
			active := o.must(by, http.MethodGet, fmt.Sprintf("/keys?state=active&limit=100&org=%s", org["id"]))
			for _, key := range rows(active) {
				if !spared[key["id"]] {
					o.must(by, http.MethodPost, fmt.Sprintf("/keys/%s/revoke", key["id"]))
				}
			}
		}
		next, _ := page["next_cursor"].(string)
		if next == "" {
			return
		}
		cursor = "&cursor=" + next
	}
}

// rows returns the objects in the data of a page.
func rows(page map[string]any) []map[string]any {
	var all []map[string]any
	list, _ := page["data"].([]any)
	for _, one := range list {
		row, _ := one.(map[string]any)
		all = append(all, row)
	}
	return all
}

// must sends a request, which must succeed.
func (o *operator) must(key, method, path string) map[string]any {
	o.Helper()
	got, err := o.demo.call(o.Context(), key, method, path, nil)
	if err != nil {
		o.Fatal(err)
	}
	return got
}
