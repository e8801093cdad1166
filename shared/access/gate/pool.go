package gate

import (
	"context"
	"time"

	"statgate/shared/access/tally"
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
	pool := tally.Counter{At: poolAddress(c.caller.Org), Limit: b.Limit, Window: b.Window}
	free, err := pool.Add(ctx, c.Keys, c.now)
	if err != nil {
		return api.UnavailableError("counting the request of a session", err)
	}
	if free {
		return nil
	}
	ends := pool.Ends(c.now)
	e := api.Fail(api.Quota, "the console sessions of the organisation have made their %d data calls of this window; retry after %s, or use a key",
		b.Limit, ends.UTC().Format(time.RFC3339))
	e.RetryAfter = max(time.Second, ends.Sub(c.now))
	return e
}
