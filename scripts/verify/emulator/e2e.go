package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/shared/api/preset"
	"statgate/shared/platform/outputs"
)

// parallel bounds the requests in flight. The emulator answers about a hundred
// requests a second on two cores, and the gate gives up after 800 ms.
const parallel = 8

// credentialsFile returns the path of the file with the deployment's keys.
func (t target) credentialsFile() string {
	return filepath.Join(t.state, "credentials-"+t.stack+".json")
}

// e2e runs the suite against the deployment. It deploys first where the stack is missing.
func (t target) e2e(ctx context.Context, out io.Writer) error {
	found, err := outputs.Read(ctx, t.emulator.config(), t.stack)
	if err != nil {
		if _, err = t.up(ctx); err != nil {
			return err
		}
		if found, err = outputs.Read(ctx, t.emulator.config(), t.stack); err != nil {
			return err
		}
	}
	result, err := t.suite(ctx, found, suite.Options{Out: out})
	if err == nil && result.Failed > 0 {
		err = fmt.Errorf("%d guarantees do not hold", result.Failed)
	}
	return err
}

// suite runs the cases that the options choose, and prints them to the options' writer.
func (t target) suite(ctx context.Context, s outputs.Stack, o suite.Options) (suite.Result, error) {
	var d demo
	if err := d.read(t.credentialsFile()); err != nil {
		return suite.Result{}, err
	}
	c, err := preset.Load(t.contract)
	if err != nil {
		return suite.Result{}, err
	}
	name := "ministack"
	if s.Edge != "" {
		name = "ministack-edge"
	}
	if o.Target, err = suite.FindTarget(name); err != nil {
		return suite.Result{}, err
	}
	o.BaseURL, o.Operator, o.Contract, o.Facts = d.Base, d.Operator, c, conformance.Cases(c.Name)
	o.Hands, o.Receive, o.Parallel = t.hands(s, c), "127.0.0.1", parallel
	return suite.Run(ctx, o)
}
