package bind_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

type listInput struct {
	api.Page
	League string   `json:"league,omitempty"`
	Status []string `json:"status,omitempty" enum:"live,finished"`
	Date   string   `json:"date,omitempty" format:"date"`
}

type leagueInput struct {
	League string `json:"league"`
}

type timeInput struct {
	Ends time.Time `json:"ends,omitempty"`
}

type keyInput struct {
	Name      string               `json:"name" minLength:"1" maxLength:"80"`
	ExpiresAt api.Nullable[string] `json:"expires_at,omitempty"`
	Scopes    []string             `json:"scopes,omitempty"`
}

func binder[In any](t testing.TB, operation string, change func(*contract.Contract)) *bind.Binder {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c)
	}
	for _, r := range api.For(c) {
		if r.Operation == operation {
			b, err := bind.New(c, r, api.Handle(operation, func(context.Context, *api.Request, *In) (string, error) { return "", nil }))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no route %s", operation)
	return nil
}

func condition(err error) string {
	if err == nil {
		return ""
	}
	return api.ErrorOf(err).Condition
}

func TestQueryParametersAreParsedByTheirSchema(t *testing.T) {
	t.Parallel()
	b := binder[listInput](t, "listMatches", nil)
	bound, err := b.Bind(bind.Request{Query: url.Values{"league": {"en.1"}, "status": {"live,finished"}, "limit": {"7"}}})
	if err != nil {
		t.Fatal(err)
	}
	in := bound.Input.(*listInput)
	if in.League != "en.1" || len(in.Status) != 2 || in.Limit != 7 {
		t.Errorf("got %+v", in)
	}
	for query, want := range map[string]string{
		"limit=0": api.InputLimit, "limit=101": api.InputLimit, "limit=x": api.UnreadableLimit, "limit=1.5": api.UnreadableLimit, "limit=": api.UnreadableLimit, "limit=%2B5": api.UnreadableLimit,
		"date=2015-02-30": api.InputDate, "date=x": api.InputDate, "status=lost": api.InputParameter, "status=live,": api.Unreadable,
		"league=a&league=b": api.Unreadable, "nothing=1": api.Unreadable, "Limit=5": api.Unreadable,
		"limit=1&limit=2": api.UnreadableLimit,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Bind(bind.Request{Query: q})
		name, _, _ := strings.Cut(query, "=")
		if condition(err) != want || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want %s with the parameter's name", query, err, want)
		}
	}
}

