package keys

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type usageInput struct {
	Key  string     `json:"key" doc:"Key id"`
	From *time.Time `json:"from,omitempty" doc:"The hour of this moment is the first; default 24 hours before to"`
	To   *time.Time `json:"to,omitempty" doc:"Hours that begin before this moment; default now; at most 31 days after from"`
}

func usage(d Deps) api.Handler {
	return api.Handle("getKeyUsage", func(ctx context.Context, r *api.Request, in *usageInput) (keys.Report, error) {
		return d.Keys.Usage(ctx, r, d.History, in.Key, in.From, in.To)
	})
}
