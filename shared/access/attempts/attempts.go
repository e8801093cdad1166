// Package attempts bounds how often one network address may try to sign in, and how often one
// member may. An attempt is charged before it is made, by one conditional write. That of an
// address is given back if it succeeds. So concurrent attempts cannot exceed the bound.
package attempts

import (
	"context"
	"net/netip"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// Bounds per window.
const (
	Limit    = 60          // failed attempts of an address; many people may share one
	ViaLimit = 100 * Limit // failed attempts that come by one connection: see [From]
	Begun    = 120         // sign-ins of a member
	Window   = 10 * time.Minute
)

// Table is the part of the keys table that the store uses.
type Table interface {
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

// Store counts attempts.
type Store struct{ Table Table }

// From is where an attempt comes from.
type From struct {
	Viewer string // network address of the client
	// Via is the network address of the connection, if another one states the viewer's: the
	// edge's, or that of a client which calls API Gateway's own address and states any
	// viewer. So attempts count by viewer and connection: a forged viewer uses up nothing of
	// the real one's. The connection has a bound of its own, which many forged viewers share.
	Via string
}

const sort = "ATTEMPTS"

// counter is what attempts count against.
type counter struct {
	at    table.Key
	limit int64
}

// counters returns what an attempt counts against.
func (f From) counters() []counter {
	if f.Via == "" || f.Via == f.Viewer {
		return []counter{{address(network(f.Viewer)), Limit}}
	}
	return []counter{
		{address(network(f.Viewer), network(f.Via)), Limit},
		{address("VIA", network(f.Via)), ViaLimit},
	}
}

func address(of ...string) table.Key {
	return table.Key{Partition: table.Join(append([]string{"ATTEMPTS"}, of...)...), Sort: sort}
}

// network returns an address without what its client can choose. A network of IPv6 clients
// counts as one, as each client has at least 2⁶⁴ addresses.
func network(viewer string) string {
	ip, err := netip.ParseAddr(viewer)
	if err != nil {
		return viewer
	}
	if ip = ip.Unmap(); ip.Is6() {
		if of, err := ip.Prefix(64); err == nil {
			return of.Masked().String()
		}
	}
	return ip.String()
}

// Charge counts an attempt. It fails with an *[api.Error] if too many attempts from there have
// failed, or the store does not answer. The result gives the attempt back.
func (s Store) Charge(ctx context.Context, from From, now time.Time) (refund func(context.Context), err error) {
	for _, c := range from.counters() {
		free, err := s.count(ctx, c, now)
		if err != nil {
			return nil, err
		}
		if !free {
			return nil, tooMany(now, "too many failed attempts to sign in")
		}
	}
	return func(ctx context.Context) { s.Refund(ctx, from, now) }, nil
}

// Begin counts a sign-in of a member, which has succeeded as far as secrets go. Each is a
// transaction that other changes of the organisation wait for, so they are bounded too.
func (s Store) Begin(ctx context.Context, user string, now time.Time) error {
	free, err := s.count(ctx, counter{address("MEMBER", user), Begun}, now)
	if err == nil && !free {
		err = tooMany(now, "this member has signed in too often")
	}
	return err
}

// count counts against a counter, and reports whether that was within its limit.
func (s Store) count(ctx context.Context, c counter, now time.Time) (bool, error) {
	window := windowOf(now)
	count := table.Update(c.at, []table.Action{table.Increment("count", 1)}, table.Eq("window", window), table.Lt("count", c.limit))
	roll := table.Put(table.Item{table.PartitionAttr: c.at.Partition, table.SortAttr: c.at.Sort, "window": window, "count": int64(1),
		table.TTLAttr: endOf(now).Unix()}, table.Or(table.IsNew(), table.Lt("window", window)))
	for range 2 { // the second time, another attempt has just rolled the window
		for _, w := range []table.Write{count, roll} {
			_, err := s.Table.Write(ctx, w)
			if err == nil {
				return true, nil
			}
			if table.AsConditionFailed(err) == nil {
				return false, api.UnavailableError("counting an attempt to sign in", err)
			}
		}
	}
	return false, nil
}

func tooMany(now time.Time, what string) *api.Error {
	ends := endOf(now)
	e := api.Fail(api.Quota, "%s: retry after %s", what, ends.UTC().Format(time.RFC3339))
	e.RetryAfter = max(time.Second, ends.Sub(now))
	return e
}

// Refund gives back an attempt that was charged at a time. It is best effort: without it, a
// success counts as a failure.
func (s Store) Refund(ctx context.Context, from From, charged time.Time) {
	for _, c := range from.counters() {
		_, _ = s.Table.Write(ctx, table.Update(c.at, []table.Action{table.Increment("count", -1)}, table.Eq("window", windowOf(charged)), table.Gt("count", int64(0))))
	}
}

// windowOf returns when the window of a time began, in seconds since 1970.
func windowOf(at time.Time) int64 {
	return at.Unix() - at.Unix()%int64(Window/time.Second)
}

// endOf returns when the window of a time ends.
func endOf(at time.Time) time.Time { return time.Unix(windowOf(at), 0).Add(Window) }
