package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"statgate/shared/api/preset"
)

// TestServingCodeNamesNoProduct searches the code that serves requests. A product is
// a file of names, conditions and shapes, so code must not depend on its name.
func TestServingCodeNamesNoProduct(t *testing.T) {
	t.Parallel()
	var products []string
	for _, name := range preset.Names() {
		if name != "statgate" { // also the name of the module
			products = append(products, regexp.QuoteMeta(name))
		}
	}
	named := regexp.MustCompile(`(?i)` + strings.Join(products, "|"))
	read := 0
	for _, dir := range []string{"functions", "authorizer", "shared"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			read++
			for n, line := range strings.Split(string(raw), "\n") {
				if found := named.FindString(line); found != "" {
					t.Errorf("%s:%d names %s", path, n+1, found)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 100 {
		t.Errorf("only %d files were read, want at least 100", read)
	}
}
