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
	stack outputs.Stack
	demo  demo
	home  string
	env   []string
	// rotated is not later than when the pepper was.
	rotated time.Time
}

// noticed is when a call is sure to move its secret: a minute for the authorizer to
// read the peppers again, and 20 s for a policy that was made before.
const noticed = 90 * time.Second

// engaged makes an operator whose home has the operator key and the context that
// the stack was deployed with.
func engaged(t *testing.T, d target) *operator {
	o := &operator{T: t, target: d, stack: stackFound(t, d), home: t.TempDir()}
	if err := o.demo.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	tools, err := exec.Command("./aws-cli.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err == nil {
		err = json.Unmarshal(out, &kept)
	}
	if err != nil {
		t.Fatal(err)
	}
	if kept["XDG_CACHE_HOME"], err = os.UserCacheDir(); err != nil {
		t.Fatal(err)
	}
	for name, value := range kept {
		o.env = append(o.env, name+"="+value)
	}
	o.env = append(d.emulator.environment(), append(o.env, "HOME="+o.home, "STACK="+d.stack, "API="+o.demo.Base,
		"PATH="+strings.TrimSpace(string(tools))+":"+os.Getenv("PATH"))...)
	o.keep("operator", o.demo.Operator)
	o.keep("leaked", o.demo.Client)
	o.flags()
	return o
}

// keep puts a secret into a file of the operator's.
func (o *operator) keep(name, secret string) {
	o.Helper()
	dir := filepath.Join(o.home, ".statgate")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		o.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(secret+"\n"), 0o600); err != nil {
		o.Fatal(err)
	}
}

// context is where the CDK finds the flags of all deployments of a person.
func (o *operator) flags() {
	flags := map[string]string{}
	args := o.app()
	for i, arg := range args {
		if arg == "-c" {
			name, value, _ := strings.Cut(args[i+1], "=")
			flags[name] = value
		}
	}
	raw, err := json.Marshal(map[string]any{"context": flags, "requireApproval": "never", "progress": "events",
		"output": filepath.Join(o.state, "cdk.out."+o.target.stack)})
	if err == nil {
		err = os.WriteFile(filepath.Join(o.home, ".cdk.json"), raw, 0o600)
	}
	if err != nil {
		o.Fatal(err)
	}
}

// wanted is what each section must say there.
var wanted = map[string][]string{
	"A leaked client key":    {"the leaked secret is dead, the new one is good", "key.rotate", "is revoked"},
	"A leaked operator key":  {"the leaked secret is dead, the new one is good", "key.rotate", "Demo admin", "owner@example.com"},
	"A lost operator key":    {"Operator (recovered)", "is revoked"},
	"A leaked pepper":        {"is the current one", "live secrets"},
	"Backups":                {"peppers.age: root", "backup/"},
	"A restore":              {"-keys-restored", "-stats-restored", "peppers", "the operator key works", "Demo"},
	"A table that throttles": {"WriteThrottleEvents", "Demo admin", "FREE"},
}

// before is what has happened when somebody turns to a block, by words of it.
var before = map[string]func(o *operator){
	"restore-secret": func(o *operator) {
		client := secretsmanager.NewFromConfig(o.emulator.config())
		if _, err := client.DeleteSecret(o.Context(), &secretsmanager.DeleteSecretInput{SecretId: &o.stack.Peppers}); err != nil {
			o.Fatal(err)
		}
	},
	// Those whose keys are in use have used them, and the others' are revoked.
	"--retire": func(o *operator) {
		time.Sleep(time.Until(o.rotated.Add(noticed)))
		o.revokeOthers(o.secret("operator"), o.demo.Admin)
	},
}

// whole makes the test run the one block that waits for minutes, too.
const whole = "STATGATE_WHOLE_RUNBOOK"

