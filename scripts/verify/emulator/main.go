// Command emulator deploys the stack to a CloudFormation emulator on this
// machine: the real cdk deploy, and no AWS account.
//
//	go run ./scripts/verify/emulator deploy --contract balla
//	go run ./scripts/verify/emulator stop
//
// The emulator enforces every function's role, runs the functions' binaries and
// answers as API Gateway does. It listens on 127.0.0.1 alone and forgets all when
// it is stopped. The state of this command (process, log, credentials of each
// contract's deployment) is in .cache/emulator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	_ "time/tzdata" // kick-offs are local to their league, whatever this machine has
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	command, contract, stack, state string
	port                            int
	context                         []string // context for the CDK beside the usual, as name=value
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprintln(out, "usage: emulator start|deploy|e2e|iam|destroy|stop [flags]")
		f.PrintDefaults()
	}
	f.StringVar(&o.contract, "contract", "statgate", "contract: a preset's `NAME`")
	f.StringVar(&o.stack, "stack", "", "`NAME` of the stack (default by the contract)")
	f.StringVar(&o.state, "state", ".cache/emulator", "`DIR` for the emulator's state")
	f.IntVar(&o.port, "port", 0, "port to listen on (default a free one)")
	f.Func("c", "context for the CDK, `NAME=VALUE`; repeatable", func(v string) error {
		o.context = append(o.context, v)
		return nil
	})
	if len(args) == 0 {
		f.Usage()
		return o, flag.ErrHelp
	}
	o.command = args[0]
	if err := f.Parse(args[1:]); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.stack == "" {
		o.stack = stackOf(o.contract)
	}
	var err error
	if o.state, err = filepath.Abs(o.state); err != nil {
		return o, fmt.Errorf("-state: %w", err)
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	if o.command == "stop" {
		return stop(o.state)
	}
	e, err := start(ctx, o.state, o.port, log)
	if err != nil {
		return err
	}
	t := target{emulator: e, contract: o.contract, stack: o.stack, state: o.state, context: o.context, log: log}
	switch o.command {
	case "start":
		fmt.Fprintln(out, e.URL)
	case "deploy":
		file, err := t.up(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, file)
	case "e2e":
		return t.e2e(ctx, out)
	case "iam":
		return t.iamTable(ctx, out)
	case "destroy":
		return t.destroy(ctx)
	default:
		return fmt.Errorf("no command %q; there are start, deploy, e2e, iam, destroy and stop", o.command)
	}
	return nil
}
