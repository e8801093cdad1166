// Command infra is the CDK app, which the CDK CLI runs (cdk.json). It builds the
// functions and synthesises the stack that runs them. It calls AWS only to look up the
// stream of an existing stats table.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"statgate/infra/stack"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	props, err := s.props()
	if err != nil {
		return err
	}
	if err := s.stream(context.Background(), &props, s.lookUp); err != nil {
		return err
	}
	if props.Bundles, err = s.bundles(props); err != nil {
		return err
	}
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), PostCliContext: stack.Flags()})
	stack.AddChecks(app, stack.New(app, s["stack"], props))
	app.Synth(nil)
	return nil
}
