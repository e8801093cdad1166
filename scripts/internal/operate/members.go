package operate

import (
	"context"
	"fmt"

	"statgate/shared/access/orgs"
)

// IndexMembers makes the members of all organisations findable by their address, whose items
// an earlier release wrote. It returns how many there were. It calls pace before each read.
func (t Target) IndexMembers(ctx context.Context, pace func(context.Context) error) (indexed int, err error) {
	at, done, err := t.Keys(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	members := orgs.New(orgs.Options{Table: at})
	err = each(ctx, at, pace, func(org string) error {
		n, err := members.IndexAddresses(ctx, org)
		indexed += n
		return err
	})
	if err != nil {
		return indexed, fmt.Errorf("indexing members: %w", Cause(err))
	}
	return indexed, nil
}
