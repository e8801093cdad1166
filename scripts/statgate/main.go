// Command statgate runs, fills and operates deployments of the API. "statgate --help"
// lists its subcommands.
package main

import (
	"os"

	"statgate/scripts/statgate/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
