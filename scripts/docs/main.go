// Command docs writes the generated pages of docs/: errors.md, which lists what
// each preset makes of each condition.
//
//	go run ./scripts/docs [DIR]
//
// DIR is the repository's root, by default the working directory.
package main

import (
	"fmt"
	"os"
	"path/filepath"
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
	page, err := errorsPage()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(root, "docs"), 0o755); err != nil {
		return fmt.Errorf("making docs/: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "errors.md"), page, 0o644); err != nil {
		return fmt.Errorf("writing errors.md: %w", err)
	}
	return nil
}