// runbookWorks runs each block that is not for a local server, as it stands, a shell
// for each incident. While a rotation is noticed the others are seen to. Retiring a
// pepper takes another two and a half minutes of waiting, and is left to
// "make runbook-local"; docs/runbook_test.go retires one in every run.
//
// The emulator takes every command. It restores a table as it is now, whatever the
// time that was named, and CloudWatch knows no numbers of tables there.
func runbookWorks(t *testing.T, d target) {
	o := engaged(t, d)
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
			if wanted[b.Section] == nil {
				t.Fatalf("section %q is not among the incidents of this test", b.Section)
			}
			sections[b.Section] = append(sections[b.Section], b)
		}
	}
	const waits = "A leaked pepper"
	waiting := o.shell(prologue)
	said := o.run(waiting, sections[waits])
	o.rotated = time.Now()
	for _, section := range []string{"A leaked client key", "A leaked operator key", "A lost operator key", "Backups", "A restore", "A table that throttles"} {
		o.concluded(section, o.run(o.shell(prologue), sections[section]))
	}
	o.concluded(waits, said)
	if os.Getenv(whole) != "" {
		if said := o.run(waiting, late); !strings.Contains(said, "is retired") {
			t.Errorf("%s: the old pepper is not retired:\n%s", waits, said)
		}
	}
	if len(sections) != len(wanted) || len(late) == 0 {
		t.Errorf("got %d sections and %d late blocks, want %d and some", len(sections), len(late), len(wanted))
	}
}

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

// run runs blocks and returns what they said.
func (o *operator) run(shell *runbook.Shell, blocks []runbook.Block) string {
	o.Helper()
	var all strings.Builder
	for _, b := range blocks {
		for words, happens := range before {
			if strings.Contains(b.Text, words) {
				happens(o)
			}
		}
		said, err := shell.Run(b.Text)
		if all.WriteString(said); err != nil {
			o.Fatalf("line %d: %v:\n%s\nand said:\n%s", b.Line, err, b.Text, said)
		}
	}
	return all.String()
}

// secret is what a file of the operator's holds.
func (o *operator) secret(name string) string {
	o.Helper()
	raw, err := os.ReadFile(filepath.Join(o.home, ".statgate", name))
	if err != nil {
		o.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func (o *operator) concluded(section, said string) {
	o.Helper()
	for _, want := range wanted[section] {
		if !strings.Contains(said, want) {
			o.Errorf("%s: does not say %q:\n%s", section, want, said)
		}
	}
	for _, name := range []string{"operator", "leaked", "passphrase"} {
		if raw, err := os.ReadFile(filepath.Join(o.home, ".statgate", name)); err == nil && strings.Contains(said, strings.TrimSpace(string(raw))) {
			o.Errorf("%s prints the secret of %s", section, name)
		}
	}
}

// revokeOthers uses an operator's key and another, and revokes all that are neither.
func (o *operator) revokeOthers(by, other string) {
	o.Helper()
	kept := map[any]bool{}
	for _, key := range []string{by, other} {
		kept[o.called(key, http.MethodGet, "/keys/self")["id"]] = true
	}
	for cursor := ""; ; {
		page := o.called(by, http.MethodGet, "/orgs?limit=100"+cursor)
		for _, org := range rows(page) {
			active := o.called(by, http.MethodGet, fmt.Sprintf("/keys?state=active&limit=100&org=%s", org["id"]))
			for _, key := range rows(active) {
				if !kept[key["id"]] {
					o.called(by, http.MethodPost, fmt.Sprintf("/keys/%s/revoke", key["id"]))
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

func rows(page map[string]any) []map[string]any {
	var all []map[string]any
	list, _ := page["data"].([]any)
	for _, one := range list {
		row, _ := one.(map[string]any)
		all = append(all, row)
	}
	return all
}

// called calls the API, and must succeed.
func (o *operator) called(key, method, path string) map[string]any {
	o.Helper()
	got, err := o.demo.call(o.Context(), key, method, path, nil)
	if err != nil {
		o.Fatal(err)
	}
	return got
}
