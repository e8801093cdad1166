package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statgate/shared/api"
	"statgate/shared/keys"
	"statgate/shared/orgs"
	"statgate/shared/table"
)

// Census counts the deployment's live secrets; pace is called before each read.
func (t Target) Census(ctx context.Context, now time.Time, pace func(context.Context) error) (keys.Census, error) {
	at, done, err := t.Keys(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := keys.New(keys.Options{Table: at}).Census(ctx, now, IDs(Organisations(at)), pace)
	if err != nil {
		return nil, fmt.Errorf("counting live secrets: %w", Plain(err))
	}
	return found, nil
}

// Organisations pages through all organisations of a keys table.
func Organisations(at table.Table) func(ctx context.Context, after string) ([]orgs.Org, string, error) {
	list := orgs.New(orgs.Options{Table: at})
	return func(ctx context.Context, after string) ([]orgs.Org, string, error) {
		return list.List(ctx, &api.Caller{Role: api.RoleOperator}, 100, after)
	}
}

// IDs pages through the ids of organisations.
func IDs(all func(context.Context, string) ([]orgs.Org, string, error)) keys.Organisations {
	return func(ctx context.Context, after string) ([]string, string, error) {
		page, next, err := all(ctx, after)
		ids := make([]string, len(page))
		for i, o := range page {
			ids[i] = o.ID
		}
		return ids, next, err
	}
}

// Plain is the cause of an error whose message is for clients.
func Plain(err error) error {
	var e *api.Error
	if errors.As(err, &e) && e.Cause != nil {
		return e.Cause
	}
	return err
}
