package keys

import (
	"context"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// Period is the period of a usage report.
type Period struct {
	From     *time.Time `json:"from,omitempty" doc:"Time in the first hour or day of the report; default: 24 hours before to, or 30 days with interval=day"`
	To       *time.Time `json:"to,omitempty" doc:"End of the report, at most 31 days after from, or 90 days with interval=day; hours or days that begin before it are included; default: now"`
	Interval string     `json:"interval,omitempty" enum:"hour,day" default:"hour" doc:"Interval of the counts; days are those of UTC"`
}

func (p Period) read() keys.Period { return keys.Period{From: p.From, To: p.To, Interval: p.Interval} }

type usageInput struct {
	Key string `json:"key" text:"id" doc:"Key id"`
	Period
}

func usage(d Deps) api.Handler {
	return api.Handle("getKeyUsage", func(ctx context.Context, r *api.Request, in *usageInput) (keys.Report, error) {
		return d.Keys.Usage(ctx, r, d.History, in.Key, in.read())
	})
}
