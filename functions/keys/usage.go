package keys

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

type usageInput struct {
	Key  string     `json:"key" text:"id" doc:"Key id"`
	From *time.Time `json:"from,omitempty" doc:"Time in the first hour of the report; default: 24 hours before to"`
	To   *time.Time `json:"to,omitempty" doc:"End of the report, at most 31 days after from; hours that begin before it are included; default: now"`
}

func usage(d Deps) api.Handler {
	return api.Handle("getKeyUsage", func(ctx context.Context, r *api.Request, in *usageInput) (keys.Report, error) {
		return d.Keys.Usage(ctx, r, d.History, in.Key, in.From, in.To)
	})
}
