package names_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/shared/stats/names"
	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

var clubs = names.Kind[string]{Index: "CLUB", Partition: "CLUBS", Object: func(it table.Item) (names.Object[string], error) {
	return names.Object[string]{Value: it.Str("id"), Names: it.Texts("names")}, nil
}}

func open(t *testing.T) table.Table {
	t.Helper()
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Table(table.Stats.Name)
}

// put stores a club with its index. Its id is the slug of the first name.
func put(t *testing.T, tbl table.Table, spellings ...string) {
	t.Helper()
	id := names.Slug("club", spellings[0])
	it := table.Item{table.PartitionAttr: "CLUBS", table.SortAttr: id, "id": id, "names": table.List(spellings)}
	ws := append([]table.Write{table.Put(it)}, clubs.Index.Writes(id, nil, clubs.Index.Keys(id, spellings), 99)...)
	if err := tbl.Transact(t.Context(), ws); err != nil {
		t.Fatal(err)
	}
}

func search(t *testing.T, tbl table.Table, q string, limit int) []string {
	t.Helper()
	found, err := clubs.Find(t.Context(), tbl, q)
	if err != nil {
		t.Fatal(err)
	}
	return names.Matching(q, found, limit)
}

func nearest(t *testing.T, tbl table.Table, q string, limit int) []string {
	t.Helper()
	near, err := clubs.Near(t.Context(), tbl, q)
	if err != nil {
		t.Fatal(err)
	}
	return names.Closest(q, near, limit)
}

func TestNamesAreFoundByAnyWordInAnySpelling(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, tbl table.Table) {
		put(t, tbl, "FC Bayern München", "Bayern Munich")
		put(t, tbl, "Manchester United FC", "Man United")
		put(t, tbl, "Manchester City FC")
		put(t, tbl, "United FC")
		put(t, tbl, "Спартак")
		for q, want := range map[string]string{
			"bayern": "fc-bayern-munchen", "BAYERN MUNCHEN": "fc-bayern-munchen", "münchen": "fc-bayern-munchen", "munich": "fc-bayern-munchen",
			"fc b": "fc-bayern-munchen", "manchester": "manchester-city-fc manchester-united-fc", "united": "united-fc manchester-united-fc",
			"United F.C.": "united-fc manchester-united-fc", "man united": "manchester-united-fc", "manchester-city-fc": "manchester-city-fc",
			"chester": "", "": "", " ": "", "\xff": "", strings.Repeat("x", 300): "", "СПАР": names.Slug("club", "Спартак"),
		} {
			if got := strings.Join(search(t, tbl, q, 10), " "); got != want {
				t.Errorf("%.20q: got %q, want %q", q, got, want)
			}
		}
		if got := search(t, tbl, "manchester", 1); len(got) != 1 {
			t.Errorf("limit 1: got %v", got)
		}
		if got := search(t, tbl, "manchester", 0); len(got) != 0 {
			t.Errorf("limit 0: got %v", got)
		}
	}
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, open(t)) })
	t.Run("DynamoDB Local", func(t *testing.T) {
		t.Parallel()
		test(t, dynamolocal.Tables(t, table.Stats)[table.Stats.Name])
	})
}

// TestMisspeltNamesHaveTheRightOneFirst searches among many names with the same beginnings,
// the same ends and the same words.
func TestMisspeltNamesHaveTheRightOneFirst(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	put(t, tbl, "FC Bayern München", "Bayern Munich")
	put(t, tbl, "Manchester United FC")
	put(t, tbl, "Manchester City FC")
	put(t, tbl, "Borussia Dortmund")
	put(t, tbl, "Bayreuth")
	put(t, tbl, "Arsenal FC")
	for i := range 26 {
		for _, vowel := range "aeiou" {
			word := fmt.Sprintf("a%c%c", vowel, 'a'+rune(i))
			put(t, tbl, "M"+word+"burg United FC")
			put(t, tbl, "B"+word+"ster City")
		}
	}
	for q, want := range map[string]string{
		"Mancester United": "manchester-united-fc", "Machester United": "manchester-united-fc", "Mnachester United": "manchester-united-fc",
		"Nanchester Unitd": "manchester-united-fc", "manchestr city": "manchester-city-fc", "United Manchster": "manchester-united-fc",
		"Bayren": "fc-bayern-munchen", "bayern munchn": "fc-bayern-munchen", "Bauern Munich": "fc-bayern-munchen", "Dortmnd": "borussia-dortmund",
		"Arsnal": "arsenal-fc", "the Arsenal": "arsenal-fc", "Borrusia Dortmunt": "borussia-dortmund",
	} {
		got := nearest(t, tbl, q, 3)
		if len(got) == 0 || got[0] != want || len(got) > 3 {
			t.Errorf("%q: got %v, want %s first", q, got, want)
		}
	}
	for _, q := range []string{"", "xylophone", "zz", "\xff", strings.Repeat("x", 300), "q w e r t y"} {
		if got := nearest(t, tbl, q, 3); len(got) != 0 {
			t.Errorf("%.20q: got %v, want nothing", q, got)
		}
	}
}

