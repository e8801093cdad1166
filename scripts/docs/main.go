// Command docs writes the generated pages of docs/: errors.md, the errors of each preset;
// contract.schema.json, which editors use to check contract files; the tables of facts at
// the end of contracts.md; and the catalogue of inputs and objects of package preset.
//
//	go run ./scripts/docs [DIR]
//
// DIR is the root of the repository, by default the working directory.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"statgate/shared/api/preset"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return fmt.Errorf("%s is not the repository's root: %w", root, err)
	}
	dir := filepath.Join(root, "docs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making docs/: %w", err)
	}
	for _, page := range pages {
		text, err := page.text(dir)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, page.name), text, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", page.name, err)
		}
	}
	return nil
}

// pages are the generated pages. text gets the directory of the pages, for those that keep a
// handwritten part.
var pages = []struct {
	name string
	text func(dir string) ([]byte, error)
}{
	// First: the other pages load presets, which are checked against it. The command must be run
	// again if this page changed so that the presets compile.
	{"../shared/api/preset/catalogue.json", func(string) ([]byte, error) { return cataloguePage() }},
	{"errors.md", func(string) ([]byte, error) { return errorsPage() }},
	{"contract.schema.json", func(string) ([]byte, error) { return preset.Schema() }},
	{"contracts.md", contractsPage},
}
