// Command infra is the CDK app: it builds the functions and describes the stack
// that runs them. The CDK CLI runs it (cdk.json). It needs no AWS account, but where
// it must look up the stream of a table that is there already.
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
	read, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	props, err := read.props()
	if err != nil {
		return err
	}
	if err := read.stream(context.Background(), &props, read.lookUp); err != nil {
		return err
	}
	if props.Bundles, err = read.bundles(props); err != nil {
		return err
	}
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), PostCliContext: stack.Flags()})
	stack.AddChecks(app, stack.New(app, read["stack"], props))
	app.Synth(nil)
	return nil
}
