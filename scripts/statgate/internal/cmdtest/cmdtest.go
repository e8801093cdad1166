// Package cmdtest parses command lines in the tests of the subcommands.
package cmdtest

import (
	"io"

	"github.com/spf13/cobra"
)

// Nothing is the work of a command that only parses its options.
func Nothing(*cobra.Command) error { return nil }

// Parse runs a command with the arguments and prints nothing. It returns the error of
// the options, or of the command's work.
func Parse(c *cobra.Command, args []string) error {
	c.SetArgs(append([]string{}, args...)) // not nil, which stands for the arguments of the test binary
	c.SetOut(io.Discard)
	c.SetErr(io.Discard)
	c.SilenceErrors, c.SilenceUsage = true, true
	return c.Execute()
}
