// Command e2e holds a deployment to what its customers rely on, over HTTP alone.
//
//	go run ./scripts/verify/e2e --base-url https://stats.example.com/v1 --credentials FILE
//
// It prints each guarantee as a line, ends with "N passed, N failed" and exits
// with 1 where one does not hold. It works in organisations of its own, which it
// makes through the operator's key, and revokes every key that it made.
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
	"strings"
	"syscall"
	"time"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
)

// errFailed says that the report has a FAIL line, which is all there is to say.
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
	receive     *string // nil where nothing is said
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
	f.StringVar(&o.BaseURL, "base-url", "", "`URL` of the API, with the contract's base path; that of the credentials by default")
	f.StringVar(&o.credentials, "credentials", "", "`FILE` with the operator's key, as \"statgate dev\" writes it")
	f.StringVar(&o.Host, "host", "", "Host `HEADER` to send, where an emulator routes by it")
	f.StringVar(&contract, "contract", "statgate", "contract that the deployment speaks: a preset's `NAME` or a YAML file")
	f.StringVar(&target, "target", "gateway", "kind of deployment, whose known differences are skipped: gateway, ministack, ministack-edge or sam")
	f.IntVar(&o.Parallel, "parallel", 32, "requests in flight at most")
	f.DurationVar(&o.timeout, "timeout", 15*time.Minute, "time for the whole run; where policies are cached elsewhere, a widening may take 5 minutes")
	f.Func("receive", "`ADDRESS` of this machine that the deployment can call, by http, for the cases on webhooks; \"\" leaves them out (default 127.0.0.1 where the API is there too)", func(v string) error {
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
	if only != "" {
		o.Only = func(id string) bool { return strings.HasPrefix(id, only) }
	}
	var err error
	if o.Target, err = suite.FindTarget(target); err != nil {
		return o, fmt.Errorf("-target: %w", err)
	}
	if o.Contract, err = preset.Load(contract); err != nil {
		return o, err
	}
	o.Facts = conformance.Cases(o.Contract.Name)
	return o, nil
}

// read takes what is missing from the credentials file.
func (o *options) read() error {
	if o.credentials == "" {
		return errors.New("-credentials: name the file that holds the operator's key")
	}
	raw, err := os.ReadFile(o.credentials)
	if err != nil {
		return fmt.Errorf("-credentials: %w", err)
	}
	var known struct {
		Base     string `json:"base_url"`
		Operator string `json:"operator_key"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return fmt.Errorf("-credentials %s: %w", o.credentials, err)
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

// callable is the address by which a deployment can call this machine, as far as its
// own tells: it is on this machine itself.
func callable(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return ""
	}
	return "127.0.0.1"
}
