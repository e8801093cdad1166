// Command cost computes docs/cost.md: dollars from the units that docs/performance.md
// measured, the prices and the assumptions in prices.json, and what tests measure of
// an import and of webhooks, which measured.json has.
//
//	go run ./scripts/cost          prints the page
//	go run ./scripts/cost --write  puts it into docs/cost.md
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	write := flag.Bool("write", false, "put the page into docs/cost.md")
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
