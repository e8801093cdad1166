package api

import (
	"net/http"
	"slices"
	"sort"
	"strings"

	"statgate/shared/contract"
)

// GatewayResponse is a response that API Gateway sends itself, from one static template
// per type. CDK deploys the templates, and the local gateway renders them.
type GatewayResponse struct {
	Type     string // API Gateway's response type
	Status   int    // 0 for API Gateway's own status
	Template string // of application/json; $context variables are substituted
	Headers  map[string]string
}

// Variables of API Gateway in templates.
const (
	varRequestID = "$context.requestId"
	varMethod    = "$context.httpMethod"
	varResource  = "$context.resourcePath"
	varScopes    = "$context.authorizer.scopes"
)

// MinCompressionBytes is the size from which API Gateway compresses responses.
const MinCompressionBytes = 1024

// GatewayResponses lists API Gateway's own responses in the contract's shape.
func GatewayResponses(c *contract.Contract) []GatewayResponse {
	// API Gateway knows the scopes, but not what limits them.
	lacks := "this key may not call " + varMethod + " " + varResource +
		": it lacks a scope, or its owner's role, a missing approval or another maker of its secret limits it; its scopes are: " +
		varScopes + "; getSelf shows its permissions"
	list := []struct{ kind, condition, message string }{
		// If a contract distinguishes a missing secret, the edge function responds to it.
		{"UNAUTHORIZED", SecretUnknown, "a valid API key is required"},
		{"ACCESS_DENIED", Permission, lacks},
		{"MISSING_AUTHENTICATION_TOKEN", NotFoundRoute, "no such path"},
		{"RESOURCE_NOT_FOUND", NotFoundRoute, "no such path"},
		{"AUTHORIZER_FAILURE", Unavailable, "temporarily unavailable; retry the request"},
		{"AUTHORIZER_CONFIGURATION_ERROR", Unavailable, "temporarily unavailable; retry the request"},
		{"INTEGRATION_FAILURE", Unavailable, "temporarily unavailable; retry the request"},
		{"INTEGRATION_TIMEOUT", Unavailable, "temporarily unavailable; retry the request"},
		{"API_CONFIGURATION_ERROR", Internal, "internal error"},
		{"UNSUPPORTED_MEDIA_TYPE", InputMedia, "the body must be application/json"},
		{"BAD_REQUEST_BODY", InputJSON, "the body cannot be read"},
		{"BAD_REQUEST_PARAMETERS", Unreadable, "the parameters cannot be read"},
		{"INVALID_API_KEY", SecretMissing, "a valid API key is required"},
		{"INVALID_SIGNATURE", SecretMissing, "a valid API key is required"},
		{"EXPIRED_TOKEN", SecretMissing, "a valid API key is required"},
		{"THROTTLED", Unavailable, "too many concurrent requests; retry the request"},
		{"QUOTA_EXCEEDED", Quota, "quota exceeded; retry later"},
		// API Gateway ignores this one at present: its developer guide says that its own
		// 413, for bodies over 10 MB, cannot be customised.
		{"REQUEST_TOO_LARGE", InputSize, "the body is too large"},
		{"WAF_FILTERED", Permission, "request blocked by the firewall"},
	}
	var responses []GatewayResponse
	for _, r := range list {
		responses = append(responses, gatewayResponse(c, r.kind, r.condition, r.message))
	}
	responses = append(responses,
		unshaped(gatewayResponse(c, "DEFAULT_4XX", "input", "invalid request")),
		unshaped(gatewayResponse(c, "DEFAULT_5XX", Internal, "internal error")))
	return responses
}

// unshaped leaves the status to API Gateway, as a default type covers many statuses.
func unshaped(g GatewayResponse) GatewayResponse { g.Status = 0; return g }

