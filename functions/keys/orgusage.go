package keys

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// usualKeys is how many keys a page of the usage of an organisation has by default.
const usualKeys = 50

// orgUsageInput has a limit and a cursor of its own: the report is not a list in the contract's
// shape, as it has sums beside the keys.
type orgUsageInput struct {
	Org string `json:"org" text:"id" doc:"Organisation id" example:"org_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Period
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"100" default:"50" doc:"Keys per page"`
	Cursor string `json:"cursor,omitempty" text:"id" doc:"Cursor of the page, from the previous response"`
}

func orgUsage(d Deps) api.Handler {
	return api.Handle("getOrgUsage", func(ctx context.Context, r *api.Request, in *orgUsageInput) (keys.OrgReport, error) {
		q := keys.OrgQuery{Org: in.Org, Period: in.read(), Limit: cmp.Or(in.Limit, usualKeys)}
		if in.Cursor != "" {
			cursors, err := r.Cursors(ctx)
			if err != nil {
				return keys.OrgReport{}, err
			}
			if q.After, err = cursors.Decode(in.signed(r), in.Cursor, r.Now); err != nil {
				return keys.OrgReport{}, api.FieldErrorOf(api.InputCursor, "cursor", err.Error())
			}
		}
		report, next, err := d.Keys.OrgUsage(ctx, r, d.History, q)
		if err != nil || next == "" {
			return report, err
		}
		cursors, err := r.Cursors(ctx)
		if err != nil {
			return keys.OrgReport{}, err
		}
		cursors.Life = 0 // as in the lists of key management
		cursor := cursors.Encode(in.signed(r), next, r.Now)
		report.NextCursor = &cursor
		return report, nil
	})
}

// signed identifies the report that a cursor belongs to: all inputs but those of the page.
func (in orgUsageInput) signed(r *api.Request) string {
	text := func(at *time.Time) string {
		if at == nil {
			return ""
		}
		return at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s", r.Route.Operation, r.Caller.Org, in.Org, text(in.From), text(in.To), cmp.Or(in.Interval, keys.ByHour))
}
