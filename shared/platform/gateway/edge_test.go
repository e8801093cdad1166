package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"statgate/shared/platform/edge"
	"statgate/shared/platform/edge/edgetest"
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

// through sends a request through the edge, or to API Gateway's own address.
func (s *stage) through(h http.Handler, method, target string, header http.Header) {
	r := httptest.NewRequest(method, target, nil)
	r.Header = header.Clone()
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	r.RemoteAddr = edgetest.Viewer + ":50000"
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestEdgeTellsTheAPIOfTheViewerAsTheEdgeFunctionDoes(t *testing.T) {
	t.Parallel()
	for _, f := range edgetest.Forwards {
		s := newStage(t, true)
		s.through(s, f.Method, f.Path, f.Header)
		if s.invoked != 1 {
			t.Fatalf("%s: the function was invoked %d times", f.Name, s.invoked)
		}
		for name, want := range f.Want {
			got := s.event.MultiValueHeaders[name]
			if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
				t.Errorf("%s: the function gets %s %q, want %q", f.Name, name, got, want)
			}
		}
	}
}

func TestWithoutAnEdgeNothingTellsTheAPIOfTheViewer(t *testing.T) {
	t.Parallel()
	s := newStage(t, false)
	s.through(s, "GET", "/health", http.Header{"Host": {"api.example.com"}})
	if got := s.event.Headers; got[edge.HostHeader] != "" || got[edge.ViewerHeader] != "" || got["Host"] != "api.example.com" {
		t.Errorf("got %v, want Host alone", got)
	}
	s.through(s, "GET", "/health", http.Header{edge.HostHeader: {"evil.example"}})
	if got := s.event.Headers[edge.HostHeader]; got != "evil.example" {
		t.Errorf("got %q: API Gateway passes on what the client sent", got)
	}
}

func TestEdgePassesNothingOfARequestToWhatItCaches(t *testing.T) {
	t.Parallel()
	for path, passes := range map[string]bool{"/console?a=1": false, "/console/app.4FJ2Q7XN.js?a=1": false, "/api-docs?a=1": false, "/health?a=1": true} {
		s := newStage(t, true)
		s.through(s, "GET", path, http.Header{"Cookie": {"statgate_session=x"}})
		_, host := s.event.Headers[edge.HostHeader]
		_, viewer := s.event.Headers[edge.ViewerHeader]
		if query := len(s.event.QueryStringParameters) > 0; host != passes || viewer != passes || query != passes {
			t.Errorf("%s: got host %v, viewer %v and query %v, want %v", path, host, viewer, query, passes)
		}
		if got, ok := s.event.Headers["Cookie"]; ok {
			t.Errorf("%s: the function gets the cookie %q", path, got)
		}
		s.through(s.ExecuteAPI(), "GET", path, http.Header{"Cookie": {"statgate_session=x"}})
		if s.event.Headers["Cookie"] == "" {
			t.Errorf("%s: at API Gateway's own address, the function gets no cookie", path)
		}
	}
}
