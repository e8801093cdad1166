package audit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"statgate/shared/access/audit"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

// trail is a keys table in which usr_2 changed key_1 once, and usr_1 changed it many times
// since.
func trail(t *testing.T, times int) *tabletest.Faulty {
	t.Helper()
	db, err := local.OpenMemory(table.Keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	source, tbl := ids.New(rand.Reader), db.Table(table.Keys.Name)
	by := audit.By{User: "usr_2", Method: audit.MethodKey, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var ws []table.Write
	for range times + 1 {
		one, err := audit.Writes(source, by, audit.Change{Org: "org_1", Action: "key.update", Target: "key_1", After: struct{}{}})
		if err != nil {
			t.Fatal(err)
		}
		ws = append(ws, one...)
		by.User, by.At = "usr_1", by.At.Add(time.Second)
	}
	for batch := range slices.Chunk(ws, 100) {
		if err := tbl.Transact(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return tabletest.NewFaulty(tbl)
}

func TestARareEntryIsFoundByPagesThatEachReadABoundedPartOfTheTrail(t *testing.T) {
	t.Parallel()
	tbl := trail(t, 2500)
	var found []audit.Entry
	pages := 0
	for after := ""; ; {
		before := len(tbl.Calls())
		page, next, err := audit.New(tbl).For(&api.Caller{Org: "org_1"}).List(t.Context(), audit.Filter{Target: "key_1", Actor: "usr_2", Limit: 10, After: after})
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, call := range tbl.Calls()[before:] {
			read += call.Query.Limit
		}
		if read > 1100 {
			t.Errorf("page %d asked for %d entries, want at most 1000 and a chunk ahead", pages, read)
		}
		found = append(found, page...)
		pages++
		if after = next; after == "" {
			break
		}
	}
	if len(found) != 1 || *found[0].Actor.User != "usr_2" || pages != 3 {
		t.Errorf("got %v in %d pages, want the one entry of usr_2 in 3", found, pages)
	}
}

// orgs are the organisations that exist; nil if the store does not answer.
type orgs []string

func (o orgs) Exists(_ context.Context, org string) (bool, error) {
	if o == nil {
		return false, api.UnavailableError("reading an organisation", errors.New("no answer"))
	}
	return slices.Contains(o, org), nil
}

func TestATrailHasOnlyEntriesOfAnOrganisationThatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	store, known := audit.New(trail(t, 0)), orgs{"org_1", "org_2"}
	operator := &api.Caller{Org: "org_0", Role: api.RoleOperator}
	for name, c := range map[string]struct {
		caller *api.Caller
		org    string
		known  orgs
		want   string // condition
		found  int
	}{
		"own":                           {&api.Caller{Org: "org_1"}, "", nil, "", 1},
		"own, by id":                    {&api.Caller{Org: "org_1"}, "org_1", nil, "", 1},
		"another's":                     {&api.Caller{Org: "org_2", Role: api.RoleOwner}, "org_1", known, api.InputField, 0},
		"of a stranger without entries": {&api.Caller{Org: "org_2"}, "", nil, "", 0},
		"an operator's own":             {operator, "", nil, "", 0},
		"any, for an operator":          {operator, "org_1", known, "", 1},
		"unknown":                       {operator, "org_3", known, api.InputField, 0},
		"no answer":                     {operator, "org_1", nil, api.Unavailable, 0},
	} {
		got, err := store.ForOrg(t.Context(), c.caller, c.org, c.known)
		if condition := conditionOf(err); condition != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, condition, err, c.want)
		}
		for _, f := range []audit.Filter{{Limit: 10}, {Target: "key_1", Limit: 10}, {Actor: "usr_2", Limit: 10}} {
			entries, _, err := got.List(t.Context(), f)
			if err != nil || len(entries) != c.found {
				t.Errorf("%s, %+v: got %d entries (%v), want %d", name, f, len(entries), err, c.found)
			}
		}
	}
}

func conditionOf(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}
