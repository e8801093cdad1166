package stack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCfnLintFindsNoError downloads the linter into a cache at its first use, which takes a
// minute.
func TestCfnLintFindsNoError(t *testing.T) {
	dir := t.TempDir()
	var files []string
	eachVariant(t, func(t *testing.T, tmpl template) {
		file := filepath.Join(dir, strings.ReplaceAll(t.Name()[strings.LastIndexByte(t.Name(), '/')+1:], " ", "-")+".template.json")
		if err := os.WriteFile(file, tmpl.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	})
	if out, err := exec.Command("../../scripts/lint/cfn-lint.sh", files...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}
