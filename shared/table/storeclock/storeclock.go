// Package storeclock corrects the clock of a machine by the time that the store states in
// its answers.
//
// Instances store times that other instances compare with their own clock: quota windows,
// leases, expiry times. One machine whose clock is far off would then close a quota for a
// year, or hold a lease that never ends. The store is the one clock that all instances
// reach, so it decides.
package storeclock

import (
	"sync/atomic"
	"time"
)

// Tolerance is how far the machine's clock may be from the store's before it is corrected.
// The store states whole seconds, and an answer takes time to arrive.
const Tolerance = 5 * time.Second

// Clock is the machine's clock. Once it is further from the store's than [Tolerance], Now
// returns the store's time. It is safe for concurrent use.
type Clock struct {
	machine func() time.Time
	ahead   atomic.Int64 // nanoseconds by which Now corrects the machine's clock
	seen    atomic.Bool
}

// New returns a clock that shows the machine's time until the first answer.
func New(machine func() time.Time) *Clock { return &Clock{machine: machine} }

// Now returns the time, within [Tolerance] of what the store stated last.
func (c *Clock) Now() time.Time {
	now := c.machine()
	if ahead := c.ahead.Load(); ahead != 0 {
		return now.Add(-time.Duration(ahead))
	}
	return now
}

// Confirmed reports whether the store has stated its time.
func (c *Clock) Confirmed() bool { return c.seen.Load() }

// Observe takes the time that an answer of the store states, in whole seconds. It is called
// when the answer arrives.
func (c *Clock) Observe(stated time.Time) {
	defer c.seen.Store(true)
	ahead := c.machine().Sub(stated.Add(time.Second / 2)) // the middle of the stated second
	if within(ahead - time.Duration(c.ahead.Load())) {
		return // a correction that changed with every answer would make time jump
	}
	if within(ahead) {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
}

func within(d time.Duration) bool { return -Tolerance <= d && d <= Tolerance }
