// Command sam runs the stack's functions in containers with SAM CLI: in the runtime
// that Lambda provides, behind SAM's emulation of API Gateway.
//
//	go run ./scripts/verify/sam start --contract balla
//	go run ./scripts/verify/sam invoke --operation listLeagues
//	go run ./scripts/verify/sam e2e --contract balla
//
// It needs a Docker engine. Where none answers and the user is root on Debian, it
// installs and starts one, and stops it again. SAM listens on 127.0.0.1. The
// functions' data is in the emulator of scripts/verify/emulator, which listens on
// the address of Docker's bridge. This machine and its containers can reach it, and
// other machines have no route to it. All processes and all data end with this
// command.
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
	rig.Main("sam", func(ctx context.Context, args []string) error { return run(ctx, args, os.Stdout, os.Stderr) })
}

// options are the command line.
type options struct {
	command, contract, state, operation, event string
	port                                       int
	log                                        io.Writer
}

func parse(args []string, log io.Writer) (o options, err error) {
	o.log = log
	f := flag.NewFlagSet("sam", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.contract, "contract", "statgate", "contract: a preset's `NAME`")
	f.StringVar(&o.state, "state", ".cache/sam", "`DIR` for build output, logs and credentials")
	f.IntVar(&o.port, "port", 0, "port of start (default a free one)")
	f.StringVar(&o.operation, "operation", "", "`NAME` of the operation to invoke, or authorizer")
	f.StringVar(&o.event, "event", "", "`FILE` of the event to send (default the operation's first in events/)")
	if o.command, err = rig.Parse(f, "start|invoke|e2e", args); err != nil {
		return o, err
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
	var do func(*local) error
	switch o.command {
	case "start":
		do = func(l *local) error { return l.start(ctx, o.port, out) }
	case "invoke":
		if o, err = o.withEvent(); err != nil { // check the flags before anything is started
			return err
		}
		do = func(l *local) error { return l.invoke(ctx, o, out) }
	case "e2e":
		do = func(l *local) error { return l.e2e(ctx, out) }
	default:
		return fmt.Errorf("unknown command %q: use start, invoke or e2e", o.command)
	}
	l, err := prepare(ctx, o)
	defer l.close()
	if err != nil {
		return err
	}
	return do(l)
}
