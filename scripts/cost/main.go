// Command cost prints docs/cost.md. It multiplies the units that docs/performance.md
// and scripts/internal/measured hold by the prices in prices.json, which also holds
// the figures that nothing measures.
//
//	go run ./scripts/cost          prints the page
//	go run ./scripts/cost --write  writes docs/cost.md
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	write := flag.Bool("write", false, "write docs/cost.md")
	flag.Parse()
	if err := run(".", *write); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run(root string, write bool) error {
	text, err := page(root)
	if err != nil {
		return err
	}
	if !write {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "cost.md"), text, 0o644)
}
