package edgetest

import (
	"net/http"

	"statgate/shared/platform/edge"
)

// Forwarded is a request to the statgate contract, and headers of what the API gets of it.
type Forwarded struct {
	Name, Method, Path string
	Header             http.Header
	Want               map[string]string // by canonical name; "" for a header that is dropped
}

// host is the Host that the viewer of every request of [Forwards] called.
const host = "api.example.com"

// Key replaces "KEY" in [Forwards] by a well-formed secret.
const Key = "sg_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// Forwards are requests that both the edge function and the local gateway must change in the
// same way.
var Forwards = []Forwarded{
	{Name: "the viewer's host and address", Method: "GET", Path: "/health", Header: http.Header{"Host": {host}},
		Want: map[string]string{edge.HostHeader: host, edge.ViewerHeader: Viewer}},
	{Name: "a forged host and address", Method: "GET", Path: "/health",
		Header: http.Header{"Host": {host}, edge.HostHeader: {"evil.example"}, edge.ViewerHeader: {"198.51.100.1"}},
		Want:   map[string]string{edge.HostHeader: host, edge.ViewerHeader: Viewer}},
	{Name: "forged twice", Method: "GET", Path: "/health",
		Header: http.Header{"Host": {host}, edge.HostHeader: {"evil.example", host}, edge.ViewerHeader: {"198.51.100.1", "198.51.100.2"}},
		Want:   map[string]string{edge.HostHeader: host, edge.ViewerHeader: Viewer}},
	{Name: "a key outside the base", Method: "GET", Path: "/health",
		Header: http.Header{"Host": {host}, "Authorization": {"Bearer " + Key}, "X-Api-Key": {Key}, "Accept": {"text/html"}},
		Want:   map[string]string{"Authorization": "", "X-Api-Key": "", "Accept": "text/html", edge.HostHeader: host}},
	{Name: "a key under the base", Method: "GET", Path: "/v1/football/teams",
		Header: http.Header{"Host": {host}, "X-Api-Key": {Key}, edge.HostHeader: {"evil.example"}},
		Want:   map[string]string{"Authorization": "Bearer " + Key, "X-Api-Key": "", edge.HostHeader: host, edge.ViewerHeader: Viewer}},
}
