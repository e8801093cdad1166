package webhooks

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"statgate/shared/api"
)

// Filters look up what filters may name. They return "" for an id that the caller's keys can
// read, else why it is refused. Package filters implements them.
type Filters interface {
	League(ctx context.Context, c *api.Caller, id string) (string, error)
	Team(ctx context.Context, c *api.Caller, id string) (string, error)
}

// maxConcurrentReads is how many ids of filters are looked up concurrently.
const maxConcurrentReads = 8

// checkFilters refuses ids of leagues and teams that the caller's keys cannot read: such a
// filter would let no event through. The error names each by field and index.
func (s *Store) checkFilters(ctx context.Context, c *api.Caller, leagues, teams []string) error {
	if s.Filters == nil {
		return nil
	}
	if err := checkIDs(distinct(leagues), distinct(teams)); err != nil {
		return err
	}
	var mu sync.Mutex
	refused := map[string][]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrentReads)
	look := func(field string, ids []string, find func(ctx context.Context, c *api.Caller, id string) (string, error)) {
		seen := map[string]bool{}
		for i, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			group.Go(func() error {
				why, err := find(ctx, c, id)
				if why != "" {
					mu.Lock()
					refused[fmt.Sprintf("%s[%d]", field, i)] = []string{why}
					mu.Unlock()
				}
				return err
			})
		}
	}
	look("leagues", leagues, s.Filters.League)
	look("teams", teams, s.Filters.Team)
	if err := group.Wait(); err != nil {
		return api.UnavailableError("looking up the filters of a webhook", err)
	}
	if len(refused) > 0 {
		return &api.Error{Condition: api.InputField, Message: "validation failed", Fields: refused}
	}
	return nil
}
