package audit

import (
	"crypto/rand"
	"testing"
	"time"

	"statgate/shared/ids"
	"statgate/shared/table"
)

type thing struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
	Rate float64  `json:"rate"`
}

func TestOnlyChangedFieldsAreRecorded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after any
		was, is       string
	}{
		{nil, thing{"a", nil, 1.5}, `null`, `{"name":"a","rate":1.5,"tags":null}`},
		{thing{"a", nil, 1}, thing{"b", nil, 1}, `{"name":"a"}`, `{"name":"b"}`},
		{thing{"a", []string{"x"}, 1}, thing{"a", []string{"x", "y"}, 1}, `{"tags":["x"]}`, `{"tags":["x","y"]}`},
		{thing{"a", nil, 1}, nil, `{"name":"a","rate":1,"tags":null}`, `null`},
	} {
		was, is, err := difference(c.before, c.after)
		if err != nil || was != c.was || is != c.is {
			t.Errorf("%v to %v: got %s to %s (%v), want %s to %s", c.before, c.after, was, is, err, c.was, c.is)
		}
	}
}

func TestAnEntryIsInOnePartitionPerQuery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		by   By
		want int
	}{
		{By{Key: "key_1", User: "usr_1", CreatedBy: "usr_2", Method: MethodKey, At: at}, 2},
		{By{Method: MethodRecovery, At: at}, 1},
	} {
		ws, err := Writes(ids.New(rand.Reader), c.by, Change{Org: "org_1", Action: "key.update", Target: "key_2", After: thing{}})
		if err != nil || len(ws) != c.want {
			t.Fatalf("got %d writes (%v), want %d", len(ws), err, c.want)
		}
		if _, indexed := ws[0].Item["actor_pk"]; indexed != (c.by.User != "") {
			t.Errorf("by %+v: indexed by actor: %v", c.by, indexed)
		}
		e, err := read(ws[0].Item)
		if err != nil || e.Target != "key_2" || !e.At.Equal(at) || (e.Actor.Key != nil) != (c.by.Key != "") {
			t.Errorf("got %+v (%v)", e, err)
		}
	}
}

func TestEveryCopyOfAnEntryNamesTheMakerOfTheActorsKey(t *testing.T) {
	t.Parallel()
	source, at := ids.New(rand.Reader), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for want, by := range map[string]By{
		"usr_2": {Key: "key_1", User: "usr_1", CreatedBy: "usr_2", Method: MethodKey, At: at},
		"":      {Key: "key_1", User: "usr_1", Method: MethodKey, At: at}, // imported, or recorded before entries named it
	} {
		change := Change{Org: "org_1", Action: "key.update", Target: "key_2", After: thing{}}
		all, err := Writes(source, by, change)
		if err != nil {
			t.Fatal(err)
		}
		note, err := NewNote(source, by)
		if err != nil {
			t.Fatal(err)
		}
		beside, err := note.Writes(change)
		if err != nil || len(beside) != 4 {
			t.Fatalf("got %d copies beside the data, %v", len(beside), err)
		}
		for _, w := range append(all, beside...) {
			e, err := read(w.Item)
			if err != nil || (e.Actor.CreatedBy != nil) != (want != "") || want != "" && *e.Actor.CreatedBy != want {
				t.Errorf("%s: got %+v, %v, want the maker %q", w.Item.Str(table.PartitionAttr), e.Actor, err, want)
			}
		}
	}
}
