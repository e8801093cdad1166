// Command dev is deprecated. It runs "statgate dev", and accepts flags with one dash.
package main

import (
	"fmt"
	"os"
	"regexp"
	"statgate/scripts/statgate/command"
)

var oneDash, bare, boolean = regexp.MustCompile(`^-[a-z]{2}`), regexp.MustCompile(`^--[a-z-]+$`), regexp.MustCompile(`^--(empty|verbose|help)$`)

func main() {
	fmt.Fprintln(os.Stderr, "dev: deprecated: use `go run ./scripts/statgate dev`, whose flags have two dashes")
	os.Exit(command.Main(append([]string{"dev"}, rewrite(os.Args[1:])...)))
}

func rewrite(args []string) []string {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if args[i] = oneDash.ReplaceAllString(args[i], "-$0"); bare.MatchString(args[i]) && !boolean.MatchString(args[i]) {
			i++ // the next argument is the flag's value, which may begin with a dash
		}
	}
	return args
}
