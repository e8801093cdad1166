// Command sam runs the stack's functions in containers, by SAM CLI: each in the
// runtime that Lambda has, behind SAM's own reading of API Gateway.
//
//	go run ./scripts/verify/sam start --contract balla
//	go run ./scripts/verify/sam invoke --operation listLeagues
//	go run ./scripts/verify/sam e2e --contract balla
//
// It needs a Docker engine; where none answers, root on Debian has one installed and
// started, and ended again. SAM listens on 127.0.0.1. The functions' data is in the
// emulator of scripts/verify/emulator, which listens on the address of Docker's bridge: this
// machine and its containers reach it, other machines are not sent there. All of it
// ends with this command, and the data with it.
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
		fmt.Fprintln(os.Stderr, "sam:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	command, contract, state, operation, event string
	port                                       int
	log                                        io.Writer
}

func parse(args []string, log io.Writer) (options, error) {
	o := options{log: log}
	f := flag.NewFlagSet("sam", flag.ContinueOnError)
	f.SetOutput(log)
	f.Usage = func() {
		fmt.Fprintln(log, "usage: sam start|invoke|e2e [flags]")
		f.PrintDefaults()
	}
	f.StringVar(&o.contract, "contract", "statgate", "contract: a preset's `NAME`")
	f.StringVar(&o.state, "state", ".cache/sam", "`DIR` for what is built, logs and credentials")
	f.IntVar(&o.port, "port", 0, "port of start (default a free one)")
	f.StringVar(&o.operation, "operation", "", "`NAME` of the operation to invoke, or authorizer")
	f.StringVar(&o.event, "event", "", "`FILE` of the event to invoke it with (default the operation's first in events/)")
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
	var do func(*local) error
	switch o.command {
	case "start":
		do = func(l *local) error { return l.start(ctx, o.port, out) }
	case "invoke":
		if o, err = o.sampled(); err != nil { // before anything is started for it
			return err
		}
		do = func(l *local) error { return l.invoke(ctx, o, out) }
	case "e2e":
		do = func(l *local) error { return l.e2e(ctx, out) }
	default:
		return fmt.Errorf("no command %q; there are start, invoke and e2e", o.command)
	}
	l, err := prepare(ctx, o)
	defer l.close()
	if err != nil {
		return err
	}
	return do(l)
}