func gatewayResponse(c *contract.Contract, kind, condition, message string) GatewayResponse {
	enc := Encoder{Contract: c}
	a := enc.Error(varRequestID, Fail(condition, "%s", message))
	if condition == Unavailable {
		a.Header["Retry-After"] = "1"
	}
	return GatewayResponse{Type: kind, Status: a.Status, Template: string(a.Body), Headers: a.Header}
}

// Mock is a method with a static response and no authorizer: 404 for an unknown path, 405
// for another method of a known path, the preflight, and the redirect of the root.
type Mock struct {
	Path     string // full path; "/" and "/{proxy+}" match unknown paths
	Method   string // ANY, which is for the methods without a mock of their own, or a method
	Status   int
	Template string
	Headers  map[string]string
}

// Mocks lists the mock methods of a deployment, by path. The root leads to the documentation
// page; stagePath is the path of the stage in the public address, "/live" or "".
func Mocks(c *contract.Contract, stagePath string) []Mock {
	methods, all := map[string][]string{}, []string{http.MethodOptions}
	sameOrigin := map[string]bool{} // paths whose answers pages of other origins cannot read
	for _, r := range For(c) {
		sameOrigin[r.Path] = r.SameOrigin
		methods[r.Path] = append(methods[r.Path], r.Methods()...)
		all = append(all, r.Methods()...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	enc := Encoder{Contract: c}
	lost := gatewayResponse(c, "", NotFoundRoute, "no such path")
	mocks := []Mock{}
	for _, path := range []string{"/", "/{proxy+}"} {
		mocks = append(mocks,
			Mock{Path: path, Method: "ANY", Status: lost.Status, Template: lost.Template, Headers: lost.Headers},
			Mock{Path: path, Method: "OPTIONS", Status: http.StatusNoContent, Headers: enc.preflight(all)})
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		mocks = append(mocks, Mock{Path: "/", Method: method, Status: http.StatusFound, Headers: enc.redirect(stagePath + pathOf(c, "getDocs"))})
	}
	for path, allowed := range methods {
		allowed = append(allowed, http.MethodOptions)
		sort.Strings(allowed)
		allow := strings.Join(allowed, ", ")
		wrong := enc.Error(varRequestID, &Error{Condition: Method, Message: "this path supports only " + allow, Allow: allow})
		preflight := Answer{Status: http.StatusNoContent, Header: enc.preflight(allowed)}
		if sameOrigin[path] {
			enc.WithoutCORS(wrong)
			enc.WithoutCORS(preflight)
		}
		mocks = append(mocks,
			Mock{Path: path, Method: "ANY", Status: wrong.Status, Template: string(wrong.Body), Headers: wrong.Header},
			Mock{Path: path, Method: "OPTIONS", Status: preflight.Status, Headers: preflight.Header})
	}
	sort.Slice(mocks, func(i, j int) bool {
		if mocks[i].Path != mocks[j].Path {
			return mocks[i].Path < mocks[j].Path
		}
		return mocks[i].Method < mocks[j].Method
	})
	return mocks
}

// redirect returns the headers of the response that leads to a path. Caches must not store it,
// as a browser that did would never see another root.
func (e Encoder) redirect(path string) map[string]string {
	h := e.common()
	h["Location"], h["Cache-Control"] = path, "no-store"
	return h
}

// pathOf returns the path of an operation that every deployment has.
func pathOf(c *contract.Contract, operation string) string {
	all := For(c)
	return all[slices.IndexFunc(all, func(r Route) bool { return r.Operation == operation })].Path
}

// Expand substitutes API Gateway's variables in a template.
func Expand(template string, variables map[string]string) string {
	pairs := make([]string, 0, 2*len(variables))
	names := make([]string, 0, len(variables))
	for name := range variables {
		names = append(names, name)
	}
	sort.Sort(sort.Reverse(sort.StringSlice(names))) // longer names first
	for _, name := range names {
		pairs = append(pairs, name, variables[name])
	}
	return strings.NewReplacer(pairs...).Replace(template)
}
