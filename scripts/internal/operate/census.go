package operate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/feed/webhooks"
	"statgate/shared/table"
)

// Census counts the deployment's live secrets per pepper version, signing secrets of
// webhooks included (their holder is the webhook). It calls pace before each read.
func (t Target) Census(ctx context.Context, now time.Time, pace func(context.Context) error) (keys.Census, error) {
	at, done, err := t.Keys(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := keys.New(keys.Options{Table: at}).Census(ctx, now, IDs(Organisations(at)), pace)
	if err != nil {
		return nil, fmt.Errorf("counting live secrets: %w", Cause(err))
	}
	hooks := webhooks.New(webhooks.Options{Table: at})
	err = each(ctx, at, pace, func(org string) error {
		under, err := hooks.Sealed(ctx, org)
		for version, ids := range under {
			for _, id := range ids {
				found[version] = append(found[version], keys.Holder{Key: id, Org: org})
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting webhooks' secrets: %w", Cause(err))
	}
	return found, nil
}

// Reseal encrypts the signing secrets of all webhooks under the current pepper of the
// document and returns how many it changed. It calls pace before each read.
func (t Target) Reseal(ctx context.Context, document []byte, now func() time.Time, pace func(context.Context) error) (moved int, err error) {
	at, done, err := t.Keys(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	hooks := webhooks.New(webhooks.Options{Table: at, Rand: rand.Reader, Peppers: apikey.FixedPeppers(document, now)})
	err = each(ctx, at, pace, func(org string) error {
		n, err := hooks.Reseal(ctx, org)
		moved += n
		return err
	})
	if err != nil {
		return moved, fmt.Errorf("resealing webhooks' secrets: %w", Cause(err))
	}
	return moved, nil
}

// each calls do for each organisation of a keys table.
func each(ctx context.Context, at table.Table, pace func(context.Context) error, do func(org string) error) error {
	all := IDs(Organisations(at))
	for after := ""; ; {
		ids, next, err := all(ctx, after)
		if err != nil {
			return err
		}
		for _, org := range ids {
			if err := pace(ctx); err != nil {
				return err
			}
			if err := do(org); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// Organisations returns a function that lists a page of all organisations of a keys
// table, and the cursor of the next page.
func Organisations(at table.Table) func(ctx context.Context, after string) ([]orgs.Org, string, error) {
	list := orgs.New(orgs.Options{Table: at})
	return func(ctx context.Context, after string) ([]orgs.Org, string, error) {
		return list.List(ctx, &api.Caller{Role: api.RoleOperator}, 100, after)
	}
}

// IDs returns a function that lists the ids of the organisations that all lists.
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

// Cause returns the cause of an API error, as the API's own message is for clients and
// hides it. It returns other errors as they are.
func Cause(err error) error {
	var e *api.Error
	if errors.As(err, &e) && e.Cause != nil {
		return e.Cause
	}
	return err
}
