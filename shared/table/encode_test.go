package table_test

import (
	"slices"
	"strings"
	"testing"

	"statgate/shared/table"
)

func TestStorableTextIsUTF8AndWithinItsBound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "a": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		strings.Repeat("é", 32): true, strings.Repeat("é", 33): false, "a\xff": false,
	} {
		if got := table.Storable(text, 64); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestListOfTextsIsReadBackUnchanged(t *testing.T) {
	t.Parallel()
	for _, want := range [][]string{{}, {"a"}, {"b", "", "a"}} {
		if got := (table.Item{"x": table.List(want)}).Texts("x"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	it := table.Item{"mixed": []any{"a", int64(1), nil, "b"}, "text": "a"}
	for attr, want := range map[string][]string{"mixed": {"a", "b"}, "text": {}, "missing": {}} {
		if got := it.Texts(attr); got == nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %#v, want %q", attr, got, want)
		}
	}
}
