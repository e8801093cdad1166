package main

import (
	"context"
	"fmt"
	"io"

	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
	"statgate/scripts/verify/internal/outofband"
)

// parallel bounds the requests in flight. A container handles one request at a time.
const parallel = 4

// e2e runs the suite against the API that SAM serves.
func (l *local) e2e(ctx context.Context, out io.Writer) error {
	result, err := l.suite(ctx, out)
	if err == nil && result.Failed > 0 {
		err = fmt.Errorf("%d guarantees do not hold", result.Failed)
	}
	return err
}

func (l *local) suite(ctx context.Context, out io.Writer) (suite.Result, error) {
	if _, err := l.serve(ctx, 0); err != nil {
		return suite.Result{}, err
	}
	target, err := suite.FindTarget("sam")
	if err != nil {
		return suite.Result{}, err
	}
	return suite.Run(ctx, suite.Options{BaseURL: l.store.demo.Base, Operator: l.store.demo.Operator, Contract: l.contract, Target: target,
		Facts: conformance.Cases(l.contract.Name), Parallel: parallel, Out: out,
		Hands: suite.OutOfBand{
			CloseHours: func(ctx context.Context, key string) error { return outofband.CloseHours(ctx, l.store.keys, key) },
			DropGate:   func(ctx context.Context, key string) error { return outofband.DropGate(ctx, l.store.keys, key) },
		}})
}
