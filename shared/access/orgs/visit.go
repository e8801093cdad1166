package orgs

import (
	"context"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/access/change"
	"statgate/shared/api"
	"statgate/shared/table"
)

// VisitLife is how long a visit lasts. Until its end, further visits of the organisation with
// the same session or key are the same visit, and add no audit entry.
const VisitLife = time.Hour

// Visit is an operator's visit of an organisation.
type Visit struct {
	Org       string    `json:"org" doc:"Organisation id" example:"org_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	Name      string    `json:"name" doc:"Display name of the organisation, 1–80 characters"`
	Plan      string    `json:"plan" doc:"Plan name of the organisation"`
	User      string    `json:"user" doc:"Id of the operator's user" example:"usr_01k5z3m9v8e2q4w6r8t0y2u4i6"`
	VisitedAt time.Time `json:"visited_at" doc:"Time of the audit entry: of this request, or of an earlier one of the same visit"`
	EndsAt    time.Time `json:"ends_at" doc:"Time until which further requests with the same session or key add no audit entry, one hour after visited_at"`
}

// visitSettings describes a visit in the audit trail.
type visitSettings struct {
	EndsAt time.Time `json:"ends_at"`
}

// Visit records in an organisation's audit trail that an operator looks into it. Only operators
// may call it. Reading is not recorded otherwise: a visit is what the console makes before it
// shows an organisation to an operator.
//
// A visit lasts for [VisitLife], so a repeat by the same session or key within that time
// answers with the first visit, whether or not it has an Idempotency-Key.
func (s *Store) Visit(ctx context.Context, r *api.Request, org string) (Visit, error) {
	at, wrong := sees(r.Caller, org)
	if wrong != nil {
		return Visit{}, wrong
	}
	if !r.Caller.Operator() {
		return Visit{}, api.Fail(api.PermissionRole, "only operators can visit an organisation")
	}
	type facts struct {
		org  Org
		last table.Item // visit of the same session or key, nil for none
	}
	now, key := seconds(r.Now), visitKey(at.org, r.Caller)
	return change.Make(ctx, s.changes, change.Call{By: audit.Caller(r)},
		func(ctx context.Context, _ int) (f facts, err error) {
			if f.org, err = s.get(ctx, at); err != nil {
				return f, err
			}
			if f.last, err = s.table.Get(ctx, key, true); err != nil {
				return f, api.UnavailableError("reading a visit", err)
			}
			return f, nil
		},
		func(f facts) (Visit, change.Plan, error) {
			v := Visit{Org: f.org.ID, Name: f.org.Name, Plan: f.org.Plan, User: r.Caller.User, VisitedAt: now, EndsAt: now.Add(VisitLife)}
			if ends := f.last.Int("ends"); ends > now.Unix() {
				v.EndsAt = time.Unix(ends, 0).UTC()
				v.VisitedAt = v.EndsAt.Add(-VisitLife)
				return v, change.Plan{}, nil
			}
			return v, v.begins(key), nil
		})
}

// visitKey returns the address of the last visit of an organisation by a caller's session or
// key.
func visitKey(org string, c *api.Caller) table.Key {
	by := c.Key
	if c.Session != nil {
		by = c.Session.ID
	}
	return table.Key{Partition: table.Join("VISIT", org), Sort: by}
}

// begins is the plan that stores a new visit. Of concurrent ones, one is stored.
func (v Visit) begins(at table.Key) change.Plan {
	it := table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "ends": v.EndsAt.Unix(), table.TTLAttr: v.EndsAt.Unix()}
	return change.Plan{
		Writes:  []table.Write{table.Put(it, table.Or(table.IsNew(), table.Le("ends", v.VisitedAt.Unix())))},
		Entries: []audit.Change{{Org: v.Org, Action: "org.visit", Target: v.Org, After: visitSettings{v.EndsAt}}},
	}
}
