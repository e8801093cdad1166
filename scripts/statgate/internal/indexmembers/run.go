// Package indexmembers is "statgate members index". It makes members findable by their address
// whose items an earlier release wrote.
package indexmembers

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
)

// options are the values of the command line.
type options struct {
	operate.Target
	rate int // reads per second
}

// Command returns the command "index".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error { return run(c.Context(), o, c.OutOrStdout()) })
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "index",
		Short: "Let members of an earlier release sign in with OpenID Connect",
		Long: `Let members sign in with OpenID Connect whose items an earlier release wrote. They are
found by their address once their item was written by this release: when they are changed,
when they sign in to the console in another way, or by this command.

Run it once, after the deployment of this release. It can be repeated, and prints how many
members it has changed. It reads each organisation, --rate a second.`,
		Example: `  statgate members index --stack Statgate`,
		Args:    usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.CheckTables(); err != nil {
				return err
			}
			if err := operate.CheckRate(o.rate, 1, maxRate); err != nil {
				return err
			}
			return run(c)
		},
	}
	f := c.Flags()
	o.AddFlags(f, "stack", "data", "dynamodb", "prefix", "keys-table")
	operate.Rate(f, &o.rate, defaultRate)
	return c
}

// Rates are in organisations per second.
const (
	defaultRate = 50
	maxRate     = 1000
)

func run(ctx context.Context, o options, out io.Writer) error {
	n, err := o.IndexMembers(ctx, operate.Pace(o.rate, operate.Sleep))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, n)
	return nil
}
