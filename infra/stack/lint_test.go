package stack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"statgate/shared/contract"
)

// The linter is fetched into a cache at its first use, which takes a minute.
func TestCfnLintFindsNoError(t *testing.T) {
	dir := t.TempDir()
	var files []string
	eachContract(t, func(t *testing.T, c *contract.Contract, made template) {
		file := filepath.Join(dir, c.Name+".template.json")
		if err := os.WriteFile(file, made.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	})
	if out, err := exec.Command("../../scripts/lint/cfn-lint.sh", files...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}
