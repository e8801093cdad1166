// Package attempts bounds how often one network address may try to sign in, and how often one
// member may. An attempt is charged before it is made, by one conditional write. That of an
// address is given back if it succeeds. So concurrent attempts cannot exceed the bound.
package attempts

import (
	"context"
	"net/netip"
	"time"

	"statgate/shared/access/tally"
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

// Store counts attempts in the keys table.
type Store struct{ Table tally.Table }

// From is where an attempt comes from.
type From struct {
	Viewer string // network address of the client
	// Via is the network address of the connection, if another one states the viewer's: the
	// edge's, or that of a client which calls API Gateway's own address and states any
	// viewer. So attempts count by viewer and connection: a forged viewer uses up nothing of
	// the real one's. The connection has a bound of its own, which many forged viewers share.
	Via string
}

// counters returns what an attempt counts against.
func (f From) counters() []tally.Counter {
	if f.Via == "" || f.Via == f.Viewer {
		return []tally.Counter{counter(Limit, network(f.Viewer))}
	}
	return []tally.Counter{
		counter(Limit, network(f.Viewer), network(f.Via)),
		counter(ViaLimit, "VIA", network(f.Via)),
	}
}

func counter(limit int64, of ...string) tally.Counter {
	at := table.Key{Partition: table.Join(append([]string{"ATTEMPTS"}, of...)...), Sort: "ATTEMPTS"}
	return tally.Counter{At: at, Limit: limit, Window: int64(Window / time.Second)}
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
			return nil, tooMany(c, now, "too many failed attempts to sign in")
		}
	}
	return func(ctx context.Context) { s.Refund(ctx, from, now) }, nil
}

// Begin counts a sign-in of a member, which has succeeded as far as secrets go. Each is a
// transaction that other changes of the organisation wait for, so they are bounded too.
func (s Store) Begin(ctx context.Context, user string, now time.Time) error {
	c := counter(Begun, "MEMBER", user)
	free, err := s.count(ctx, c, now)
	if err == nil && !free {
		err = tooMany(c, now, "this member has signed in too often")
	}
	return err
}

// count counts against a counter, and reports whether that was within its limit.
func (s Store) count(ctx context.Context, c tally.Counter, now time.Time) (bool, error) {
	free, err := c.Add(ctx, s.Table, now)
	if err != nil {
		return false, api.UnavailableError("counting an attempt to sign in", err)
	}
	return free, nil
}

func tooMany(c tally.Counter, now time.Time, what string) *api.Error {
	ends := c.Ends(now)
	e := api.Fail(api.Quota, "%s: retry after %s", what, ends.UTC().Format(time.RFC3339))
	e.RetryAfter = max(time.Second, ends.Sub(now))
	return e
}

// Refund gives back an attempt that was charged at a time. It is best effort: without it, a
// success counts as a failure.
func (s Store) Refund(ctx context.Context, from From, charged time.Time) {
	for _, c := range from.counters() {
		c.Back(ctx, s.Table, charged)
	}
}
