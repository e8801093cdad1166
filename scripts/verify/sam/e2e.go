package main

import (
	"context"
	"fmt"
	"io"

	"statgate/scripts/internal/hands"
	"statgate/scripts/verify/e2e/conformance"
	"statgate/scripts/verify/e2e/suite"
)

// parallel bounds the requests in flight: a container answers one at a time.
const parallel = 4

// e2e holds what SAM serves to its guarantees.
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
	differs, err := suite.FindTarget("sam")
	if err != nil {
		return suite.Result{}, err
	}
	return suite.Run(ctx, suite.Options{BaseURL: l.store.demo.Base, Operator: l.store.demo.Operator, Contract: l.contract, Target: differs,
		Facts: conformance.Cases(l.contract.Name), Parallel: parallel, Out: out,
		Hands: suite.Hands{CloseHours: func(ctx context.Context, key string) error { return hands.CloseHours(ctx, l.store.keys, key) }}})
}
