package serve_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/platform/serve"
)

// correctingGate is a gate whose store corrects the clock of the machine.
type correctingGate struct {
	openGate
	clock *time.Time
	right time.Time
}

func (g *correctingGate) Admit(ctx context.Context, c *api.Caller, r api.Route, budget string) (gate.Admission, error) {
	*g.clock = g.right
	return g.openGate.Admit(ctx, c, r, budget)
}

// Handlers store the request's time, and compute expiry times from it.
func TestARequestHasTheTimeThatTheGatesAnswerCorrected(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	right := time.Unix(1_800_000_000, 0)
	machine := right.AddDate(-1, 0, 0)
	var got time.Time
	fn, err := serve.New(serve.Options{
		Contract: c, Gate: &correctingGate{clock: &machine, right: right}, Clock: func() time.Time { return machine }, Log: slog.New(slog.DiscardHandler),
		Handlers: []api.Handler{api.Handle("getTeam", func(_ context.Context, r *api.Request, _ *input) (string, error) {
			got = r.Now
			return "", nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := fn.Handle(t.Context(), event())
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("got %d %s, %v", r.StatusCode, r.Body, err)
	}
	if !got.Equal(right) {
		t.Errorf("the handler got the time %s, want %s", got, right)
	}
}
