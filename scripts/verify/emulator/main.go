// Command emulator deploys the stack to a CloudFormation emulator on this machine.
// It runs the real cdk deploy and needs no AWS account.
//
//	go run ./scripts/verify/emulator deploy --contract balla
//	go run ./scripts/verify/emulator stop
//
// The emulator enforces the role of every function, runs the functions' binaries and
// answers requests as API Gateway does. It listens on 127.0.0.1 only and loses its
// data when it is stopped. This command stores its state in .cache/emulator: the
// emulator's process, its log, and the credentials of each contract's deployment.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"statgate/scripts/verify/internal/rig"
)

func main() {
	rig.Main("emulator", func(ctx context.Context, args []string) error { return run(ctx, args, os.Stdout, os.Stderr) })
}

// options are the command line.
type options struct {
	command, contract, stack, state string
	port                            int
	context                         []string // additional CDK context, as name=value
}

func parse(args []string, out io.Writer) (o options, err error) {
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.contract, "contract", "statgate", "contract: a preset's `NAME`")
	f.StringVar(&o.stack, "stack", "", "`NAME` of the stack (default: derived from the contract)")
	f.StringVar(&o.state, "state", ".cache/emulator", "`DIR` for the emulator's state")
	f.IntVar(&o.port, "port", 0, "port to listen on (default a free one)")
	f.Func("c", "CDK context, `NAME=VALUE`; repeatable", func(v string) error {
		o.context = append(o.context, v)
		return nil
	})
	if o.command, err = rig.Parse(f, "start|deploy|e2e|iam|destroy|stop", args); err != nil {
		return o, err
	}
	if o.stack == "" {
		o.stack = stackOf(o.contract)
	}
	if o.state, err = filepath.Abs(o.state); err != nil {
		return o, fmt.Errorf("--state: %w", err)
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
	t := target{emulator: e, contract: o.contract, stack: o.stack, state: o.state, context: o.context}
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
		return fmt.Errorf("unknown command %q: use start, deploy, e2e, iam, destroy or stop", o.command)
	}
	return nil
}
