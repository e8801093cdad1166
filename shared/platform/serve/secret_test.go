package serve_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestRequestWithAnotherSecretThanTheCallersIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"another secret":   func(ev *events.APIGatewayProxyRequest) { ev.Headers["authorization"] = "Bearer another" },
		"another scheme":   func(ev *events.APIGatewayProxyRequest) { ev.Headers["authorization"] = "Basic " + secret },
		"the secret alone": func(ev *events.APIGatewayProxyRequest) { ev.Headers["authorization"] = secret },
		"no secret":        func(ev *events.APIGatewayProxyRequest) { ev.Headers = nil },
		"an unlisted transport": func(ev *events.APIGatewayProxyRequest) {
			ev.Headers = nil
			ev.QueryStringParameters = map[string]string{"api_key": secret}
		},
		"another, in the other map": func(ev *events.APIGatewayProxyRequest) {
			ev.MultiValueHeaders = map[string][]string{"Authorization": {"Bearer another"}}
		},
		"another's id in the context": func(ev *events.APIGatewayProxyRequest) {
			ev.RequestContext.Authorizer["secret"] = "606b641b15dd59e2c04ff35e"
		},
	} {
		var log bytes.Buffer
		fn, g := function(t, &log, func() (string, error) { t.Errorf("%s: the handler was called", name); return "", nil })
		ev := event()
		change(&ev)
		if r, err := fn.Handle(t.Context(), ev); err != nil || r.StatusCode != 401 || g.admitted != 0 {
			t.Errorf("%s: got %d, %v, %d admitted, want 401 and none", name, r.StatusCode, err, g.admitted)
		}
	}
}
