package applications

import (
	"context"
	"time"

	"statgate/shared/access/applications"
	"statgate/shared/api"
)

type decideInput struct {
	Application string `json:"application" text:"id" doc:"Application id" example:"app_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	State       string `json:"state" enum:"approved,withdrawn" doc:"New state; a withdrawn approval ends on the next request of the organisation's keys"`
}

// decidedApplication is an application after a decision.
type decidedApplication struct {
	applications.Application
	EffectiveBy *time.Time `json:"effective_by" doc:"Time by which widened permissions are effective everywhere; null if nothing was widened, as the change is then already effective"`
}

func decide(d Deps) api.Handler {
	return api.Handle("decideApplication", func(ctx context.Context, r *api.Request, in *decideInput) (decidedApplication, error) {
		a, widened, err := d.Applications.Decide(ctx, r, in.Application, in.State)
		if err != nil || !widened {
			return decidedApplication{Application: a}, err
		}
		return decidedApplication{a, api.EffectiveBy(ctx, d.Flusher, r.Now)}, nil
	})
}
