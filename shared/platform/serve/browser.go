package serve

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/api"
)

// address returns the public address of the API, such as https://api.example.com/live. Behind
// an edge, the edge says which host the client addressed, as the Host of the request is then
// that of API Gateway.
func (f *Function) address(ev events.APIGatewayProxyRequest) string {
	host, scheme := header(ev, "Host"), "https"
	if f.Edge {
		if edge := header(ev, api.HostHeader); edge != "" {
			host = edge
		}
	}
	if header(ev, "X-Forwarded-Proto") == "http" {
		scheme = "http"
	}
	return scheme + "://" + host + f.StagePath
}

// browser returns what only the routes of console sessions may see of a request.
func (f *Function) browser(ev events.APIGatewayProxyRequest) *api.Browser {
	b := &api.Browser{Origin: header(ev, "Origin"), FetchSite: header(ev, "Sec-Fetch-Site"), ContentType: header(ev, "Content-Type"),
		Agent: header(ev, "User-Agent"), Viewer: ev.RequestContext.Identity.SourceIP}
	if f.Edge {
		// At API Gateway's own address, which bypasses the edge, a client can send any text.
		if viewer, err := netip.ParseAddr(header(ev, api.ViewerHeader)); err == nil {
			b.Viewer, b.Via = viewer.WithZone("").String(), b.Viewer
		}
	}
	read := http.Request{Header: http.Header{"Cookie": {strings.Join(values(ev, "Cookie"), "; ")}}}
	for _, cookie := range read.Cookies() {
		if cookie.Name == api.SessionCookie {
			b.Cookies = append(b.Cookies, cookie.Value)
		} else if strings.HasPrefix(cookie.Name, api.BindingCookie) {
			b.Bindings = append(b.Bindings, cookie.Value)
		}
	}
	return b
}
