package audit_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"statgate/shared/access/audit"
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
		page, next, err := audit.New(tbl).List(t.Context(), audit.Filter{Org: "org_1", Target: "key_1", Actor: "usr_2", Limit: 10, After: after})
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
