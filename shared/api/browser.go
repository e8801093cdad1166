package api

// Names that the edge, the functions and the console share.
const (
	HostHeader    = "X-Statgate-Host"   // set by the edge: the host that the client addressed
	ViewerHeader  = "X-Statgate-Viewer" // set by the edge: the client's network address
	SessionCookie = "statgate_session"
	BindingCookie = "statgate_oidc_" // begins the names of cookies that bind a sign-in to a browser
)

// Browser is what the routes of console sessions see of a request.
type Browser struct {
	Origin      string
	FetchSite   string // header Sec-Fetch-Site
	ContentType string
	Agent       string   // header User-Agent
	Viewer      string   // network address of the client
	Via         string   // network address of the connection, if a header states the client's
	Cookies     []string // values of the session's cookie, as many as the browser sent
	Bindings    []string // values of the cookies that bind sign-ins with OpenID Connect
}
