package orgs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"statgate/shared/access/keys/keystest"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/table"
)

// fill stores members without the API, so that a test need not make hundreds of requests, and
// counts them unless the organisation is one of an earlier release.
func fill(t *testing.T, w *keystest.Fixture, org string, n int, counted bool) {
	t.Helper()
	store(t, w, n, func(user string) table.Item {
		at := orgs.MemberKey(org, user)
		return table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort,
			"user": user, "email": user + "@north.example", "role": "member", "state": "active"}
	})
	act := table.Remove("members")
	if counted {
		act = table.Increment("members", int64(n))
	}
	if _, err := w.Table.Write(t.Context(), table.Update(orgs.Key(org), []table.Action{act})); err != nil {
		t.Fatal(err)
	}
}

// store writes n items.
func store(t *testing.T, w *keystest.Fixture, n int, item func(user string) table.Item) {
	t.Helper()
	var ws []table.Write
	for i := range n {
		ws = append(ws, table.Put(item(fmt.Sprintf("usr_stored%04d", i))))
	}
	for batch := range slices.Chunk(ws, 100) {
		if err := w.Table.Transact(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMembersAreBoundedExactlyUnderConcurrentAdditions(t *testing.T) {
	t.Parallel()
	for name, counted := range map[string]bool{"counted": true, "of an earlier release": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, w *keystest.Fixture) {
				o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
				fill(t, w, o.ID, orgs.MaxMembers-1-3, counted)
				users := make([]string, 10)
				got := runConcurrently(len(users), func(i int) error {
					m, err := w.Orgs.AddMember(context.Background(), w.By(t, admin.Secret), o.ID, fmt.Sprintf("m%d@north.example", i), "member")
					users[i] = m.User
					return err
				})
				users = slices.DeleteFunc(users, func(user string) bool { return user == "" })
				if got[""] != 3 || got[api.ConflictLimit] != 7 || len(users) != 3 {
					t.Fatalf("got %v and %d users, want 3 members and 7 refusals", got, len(users))
				}
				if err := w.Orgs.RemoveMember(t.Context(), w.By(t, admin.Secret), o.ID, users[0]); err != nil {
					t.Fatal(err)
				}
				role := "admin"
				if _, _, err := w.Orgs.UpdateMember(t.Context(), w.By(t, admin.Secret), o.ID, users[1], orgs.MemberEdit{Role: &role}); err != nil {
					t.Errorf("a change of a member: got %v", err)
				}
				for i, want := range []string{"", api.ConflictLimit} {
					_, err := w.Orgs.AddMember(t.Context(), w.By(t, admin.Secret), o.ID, fmt.Sprintf("again%d@north.example", i), "member")
					if c := keystest.Condition(err); c != want {
						t.Errorf("after a removal: got %q (%v), want %q", c, err, want)
					}
				}
			})
		})
	}
}

func TestRemovedMembersAreBoundedToo(t *testing.T) {
	t.Parallel()
	w := keystest.New(t, keystest.Memory(t), "statgate")
	o, _, admin := w.Org(t, w.Bootstrap(t).Secret, "north", "TEAM")
	store(t, w, 2*orgs.MaxMembers-1, func(user string) table.Item {
		at := orgs.MemberKey(o.ID, user)
		return table.Item{table.PartitionAttr: at.Partition, table.SortAttr: at.Sort, "user": user, "state": "removed"}
	})
	_, err := w.Orgs.AddMember(t.Context(), w.By(t, admin.Secret), o.ID, "m@north.example", "member")
	if got := keystest.Condition(err); got != api.ConflictLimit {
		t.Errorf("got %q (%v), want %q", got, err, api.ConflictLimit)
	}
}
