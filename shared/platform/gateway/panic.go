package gateway

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/retry"
)

// recovered wraps the handlers so that a panic fails one request. Lambda starts the
// function again after a panic and reports a failed call.
func (o Options) recovered() Options {
	authorize, integrate := o.Authorize, o.Integrate
	o.Authorize = func(ctx context.Context, ev events.APIGatewayCustomAuthorizerRequestTypeRequest) (out events.APIGatewayCustomAuthorizerResponse, err error) {
		panicked := retry.Recovered(func() error {
			out, err = authorize(ctx, ev)
			return nil // the authorizer logs its own errors
		})
		if panicked != nil {
			o.Log.ErrorContext(ctx, "the authorizer panicked", "cause", panicked)
			return out, panicked
		}
		return out, err
	}
	o.Integrate = func(ctx context.Context, ev events.APIGatewayProxyRequest) (out events.APIGatewayProxyResponse, err error) {
		err = retry.Recovered(func() (err error) {
			out, err = integrate(ctx, ev)
			return err
		})
		return out, err
	}
	return o
}
