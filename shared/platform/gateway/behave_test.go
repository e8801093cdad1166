package gateway

import (
	"net/http/httptest"
	"testing"

	"statgate/shared/api/preset"
	"statgate/shared/platform/edge"
)

func TestEdgePassesCookiesToTheSessionsAlone(t *testing.T) {
	t.Parallel()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{Options: Options{Contract: c, Edge: true}, edged: edge.Behaviours(c)}
	for path, want := range map[string]string{
		"/console/session/start": "statgate_session=x", "/console/session/renew": "statgate_session=x",
		"/console": "", "/console/app.4FJ2Q7XN.js": "", "/console/session": "", "/v1/keys": "", "/health": "", "/": "",
	} {
		r := httptest.NewRequest("POST", path, nil)
		r.Header.Set("Cookie", "statgate_session=x")
		g.behave(&exchange{r: r})
		if got := r.Header.Get("Cookie"); got != want {
			t.Errorf("%s: the API gets the cookie %q, want %q", path, got, want)
		}
	}
}
