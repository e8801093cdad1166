// Command build builds what a deployment packages: for each function of the contract, and for
// the authorizer, a directory with the static binary "bootstrap" and the files that it reads.
// It prints a JSON object of function → directory and hash of its content. The same source tree
// and toolchain give the same bytes, so that an unchanged function is not deployed again.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	o := options{}
	flag.StringVar(&o.contract, "contract", "statgate", "contract: a preset's `name` or a .yaml file")
	flag.StringVar(&o.arch, "arch", "arm64", "`architecture` of the functions: arm64 or x86_64")
	flag.StringVar(&o.out, "out", "build", "`directory` for the bundles")
	flag.BoolVar(&o.noConsole, "no-console", false, "leave out the console")
	flag.BoolVar(&o.noReplays, "no-replays", false, "leave out replays of matches")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options) error {
	made, err := build(o)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(made)
}
