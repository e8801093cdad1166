// Command e2e checks over HTTP only that a deployment keeps the guarantees its customers rely
// on.
//
//	go run ./scripts/verify/e2e --base-url https://stats.example.com/v1 --credentials FILE
//
// It prints each guarantee on a line and ends with "N passed, N failed". The exit status is 1
// if a guarantee fails and 2 if the suite cannot run. It works in organisations that it creates
// through the operator's key, and revokes every key that it created.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
)

// errFailed is returned when a guarantee fails. The report has the details, so main prints no
// message.
var errFailed = errors.New("a guarantee does not hold")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(2)
	}
}

// options are the command's flags.
type options struct {
	suite.Options
	credentials string
	timeout     time.Duration
	receive     *string // nil if the flag is absent
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	if err := o.read(); err != nil {
		return err
	}
	o.Out = out
	within, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	o.leaveOut(within, out)
	result, err := suite.Run(within, o.Options)
	if err == nil && result.Failed > 0 {
		err = errFailed
	}
	return err
}

func parse(args []string, log io.Writer) (options, error) {
	var o options
	var contract, target, only string
	f := flag.NewFlagSet("e2e", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.BaseURL, "base-url", "", "`URL` of the API, with the contract's base path (default: from the credentials file)")
	f.StringVar(&o.credentials, "credentials", "", "`FILE` with the operator's key, as \"statgate dev\" writes it")
	f.StringVar(&o.Host, "host", "", "Host `HEADER` to send, for emulators that route by it")
	f.StringVar(&contract, "contract", "statgate", "contract of the deployment: `NAME` of a preset, or a YAML file")
	f.StringVar(&target, "target", "gateway", "kind of deployment: gateway, ministack, ministack-edge or sam; its known differences are skipped")
	f.IntVar(&o.Parallel, "parallel", 32, "maximum number of requests in flight")
	f.DurationVar(&o.timeout, "timeout", 15*time.Minute, "time limit of the run; where policies are cached, a widening may take 5 minutes")
	f.Func("receive", "`ADDRESS` of this machine that the deployment can call over http, for the webhook cases; \"\" skips them (default 127.0.0.1 if the API is on this machine)", func(v string) error {
		o.receive = &v
		return nil
	})
	f.StringVar(&only, "only", "", "run only the cases whose id begins with `PREFIX`")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	var err error
	if o.Target, err = suite.FindTarget(target); err != nil {
		return o, fmt.Errorf("--target: %w", err)
	}
	if o.Contract, err = preset.Load(contract); err != nil {
		return o, err
	}
	o.Facts = conformance.Cases(o.Contract.Name)
	return o, o.selectCases(only)
}

// selectCases restricts the run to the cases whose id begins with the prefix. It fails if no
// case matches, because a run without cases would pass.
func (o *options) selectCases(prefix string) error {
	if prefix == "" {
		return nil
	}
	o.Only = func(id string) bool { return strings.HasPrefix(id, prefix) }
	selected := func(c suite.Case) bool { return o.Only(c.ID) }
	if !slices.ContainsFunc(suite.Cases(o.Contract), selected) && !slices.ContainsFunc(o.Facts, selected) {
		return fmt.Errorf("--only: must be the beginning of a case's id, such as quota, got %q: a run without --only lists the ids", prefix)
	}
	return nil
}

// read reads the credentials file for the values that the flags leave out.
func (o *options) read() error {
	if o.credentials == "" {
		return errors.New("--credentials: is required: name the file with the operator's key")
	}
	raw, err := os.ReadFile(o.credentials)
	if err != nil {
		return fmt.Errorf("--credentials: %w", err)
	}
	var known struct {
		Base     string `json:"base_url"`
		Operator string `json:"operator_key"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return fmt.Errorf("--credentials %s: %w", o.credentials, err)
	}
	o.Operator = known.Operator
	if o.BaseURL == "" {
		o.BaseURL = known.Base
	}
	if o.Receive = callable(o.BaseURL); o.receive != nil {
		o.Receive = *o.receive
	}
	return nil
}

// callable returns the address at which the deployment can call this machine, "" if unknown. It
// is known only for a deployment on this machine.
func callable(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return ""
	}
	return "127.0.0.1"
}
