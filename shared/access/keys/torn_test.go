package keys_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// torn is a table whose queries return a half-committed transaction, as DynamoDB's may: the
// organisation's new item, but another item of that prefix missing or as it was.
type torn struct {
	table.Table
	prefix string     // of the sort key
	was    table.Item // its old item; nil: missing
	times  int        // queries affected; below zero all
}

func (k *torn) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := k.Table.Query(ctx, q)
	if k.prefix == "" || k.times == 0 || err != nil || q.Partition == "" {
		return page, err
	}
	for i, it := range slices.Backward(page.Items) {
		if strings.HasPrefix(it.Str(table.SortAttr), k.prefix) {
			k.times--
			if k.was != nil {
				page.Items[i] = k.was
			} else {
				page.Items = slices.Delete(page.Items, i, i+1)
			}
			break
		}
	}
	return page, nil
}

func TestCapCountsAKeyWhoseTransactionIsHalfCommitted(t *testing.T) {
	t.Parallel()
	half := &torn{Table: keystest.Memory(t)}
	w := keystest.New(t, half, "statgate")
	_, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "FREE")
	w.Key(t, admin.Secret, reading("first"))
	for name, times := range map[string]int{api.ConflictCap: 2, api.Unavailable: -1} {
		half.prefix, half.times = "KEY#", times
		_, err := w.Keys.Create(t.Context(), w.By(t, admin.Secret), reading("second"))
		if got := keystest.Condition(err); got != name {
			t.Errorf("after a key is missing from %d queries: got %q (%v), want %q", times, got, err, name)
		}
	}
}

func TestTheLastOwnerStaysWhileAnotherOwnersRemovalIsHalfCommitted(t *testing.T) {
	t.Parallel()
	half := &torn{Table: keystest.Memory(t)}
	w := keystest.New(t, half, "statgate")
	o, first, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "PRO")
	second, err := w.Orgs.AddMember(t.Context(), w.By(t, admin.Secret), o.ID, "second@north.example", api.RoleOwner)
	if err != nil {
		t.Fatal(err)
	}
	was, err := w.Table.Get(t.Context(), orgs.MemberKey(o.ID, second.User), true)
	if err != nil {
		t.Fatal(err)
	}
	suspended := orgs.Suspended
	if _, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, admin.Secret), o.ID, second.User, orgs.MemberEdit{State: &suspended}); err != nil {
		t.Fatal(err)
	}
	half.prefix, half.was, half.times = "MEMBER#"+second.User, was, 1
	err = w.Orgs.RemoveMember(t.Context(), w.By(t, admin.Secret), o.ID, first.User)
	if got := keystest.Condition(err); got != api.Conflict {
		t.Errorf("got %q (%v), want the last active owner to stay", got, err)
	}
}
