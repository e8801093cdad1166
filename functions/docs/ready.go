package docs

import (
	"context"
	"errors"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// readyPatience is what the stores may take: the gate, which every other call
// passes, gives up after as long.
const readyPatience = 800 * time.Millisecond

// ready reads an item that is not there in each store. It asks them each time, so
// that it never tells of a moment that is over.
func ready(d Deps) api.Handler {
	return api.Handle("getReady", func(ctx context.Context, _ *api.Request, _ *noInput) (healthAnswer, error) {
		ctx, cancel := context.WithTimeout(ctx, readyPatience)
		defer cancel()
		failed := make([]error, len(d.Stores))
		var group sync.WaitGroup
		for i, store := range d.Stores {
			group.Go(func() { _, failed[i] = store.Get(ctx, table.Key{Partition: api.Probe, Sort: api.Probe}, false) })
		}
		group.Wait()
		if err := errors.Join(failed...); err != nil {
			return healthAnswer{}, api.Down("asking the stores", err)
		}
		return healthAnswer{Status: "ok"}, nil
	})
}