func TestIntegerThatIsTooLargeIsRefusedAsSuch(t *testing.T) {
	t.Parallel()
	b := binder[listInput](t, "listMatches", nil)
	for text, want := range map[string]string{
		"2147483648": "out of range", "-2147483649": "out of range", "99999999999999999999999": "out of range",
		"1e9": "must be an integer", "99999999999x": "must be an integer", "+99999999999": "must be an integer",
	} {
		_, err := b.Bind(bind.Request{Query: url.Values{"limit": {text}}})
		if condition(err) != api.UnreadableLimit || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestUnknownQueryParameterIsRefusedUnderItsOwnName(t *testing.T) {
	t.Parallel()
	fromQuery, fromBody := binder[listInput](t, "listMatches", nil), binder[keyInput](t, "createKey", nil)
	single := binder[leagueInput](t, "getStandings", nil)
	for _, c := range []struct {
		name   string
		binder *bind.Binder
	}{{"%d%s%!", fromQuery}, {"name", fromBody}, {"%s", fromBody}, {"limit", fromBody}, {"limit", single}, {"cursor", single}} {
		_, err := c.binder.Bind(bind.Request{Query: url.Values{c.name: {"1"}}, Body: nil})
		got := api.ErrorOf(err)
		if got.Condition != api.Unreadable || got.Message != c.name+": unknown query parameter" || len(got.Fields[c.name]) != 1 {
			t.Errorf("%s: got %s %q %v", c.name, got.Condition, got.Message, got.Fields)
		}
	}
}

func TestInvalidJSONIsReportedWithItsPlace(t *testing.T) {
	t.Parallel()
	b := binder[keyInput](t, "createKey", nil)
	for body, want := range map[string]string{
		`{"name":NaN}`:            "(line 1, column 9)",
		`{'name':"a"}`:            "(line 1, column 2)",
		`{"name":"a",}`:           "(line 1, column 13)",
		"{\n  \"name\": tru}":     "(line 2, column 14)",
		`{"name":"a"`:             "unexpected end",
		`{"name":"a"}{}`:          "unexpected data",
		"\ufeff{}":                "must not start with a byte order mark",
		`{"a":1,"name":[-1e999]}`: "the number -1e999 is out of range",
	} {
		if _, err := b.Bind(bind.Request{Body: []byte(body)}); condition(err) != api.InputJSON || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

func TestNamesAndLimitsOfTheContractApply(t *testing.T) {
	t.Parallel()
	b := binder[listInput](t, "listMatches", func(c *contract.Contract) {
		c.Operations["listMatches"] = contract.Operation{Names: map[string]string{"league": "league_id"}, Limit: &contract.Limit{Default: 25, Min: 1, Max: 200, Over: "clamp"}}
	})
	bound, err := b.Bind(bind.Request{Query: url.Values{"league_id": {"en.1"}, "limit": {"500"}}})
	if err != nil {
		t.Fatal(err)
	}
	if in := bound.Input.(*listInput); in.League != "en.1" || in.Limit != 200 {
		t.Errorf("got %+v, want en.1 and the limit clamped to 200", in)
	}
	if _, err := b.Bind(bind.Request{Query: url.Values{"league": {"en.1"}}}); condition(err) != api.Unreadable || !strings.Contains(err.Error(), "league:") {
		t.Errorf("Statgate's own name league: got %v, want it refused", err)
	}
}

func TestErrorsInListsUseTheNamesOfTheContract(t *testing.T) {
	t.Parallel()
	rename := func(c *contract.Contract) {
		c.Operations["createKey"] = contract.Operation{Names: map[string]string{"scopes": "rights"}}
		c.Operations["listMatches"] = contract.Operation{Names: map[string]string{"status": "state"}}
	}
	_, err := binder[keyInput](t, "createKey", rename).Bind(bind.Request{Body: []byte(`{"name":"a","rights":["x",1]}`)})
	if got := api.ErrorOf(err).Fields; len(got) != 1 || got["rights[1]"] == nil {
		t.Errorf("body: got %v, want rights[1]", got)
	}
	// A list is one parameter of a query.
	_, err = binder[listInput](t, "listMatches", rename).Bind(bind.Request{Query: url.Values{"state": {"live,lost,won"}}})
	if got := api.ErrorOf(err).Fields; len(got) != 1 || len(got["state"]) != 2 {
		t.Errorf("query: got %v, want both errors of state", got)
	}
	_, err = binder[listInput](t, "listMatches", rename).Bind(bind.Request{Query: url.Values{"state": {""}}})
	if got := api.ErrorOf(err).Fields["state"]; len(got) != 1 || got[0] != `must be a list separated by commas, got ""` {
		t.Errorf("empty: got %v", got)
	}
}

func TestTimeOutsideYears0To9999InUTCIsRefused(t *testing.T) {
	t.Parallel()
	b := binder[timeInput](t, "createKey", nil)
	for at, valid := range map[string]bool{
		"9999-12-31T23:59:59Z": true, "9999-12-31T23:59:59+12:00": true, "0000-01-01T00:00:00Z": true,
		"9999-12-31T23:59:59-12:00": false, "9999-12-31T23:59:59.5Z": false, "0000-01-01T00:00:00+12:00": false,
	} {
		_, err := b.Bind(bind.Request{Body: []byte(`{"ends":"` + at + `"}`)})
		if valid != (err == nil) || err != nil && api.ErrorOf(err).Fields["ends"] == nil {
			t.Errorf("%s: got %v, want it accepted: %v", at, err, valid)
		}
	}
}

func TestNullableDistinguishesNullAbsentAndAValue(t *testing.T) {
	t.Parallel()
	b := binder[keyInput](t, "createKey", nil)
	for body, want := range map[string]api.Nullable[string]{
		`{"name":"a"}`:                    {},
		`{"name":"a","expires_at":null}`:  {Sent: true, Null: true},
		`{"name":"a","expires_at":"now"}`: {Sent: true, Value: "now"},
	} {
		bound, err := b.Bind(bind.Request{Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		if got := bound.Input.(*keyInput).ExpiresAt; got != want {
			t.Errorf("%s: got %+v, want %+v", body, got, want)
		}
	}
}

func FuzzBodyIsBoundOrRefusedAndNeverPanics(f *testing.F) {
	for _, seed := range []string{`{"name":"a"}`, `{"name":null}`, `{`, `[1`, `"x"`, `{"name":"a","name":"b"}`, `{"name":1e999}`, strings.Repeat("[", 100), "{\"name\":\"\xff\"}", `{"name":"a"}x`, "\x00", `{"":""}`} {
		f.Add(seed)
	}
	b := binder[keyInput](f, "createKey", nil)
	f.Fuzz(func(t *testing.T, body string) {
		bound, err := b.Bind(bind.Request{Body: []byte(body)})
		if err != nil {
			if got := condition(err); got != api.InputJSON && got != api.InputField {
				t.Errorf("%q: got %s: %v", body, got, err)
			}
			return
		}
		if in := bound.Input.(*keyInput); in.Name == "" || len([]rune(in.Name)) > 80 {
			t.Errorf("%q was accepted with the name %q", body, in.Name)
		}
	})
}
