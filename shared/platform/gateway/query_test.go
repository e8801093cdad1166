package gateway_test

import (
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
)

func TestFunctionReceivesTheWholeQuery(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	for raw, want := range map[string]url.Values{
		"limit=5&order=asc":           {"limit": {"5"}, "order": {"asc"}},
		"limit=5;order=asc":           {"limit": {"5;order=asc"}},
		"limit=%zz":                   {"limit": {"%zz"}},
		"%zz=1&limit":                 {"%zz": {"1"}, "limit": {""}},
		"q=a+b%20c%26&q=d":            {"q": {"a b c&", "d"}},
		"&&=&a=b=c":                   {"": {""}, "a": {"b=c"}},
		"api_key=junk&api%5Fkey=junk": {},
	} {
		r := httptest.NewRequest("GET", "/v1/football/teams", nil)
		r.URL.RawQuery = raw
		r.Header.Set("Authorization", bearer)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := url.Values(s.event.MultiValueQueryStringParameters); w.Code != 200 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %d and %v, want %v", raw, w.Code, got, want)
		}
	}
}
