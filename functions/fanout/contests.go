package fanout

import (
	"context"
	"fmt"

	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
	"statgate/shared/stats/contests"
	"statgate/shared/table"
)

// Contests returns the users who may read a contest.
type Contests interface {
	Readers(ctx context.Context, c contests.Contest) (map[string]bool, error)
}

// contestEvents returns the events of changed contests.
func (f *Fanout) contestEvents(changes []table.Change) []events.Event {
	var all []events.Event
	for _, c := range changes {
		some, err := events.OfContest(c)
		if err != nil {
			f.dropChange(c, err)
		}
		all = append(all, some...)
	}
	return all
}

// audience decides who receives the events of the contests of one batch. It reads each
// contest's teams once.
type audience struct {
	contests  Contests
	standings *webhooks.Standings
	readers   map[string]map[string]bool // by contest
}

func (f *Fanout) newAudience() *audience {
	return &audience{contests: f.Contests, standings: f.Webhooks.Standings(), readers: map[string]map[string]bool{}}
}

// basis returns why a webhook receives the events of a contest; false if it does not.
func (a *audience) basis(ctx context.Context, w *webhooks.Webhook, c *contests.Contest) (webhooks.Basis, bool, error) {
	readers, known := a.readers[c.ID]
	if !known {
		var err error
		if readers, err = a.contests.Readers(ctx, *c); err != nil {
			return webhooks.Basis{}, false, fmt.Errorf("fanout: %w", err)
		}
		a.readers[c.ID] = readers
	}
	return a.standings.Basis(ctx, w, c, readers)
}
