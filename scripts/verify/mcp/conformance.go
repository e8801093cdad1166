package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// revisions are those whose requirements the suite has.
var revisions = []string{"2025-11-25", "2026-07-28"}

// check is one check of a scenario, as the suite writes it.
type check struct {
	ID           string
	Status       string // SUCCESS, FAILURE, WARNING, SKIPPED or INFO
	ErrorMessage string
}

// outcome is what the suite says of a server: the checks of each scenario.
type outcome map[string][]check

// failures returns the failed checks of a scenario.
func (o outcome) failures(scenario string) []check {
	return slices.DeleteFunc(slices.Clone(o[scenario]), func(c check) bool { return c.Status != "FAILURE" })
}

// verdict returns the result of a scenario. The suite checks the schema of messages in every
// scenario; one without another check that passed or failed does not apply to the server.
func (o outcome) verdict(scenario string) string {
	counts := map[string]int{}
	for _, c := range o[scenario] {
		if c.ID != "wire-schema-valid" || c.Status != "SUCCESS" {
			counts[c.Status]++
		}
	}
	text := "does not apply"
	switch {
	case counts["FAILURE"] > 0:
		return fmt.Sprintf("failed (%d of %d)", counts["FAILURE"], len(o[scenario]))
	case counts["SUCCESS"] > 0:
		text = "passed"
	}
	if n := counts["WARNING"]; n > 0 {
		text += fmt.Sprintf(", warnings: %d", n)
	}
	return text
}

// suite is the installed conformance suite.
type suite struct{ program, node string }

func newSuite(p *places) suite {
	return suite{filepath.Join(p.npm, "@modelcontextprotocol", "conformance", "dist", "index.js"), p.others[0]}
}

var resultDir = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)

// check runs what a revision requires of servers against a server.
func (s suite) check(ctx context.Context, url, revision, dir string) (outcome, error) {
	_, err := run(ctx, s.node, s.program, "server", "--url", url, "--requirements", revision, "--output-dir", dir)
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, err // 1 if a check failed
	}
	entries, readErr := os.ReadDir(dir)
	if readErr != nil {
		return nil, errors.Join(err, readErr)
	}
	all := outcome{}
	for _, e := range entries {
		name := resultDir.FindStringSubmatch(e.Name())
		if name == nil {
			return nil, fmt.Errorf("%s: is no result of a scenario", e.Name())
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name(), "checks.json"))
		if err != nil {
			return nil, err
		}
		var checks []check
		if err := json.Unmarshal(raw, &checks); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all[name[1]] = checks
	}
	return all, nil
}

// required lists the scenarios that a revision requires of servers, and those that the suite
// runs without scoring them.
func (s suite) required(ctx context.Context, revision string) (scored, unscored []string, err error) {
	out, err := run(ctx, s.node, s.program, "list", "--server", "--requirements", revision)
	if err != nil {
		return nil, nil, err
	}
	section := ""
	for _, line := range strings.Split(out, "\n") {
		name, listed := strings.CutPrefix(strings.TrimSpace(line), "- ")
		switch {
		case !listed && line != "" && !strings.HasPrefix(line, "  "):
			section, _, _ = strings.Cut(line, " ")
		case listed && section == "Server":
			scored = append(scored, name)
		case listed && section == "Run" && strings.HasSuffix(name, " [server]"):
			unscored = append(unscored, strings.TrimSuffix(name, " [server]"))
		}
	}
	return scored, unscored, nil
}

// buildFixtures compiles the server of the suite's fixtures, which are in a program of the SDK,
// around the adapter of the product's server. Both files join the module for the compiler alone.
func buildFixtures(ctx context.Context, dir string) (program string, err error) {
	sdk, err := run(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/modelcontextprotocol/go-sdk")
	if err != nil {
		return "", err
	}
	theirs, err := os.ReadFile(filepath.Join(strings.TrimSpace(sdk), "conformance", "everything-server", "main.go"))
	if err != nil {
		return "", err
	}
	text := strings.Replace(string(theirs), "func main() {", "func theirs() {", 1)
	file, overlay := filepath.Join(dir, "theirs.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(here, "fixtures", "theirs.go"): file,
		filepath.Join(here, "fixtures", "main.go"):   filepath.Join(here, "drivers", "fixtures.go.tmpl"),
	}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, raw, 0o600); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "fixtures")
	_, err = run(ctx, "go", "build", "-overlay", overlay, "-o", program, "./fixtures")
	return program, err
}
