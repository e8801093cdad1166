// Package dev is "statgate dev". It runs the whole API in one process: the production
// handlers, authorizer and gate behind a gateway that follows API Gateway's rules.
package dev

import (
	"cmp"
	"context"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
)

// options are the command line, and the contract that it names.
type options struct {
	operate.Target
	addr        string
	plan        string
	empty       bool
	importPaths []string // KIND=PATH
	credentials string
	console     string
	provider    provider
	verbose     bool

	contract    *contract.Contract
	environment string
	imports     importer.Options
}

// Command returns the command "dev".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run the whole API on this machine, with a simulated league",
		Long: `Run the whole API on this machine, with a simulated league and a demo organisation. It
needs no AWS account, no Docker and no Java.

The command prints keys and curl lines that work when pasted. Without --data everything is
in memory and ends with the process. With --data the directory keeps the tables, the
peppers and the ids of the demo's keys, and is made where it is missing. With --dynamodb
the tables are at that endpoint; without --data they are dropped at the end.`,
		Example: `  statgate dev --contract balla
  statgate dev --data .dev --credentials .dev/credentials.json
  statgate dev --import clubs=clubs --import openfootball=football.json`,
		Args: usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(c.Context()); err != nil {
				return err
			}
			return run(c)
		},
	}
	f := c.Flags()
	o.AddFlags(f, "data", "dynamodb", "contract", "environment")
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`HOST:PORT` to listen on; port 0 picks a free one")
	f.StringVar(&o.plan, "plan", "", "plan `NAME` of the demo organisation; default the contract's default plan")
	f.BoolVar(&o.empty, "empty", false, "store no simulated league")
	f.StringArrayVar(&o.importPaths, "import", nil, "`KIND=PATH` to import before listening: "+importKinds+"; repeatable")
	f.StringVar(&o.credentials, "credentials", "", "`FILE` to write the base URL and the demo's keys to, as JSON, mode 0600")
	f.StringVar(&o.console, "console", ".cache/console", "`DIR` of the console's page, as \"make console\" builds it")
	o.provider.addFlags(f)
	f.BoolVar(&o.verbose, "verbose", false, "log each request")
	return c
}

// importKinds lists the values of --import.
const importKinds = "openfootball=DIR, clubs=DIR, wyscout=DIR or adjustments=FILE"

// check checks the options, and loads the contract.
func (o *options) check(ctx context.Context) error {
	var err error
	if o.contract, o.environment, err = o.LoadContract(ctx); err != nil {
		return err
	}
	o.plan = cmp.Or(o.plan, o.contract.DefaultPlan)
	if _, ok := o.contract.Plan(o.plan); !ok {
		return usage.Errorf("--plan: contract %s has %s, got %q", o.contract.Name, strings.Join(o.contract.PlanNames(), ", "), o.plan)
	}
	_, port, err := net.SplitHostPort(o.addr)
	if err != nil {
		return usage.Errorf("--addr: must be HOST:PORT, got %q", o.addr)
	}
	if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil {
		return usage.Errorf("--addr: port must be 0–65535, got %q", port)
	}
	if o.DynamoDB == operate.AWS {
		return usage.Errorf("--dynamodb: must be the URL of an endpoint, got %q; dev uses no AWS account", o.DynamoDB)
	}
	if _, err := o.provider.open(nil); err != nil {
		return err
	}
	return o.checkImports()
}

// checkImports sorts the values of --import by their kind.
func (o *options) checkImports() error {
	o.imports = importer.Options{}
	byKind := map[string]*[]string{"openfootball": &o.imports.Openfootball, "clubs": &o.imports.Clubs,
		"wyscout": &o.imports.Wyscout, "adjustments": &o.imports.Adjustments}
	for _, v := range o.importPaths {
		kind, path, ok := strings.Cut(v, "=")
		paths := byKind[kind]
		if !ok || paths == nil || path == "" {
			return usage.Errorf("--import: must be %s, got %q", importKinds, v)
		}
		if _, err := os.Stat(path); err != nil {
			return usage.Errorf("--import %s: %w", kind, err)
		}
		*paths = append(*paths, path)
	}
	return nil
}
