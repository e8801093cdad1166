package gate

import (
	"context"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// poolAddress returns the address of the counter that the sessions of an organisation share.
func poolAddress(org string) table.Key {
	return table.Key{Partition: Address(org).Partition, Sort: "SESSIONS"}
}

// pool counts a data call of a session against the budget [contract.OrgSessions], which all
// sessions of the organisation share. Without it, each further member would add to what
// the plan allows. It follows the session's own budget: a call that this refuses stays
// counted there.
func (c *call) pool(ctx context.Context) error {
	b, shared := c.caller.Limits[contract.OrgSessions]
	if c.caller.Session == nil || !shared || c.route.Cost == 0 {
		return nil
	}
	at, now := poolAddress(c.caller.Org), c.now.Unix()
	open := start(now, b.Window)
	// An instance whose clock is ahead may have opened the next window; a later one is wrong.
	count := table.Update(at, []table.Action{table.Increment("n", 1)},
		table.Ge("w", open), table.Le("w", open+b.Window), table.Lt("n", b.Limit))
	roll := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "w": open, "n": int64(1), table.TTLAttr: open + 2*b.Window},
		table.Or(table.IsNew(), table.Lt("w", open), table.Gt("w", open+b.Window)))
	for range 2 { // the second time, another call has just opened the window
		for _, w := range []table.Write{count, roll} {
			_, err := c.Keys.Write(ctx, w)
			if err == nil {
				return nil
			}
			if table.AsConditionFailed(err) == nil {
				return api.UnavailableError("counting the request of a session", err)
			}
		}
	}
	ends := time.Unix(open+b.Window, 0)
	e := api.Fail(api.Quota, "the console sessions of the organisation have made their %d data calls of this window; retry after %s, or use a key",
		b.Limit, ends.UTC().Format(time.RFC3339))
	e.RetryAfter = max(time.Second, ends.Sub(c.now))
	return e
}
