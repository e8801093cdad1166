// Command console bundles the console's page, for the local server.
package main

import (
	"flag"
	"fmt"
	"os"

	"statgate/scripts/internal/webpage"
)

func main() {
	out := flag.String("out", ".cache/console", "`directory` for the page and its files")
	flag.Parse()
	if err := webpage.Write(*out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
