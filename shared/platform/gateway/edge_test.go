package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// direct calls the API at its own address, which bypasses the edge.
func (s *stage) direct(target string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	if header != nil {
		r.Header = header.Clone()
	}
	w := httptest.NewRecorder()
	s.ExecuteAPI().ServeHTTP(w, r)
	return w
}

func TestBehindTheEdgeOnlyAuthorizationCarriesAKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	for name, c := range map[string]struct {
		target string
		header http.Header
	}{
		"no key":               {"/v1/football/teams", nil},
		"X-API-Key":            {"/v1/football/teams", http.Header{"X-Api-Key": {"sg_live_x"}}},
		"api_key in the query": {"/v1/football/teams?api_key=sg_live_x", nil},
		"empty Authorization":  {"/v1/football/teams", http.Header{"Authorization": {""}, "X-Api-Key": {"sg_live_x"}}},
	} {
		if w := s.direct(c.target, c.header); w.Code != 401 {
			t.Errorf("%s: got %d %s, want 401", name, w.Code, w.Body)
		}
	}
	if s.authorized != 0 || s.invoked != 0 {
		t.Errorf("authorizer asked %d times, function invoked %d times, want neither", s.authorized, s.invoked)
	}
	if w := s.direct("/v1/football/teams", http.Header{"Authorization": {bearer}}); w.Code != 200 {
		t.Errorf("Authorization: got %d %s, want 200", w.Code, w.Body)
	}
}

func TestWithoutAnEdgeAndWithSeveralTransportsEveryRequestIsAuthorized(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	for _, header := range []http.Header{
		{"Authorization": {bearer}}, {"Authorization": {bearer}}, {"X-Api-Key": {"sg_live_x"}}, {"X-Api-Key": {"sg_live_x"}}, nil,
	} {
		s.direct("/v1/football/teams", header)
	}
	if s.authorized != 5 {
		t.Errorf("got %d authorizer calls for 5 requests, want one each, also without a key", s.authorized)
	}
	if got := s.event.Headers["X-Api-Key"]; s.invoked != 5 || got != "" {
		t.Errorf("got %d calls of the function and X-API-Key %q in the last, want 5 and none", s.invoked, got)
	}
}

func TestWithoutAnEdgeTransportsArePassedOnUnchanged(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	target := "/v1/football/teams?" + url.Values{"api_key": {"sg_live_q"}}.Encode()
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("X-API-Key", "sg_live_x")
	s.ServeHTTP(httptest.NewRecorder(), r)
	if got := s.event.Headers["X-Api-Key"]; got != "sg_live_x" || s.event.QueryStringParameters["api_key"] != "sg_live_q" {
		t.Errorf("got X-API-Key %q and query %v, want them untouched", got, s.event.QueryStringParameters)
	}
}
