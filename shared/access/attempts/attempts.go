// Package attempts bounds how often one network address may try to sign in. An attempt is
// charged before it is made, by one conditional write, and given back if it succeeds. So
// concurrent attempts cannot exceed the bound.
package attempts

import (
	"context"
	"net/netip"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// Bound of failed attempts per address and window. Many people may share an address.
const (
	Limit  = 60
	Window = 10 * time.Minute
)

// Table is the part of the keys table that the store uses.
type Table interface {
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

// Store counts attempts.
type Store struct{ Table Table }

const sort = "ATTEMPTS"

// key returns the address of the counter of a network address. A network of IPv6 clients
// counts as one, as each client has at least 2⁶⁴ addresses.
func key(viewer string) table.Key {
	if ip, err := netip.ParseAddr(viewer); err == nil && ip.Unmap().Is6() {
		if network, err := ip.Prefix(64); err == nil {
			viewer = network.Masked().String()
		}
	}
	return table.Key{Partition: table.Join("ATTEMPTS", viewer), Sort: sort}
}

// Charge counts an attempt. It fails with an *[api.Error] if the address has failed too often,
// or the store does not answer. The result gives the attempt back.
func (s Store) Charge(ctx context.Context, viewer string, now time.Time) (refund func(context.Context), err error) {
	window := windowOf(now)
	ends := window + int64(Window/time.Second)
	at := key(viewer)
	count := table.Update(at, []table.Action{table.Increment("count", 1)}, table.Eq("window", window), table.Lt("count", int64(Limit)))
	roll := table.Put(table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "window": window, "count": int64(1), table.TTLAttr: ends},
		table.Or(table.IsNew(), table.Lt("window", window)))
	for range 2 { // the second time, another attempt has just rolled the window
		for _, w := range []table.Write{count, roll} {
			_, err := s.Table.Write(ctx, w)
			if err == nil {
				return func(ctx context.Context) { s.Refund(ctx, viewer, now) }, nil
			}
			if table.AsConditionFailed(err) == nil {
				return nil, api.UnavailableError("counting an attempt to sign in", err)
			}
		}
	}
	e := api.Fail(api.Quota, "too many failed attempts to sign in: retry after %s", time.Unix(ends, 0).UTC().Format(time.RFC3339))
	e.RetryAfter = max(time.Second, time.Unix(ends, 0).Sub(now))
	return nil, e
}

// Refund gives back an attempt that was charged at a time. It is best effort: without it, a
// success counts as a failure.
func (s Store) Refund(ctx context.Context, viewer string, charged time.Time) {
	_, _ = s.Table.Write(ctx, table.Update(key(viewer), []table.Action{table.Increment("count", -1)}, table.Eq("window", windowOf(charged)), table.Gt("count", int64(0))))
}

// windowOf returns when the window of a time began, in seconds since 1970.
func windowOf(at time.Time) int64 {
	return at.Unix() - at.Unix()%int64(Window/time.Second)
}
