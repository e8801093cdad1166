// Package lint_test checks the wording of what Vale does not read: string literals
// of Go files, shell scripts, the Makefile and the presets.
package lint_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const root = "../.."

// riddles compiles the phrases of the Vale rule that refuses riddling language.
func riddles(t *testing.T) *regexp.Regexp {
	t.Helper()
	raw, err := os.ReadFile("vale/styles/Statgate/Riddles.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Tokens []string `yaml:"tokens"`
	}
	if err := yaml.Unmarshal(raw, &rule); err != nil {
		t.Fatal(err)
	}
	if len(rule.Tokens) < 20 {
		t.Fatalf("the rule has %d phrases, want at least 20", len(rule.Tokens))
	}
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(rule.Tokens, "|") + `)\b`)
}

// tracked lists the files that git tracks and that match the patterns.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"ls-files", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the tracked files: %v", err)
	}
	return strings.Fields(string(out))
}

// literals returns the string literals of a Go file with their positions.
func literals(t *testing.T, path string) map[token.Position]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[token.Position]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				found[files.Position(lit.Pos())] = text
			}
		}
		return true
	})
	return found
}

func TestMessagesUsePlainWords(t *testing.T) {
	t.Parallel()
	banned, read := riddles(t), 0
	for _, file := range tracked(t, "*.go") {
		if strings.HasPrefix(file, "scripts/lint/") {
			continue
		}
		for at, text := range literals(t, filepath.Join(root, file)) {
			read++
			if found := banned.FindString(text); found != "" {
				t.Errorf("%s:%d: %q: say who does what in plain words", file, at.Line, found)
			}
		}
	}
	if read < 5000 {
		t.Errorf("read %d string literals, want all of the tree's", read)
	}
}

func TestScriptsAndPresetsUsePlainWords(t *testing.T) {
	t.Parallel()
	banned := riddles(t)
	files := tracked(t, "*.sh", "Makefile", ".ci/run", "*.yaml", "*.yml", "*.js")
	for _, file := range files {
		if strings.HasPrefix(file, "scripts/lint/vale/") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(raw), "\n") {
			if found := banned.FindString(line); found != "" {
				t.Errorf("%s:%d: %q: say who does what in plain words", file, n+1, found)
			}
		}
	}
	if len(files) < 15 {
		t.Errorf("read %d files, want the scripts, the Makefile and the presets", len(files))
	}
}
