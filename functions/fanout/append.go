package fanout

import (
	"context"
	"fmt"

	"statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/stats/matches"
)

// Feed is the change feed to which events are appended. An event that was appended before is
// not appended again.
type Feed interface {
	Append(ctx context.Context, changes ...changes.Change) error
}

// append appends events to the change feed. Those of public matches are not appended if the
// contract hides them, as no key could read them.
func (f *Fanout) append(ctx context.Context, events []events.Event) error {
	if f.Changes == nil || len(events) == 0 {
		return nil
	}
	some := make([]changes.Change, 0, len(events))
	for i := range events {
		if e := &events[i]; e.Of.Owner != matches.Public || !f.Contract.HidePublic {
			some = append(some, changes.Of(e))
		}
	}
	if err := f.Changes.Append(ctx, some...); err != nil {
		return fmt.Errorf("fanout: %w", err)
	}
	return nil
}
