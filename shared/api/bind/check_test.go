package bind_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"statgate/functions"
	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/preset"
)

func list(t *testing.T, b *bind.Binder, query string) (*bind.Bound, error) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bind(bind.Request{Query: q})
}

func TestListParametersAreSeparatedByCommasOrRepeated(t *testing.T) {
	t.Parallel()
	b := binder[listInput](t, "listMatches", nil)
	for query, want := range map[string][]string{
		"status=live,finished": {"live", "finished"}, "status=live&status=finished": {"live", "finished"},
		"status=live,finished&status=live": {"live", "finished"}, "status=live&status=live": {"live"}, "status=live,live": {"live"},
	} {
		bound, err := list(t, b, query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := bound.Input.(*listInput).Status; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"status=", "status=live&status=", "status=&status=live", "status=live,,finished", "status=live&status=lost"} {
		if _, err := list(t, b, query); err == nil || api.ErrorOf(err).Fields["status"] == nil {
			t.Errorf("%s: got %v, want a refusal that names status", query, err)
		}
	}
}

// A query stays the same if a list is written in the other form, or a default is given.
func TestCursorsOutliveAnotherSpellingOfTheirQuery(t *testing.T) {
	t.Parallel()
	type input struct {
		api.Page
		Status []string `json:"status,omitempty"`
		Order  string   `json:"order,omitempty" enum:"asc,desc" default:"asc"`
	}
	b := binder[input](t, "listMatches", nil)
	same := []string{"status=live,finished", "status=live&status=finished&order=asc", "order=asc&status=live,finished&limit=7"}
	for _, query := range append(same, "status=live,finished&order=desc", "status=live") {
		first, err := list(t, b, same[0])
		if err != nil {
			t.Fatal(err)
		}
		bound, err := list(t, b, query)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := bound.Query == first.Query, slices.Contains(same, query); got != want {
			t.Errorf("%s is the query %q, want the same as %q: %t", query, bound.Query, first.Query, want)
		}
	}
}

func TestTimesAreWrittenAsInRFC3339(t *testing.T) {
	t.Parallel()
	b := binder[timeInput](t, "createKey", nil)
	for at, valid := range map[string]bool{
		"2027-01-31T12:00:00Z": true, "2027-01-31T12:00:00.123456789Z": true, "2027-01-31T12:00:00+23:59": true, "2027-01-31T12:00:00-00:00": true,
		"2027-01-31T12:00:00+24:00": false, "2027-01-31T12:00:00-24:00": false, "2027-01-31T12:00:00+01:60": false, "2027-01-31T12:00:00,5Z": false,
		"2027-01-31T1:00:00Z": false, "2027-01-31 12:00:00Z": false, "2027-01-31T12:00:00.Z": false, "2027-02-30T12:00:00Z": false,
	} {
		_, err := b.Bind(bind.Request{Body: []byte(`{"ends":"` + at + `"}`)})
		if valid != (err == nil) || err != nil && api.ErrorOf(err).Fields["ends"] == nil {
			t.Errorf("%s: got %v, want it accepted: %t", at, err, valid)
		}
	}
}

type bounds struct {
	Home *int `json:"home,omitempty"`
}

type nested struct {
	Ends   *time.Time           `json:"ends,omitempty"`
	Name   *string              `json:"name,omitempty"`
	Clear  api.Nullable[string] `json:"clear,omitempty"`
	Any    api.Object           `json:"any,omitempty"`
	Lists  []string             `json:"lists,omitempty"`
	Scores []bounds             `json:"scores,omitempty"`
	Score  *bounds              `json:"score,omitempty"`
}

func TestNullIsRefusedWhereTheDocumentHasNone(t *testing.T) {
	t.Parallel()
	b := binder[nested](t, "createKey", nil)
	for body, field := range map[string]string{
		`{"name":null}`: "name", `{"ends":null}`: "ends", `{"lists":null}`: "lists", `{"lists":[null]}`: "lists[0]", `{"score":null}`: "score", `{"any":null}`: "any",
		`{"scores":[{"home":null}]}`: "scores[0].home", `{"score":{"home":null}}`: "score.home",
		`{"clear":null}`: "", `{"any":{"x":null}}`: "", `{}`: "",
	} {
		_, err := b.Bind(bind.Request{Body: []byte(body)})
		if (field == "") != (err == nil) || err != nil && len(api.ErrorOf(err).Fields[field]) != 1 {
			t.Errorf("%s: got %v, want a refusal of %q", body, err, field)
		}
	}
}

// Every optional field of every operation's body, in every contract.
func TestNoBodyFieldAcceptsNullUnlessItIsNullable(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		handlers := map[string]api.Handler{}
		for _, h := range functions.All(functions.Deps{Contract: c}) {
			handlers[h.Operation] = h
		}
		for _, r := range api.For(c) {
			b, err := bind.New(c, r, handlers[r.Operation])
			if err != nil {
				t.Fatal(err)
			}
			schema, _ := b.Schema()
			for ours, s := range schema.Properties {
				if b.FromQuery() || s.Nullable && s.Type != "array" {
					continue
				}
				_, err := b.Bind(bind.Request{Body: []byte(`{"` + b.Name(ours) + `":null}`)})
				if err == nil || api.ErrorOf(err).Fields[b.Name(ours)] == nil {
					t.Errorf("%s: %s: %s: got %v, want null refused", name, r.Operation, b.Name(ours), err)
				}
			}
		}
	}
}
