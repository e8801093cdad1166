package docs

import (
	"context"
	"errors"
	"sync"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// readyTimeout is the time limit for the stores. It equals that of the gate, which
// every other request passes.
const readyTimeout = 800 * time.Millisecond

// ready reads an item that does not exist from each store. It reads on each request, so
// that no answer is out of date.
func ready(d Deps) api.Handler {
	return api.Handle("getReady", func(ctx context.Context, _ *api.Request, _ *noInput) (healthAnswer, error) {
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		failed := make([]error, len(d.Stores))
		var group sync.WaitGroup
		for i, store := range d.Stores {
			group.Go(func() { failed[i] = check(ctx, store) })
		}
		group.Wait()
		if err := errors.Join(failed...); err != nil {
			return healthAnswer{}, api.UnavailableError("checking the stores", err)
		}
		return healthAnswer{Status: "ok"}, nil
	})
}

// check reads from a store, and asks it whether it accepts writes if it can tell.
func check(ctx context.Context, store table.Table) error {
	if w, ok := store.(table.Writable); ok {
		if err := w.Writable(); err != nil {
			return err
		}
	}
	_, err := store.Get(ctx, table.Key{Partition: api.Probe, Sort: api.Probe}, false)
	return err
}