// TestReadsAreBoundedInALargeTable counts what is read among many names that begin and end
// alike.
func TestReadsAreBoundedInALargeTable(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	for i := range 400 {
		put(t, tbl, fmt.Sprintf("Elm United %03d", i))
	}
	for _, c := range []struct {
		name                           string
		read                           func(ctx context.Context, tbl table.Table, q string) ([]names.Object[string], error)
		q                              string
		maxQueries, maxItems, maxFound int
	}{{"Find", clubs.Find, "united", 1, 200, 51}, {"Near", clubs.Near, "united elm untied elm united elm", 16, 320, 60}} {
		watched := tabletest.NewFaulty(tbl)
		found, err := c.read(t.Context(), watched, c.q)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: got %d (%v)", c.name, len(found), err)
		}
		queries, items, objects := 0, 0, map[table.Key]bool{}
		for _, call := range watched.Calls() {
			if call.Method == "Query" {
				queries, items = queries+1, items+call.Query.Limit
				if call.Query.Limit == 0 {
					t.Errorf("%s: a query has no limit: %+v", c.name, call.Query)
				}
			}
			for _, k := range call.Keys {
				objects[k] = true
			}
		}
		if queries > c.maxQueries || items > c.maxItems || len(objects) > c.maxFound {
			t.Errorf("%s: %d queries for %d items, %d objects; want at most %+v", c.name, queries, items, len(objects), c)
		}
	}
}

func TestAnObjectIsNotFoundByAFormerName(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	put(t, tbl, "Elm", "Fir")
	it := table.Item{table.PartitionAttr: "CLUBS", table.SortAttr: "elm", "id": "elm", "names": table.List([]string{"Elm", "Oak Park"})}
	stored, wanted := clubs.Index.Keys("elm", []string{"Elm", "Fir"}), clubs.Index.Keys("elm", []string{"Elm", "Oak Park"})
	ws := clubs.Index.Writes("elm", stored, wanted, 99)
	if len(ws) != 6 { // "oak park" and "park", "kao" and "krap" are new; "fir" and "rif" go
		t.Errorf("got %d writes", len(ws))
	}
	for _, keep := range []int{4, 6} { // with and without items that are left over
		if err := tbl.Transact(t.Context(), append([]table.Write{table.Put(it)}, ws[:keep]...)); err != nil {
			t.Fatal(err)
		}
		if got := search(t, tbl, "fir", 10); len(got) != 0 {
			t.Errorf("%d writes: found by a former name: %v", keep, got)
		}
		if got := nearest(t, tbl, "fire", 10); len(got) != 0 {
			t.Errorf("%d writes: near a former name: %v", keep, got)
		}
		if got := search(t, tbl, "park", 10); !slices.Equal(got, []string{"elm"}) {
			t.Errorf("%d writes: got %v", keep, got)
		}
	}
}

func TestIndexOfAnObjectFitsInATransaction(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	var spellings []string
	for i := range 300 {
		spellings = append(spellings, fmt.Sprintf("Elm%d Park%d", i, i))
	}
	put(t, tbl, spellings...)
	if got := search(t, tbl, "elm1", 10); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestAFailedReadIsAnError(t *testing.T) {
	t.Parallel()
	tbl := open(t)
	put(t, tbl, "Elm Park")
	for _, read := range []func(ctx context.Context, tbl table.Table, q string) ([]names.Object[string], error){clubs.Find, clubs.Near} {
		whole := tabletest.NewFaulty(tbl)
		if _, err := read(t.Context(), whole, "elm park"); err != nil {
			t.Fatal(err)
		}
		for n := range whole.Calls() {
			faulty := tabletest.NewFaulty(tbl)
			faulty.Follow(func(c tabletest.Call) (tabletest.Fault, time.Duration) {
				if c.Number == n+1 {
					return tabletest.Unavailable, 0
				}
				return tabletest.None, 0
			})
			if found, err := read(t.Context(), faulty, "elm park"); err == nil {
				t.Errorf("call %d fails: got %v", n+1, found)
			}
		}
	}
}
