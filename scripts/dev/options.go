package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/sources/importer"
)

// options are the command's flags, checked.
type options struct {
	addr        string
	data        string
	contract    *contract.Contract
	environment string
	plan        string
	empty       bool
	imports     importer.Options
	dynamodb    string
	credentials string
	verbose     bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	var name string
	var imports []string
	f := flag.NewFlagSet("dev", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&o.data, "data", "", "`DIR` that keeps everything across restarts; in memory without it")
	f.StringVar(&name, "contract", "statgate", "contract to speak: a preset's `NAME` ("+strings.Join(preset.Names(), ", ")+") or a YAML file")
	f.StringVar(&o.environment, "environment", "", "environment of the deployment; the contract's first by default")
	f.StringVar(&o.plan, "plan", "", "plan of the demo organisation; the contract's default plan by default")
	f.BoolVar(&o.empty, "empty", false, "no simulated league")
	f.Func("import", "`KIND=PATH` to import before listening: openfootball=DIR, clubs=DIR, wyscout=DIR or adjustments=FILE; repeatable", func(v string) error {
		imports = append(imports, v)
		return nil
	})
	f.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB endpoint instead of the embedded engine")
	f.StringVar(&o.credentials, "credentials", "", "`FILE` to write the base URL and the demo keys to, as JSON, mode 0600")
	f.BoolVar(&o.verbose, "verbose", false, "log each request")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, o.check(name, imports)
}

func (o *options) check(name string, imports []string) error {
	var err error
	if o.contract, err = preset.Load(name); err != nil {
		return err
	}
	if o.environment == "" {
		o.environment = o.contract.Environments[0]
	}
	if !o.contract.HasEnvironment(o.environment) {
		return fmt.Errorf("-environment %s: contract %s has %s", o.environment, o.contract.Name, strings.Join(o.contract.Environments, ", "))
	}
	if o.plan == "" {
		o.plan = o.contract.DefaultPlan
	}
	if _, ok := o.contract.Plan(o.plan); !ok {
		return fmt.Errorf("-plan %s: contract %s has %s", o.plan, o.contract.Name, strings.Join(o.contract.PlanNames(), ", "))
	}
	for _, v := range imports {
		kind, path, ok := strings.Cut(v, "=")
		to := map[string]*[]string{"openfootball": &o.imports.Openfootball, "clubs": &o.imports.Clubs, "wyscout": &o.imports.Wyscout, "adjustments": &o.imports.Adjustments}[kind]
		if !ok || to == nil || path == "" {
			return fmt.Errorf("-import %s: give openfootball=DIR, clubs=DIR, wyscout=DIR or adjustments=FILE", v)
		}
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("-import %s: %w", v, err)
		}
		*to = append(*to, path)
	}
	return nil
}
