package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statgate/shared/api"
	"statgate/shared/keys"
	"statgate/shared/orgs"
)

// Census counts the deployment's live secrets; pace is called before each read.
func (t Target) Census(ctx context.Context, now time.Time, pace func(context.Context) error) (keys.Census, error) {
	at, done, err := t.Keys(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	list := orgs.New(orgs.Options{Table: at})
	pages := func(ctx context.Context, after string) ([]string, string, error) {
		page, next, err := list.List(ctx, &api.Caller{Role: api.RoleOperator}, 100, after)
		ids := make([]string, len(page))
		for i, o := range page {
			ids[i] = o.ID
		}
		return ids, next, err
	}
	found, err := keys.New(keys.Options{Table: at}).Census(ctx, now, pages, pace)
	if err != nil {
		var e *api.Error
		if errors.As(err, &e) && e.Cause != nil {
			err = e.Cause // its message is for clients
		}
		return nil, fmt.Errorf("counting live secrets: %w", err)
	}
	return found, nil
}
