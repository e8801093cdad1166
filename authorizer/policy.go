package authorizer

import (
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/api"
)

// Stage returns the prefix that all method ARNs of a stage have in common:
// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE.
func Stage(methodARN string) string {
	parts := strings.SplitN(methodARN, "/", 3)
	if len(parts) < 2 {
		return methodARN
	}
	return parts[0] + "/" + parts[1]
}

// Policy returns a policy that allows every route which the permissions allow. A path
// parameter becomes "*", which also matches slashes: GET/v1/keys/* matches
// GET/v1/keys/k1/usage. If such a pattern matches a route that is not allowed, the
// policy has an explicit deny for that route.
//
// One pattern allows HEAD on every path, so that the policy stays under API Gateway's 8 KB.
// The gate checks the permission again, as for every request.
func Policy(routes []api.Route, permissions []string, stage string) events.APIGatewayCustomAuthorizerPolicy {
	var allow, deny []string
	var allowed, refused []api.Route
	for _, r := range routes {
		if r.Allowed(permissions) {
			allowed = append(allowed, r)
			allow = append(allow, stage+"/"+Pattern(r))
		} else {
			refused = append(refused, r)
		}
	}
	for _, r := range refused {
		if matched(r, allowed) {
			deny = append(deny, stage+"/"+Pattern(r))
		}
	}
	p := events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17"}
	if len(allow) > 0 {
		allow = append(allow, stage+"/"+http.MethodHead+"/*")
		p.Statement = append(p.Statement, statement("Allow", allow))
	} else {
		deny = []string{stage + "/*"}
	}
	if len(deny) > 0 {
		p.Statement = append(p.Statement, statement("Deny", deny))
	}
	return p
}

func statement(effect string, resources []string) events.IAMPolicyStatement {
	return events.IAMPolicyStatement{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: resources}
}

// Pattern returns METHOD/path with each parameter replaced by "*".
func Pattern(r api.Route) string {
	parts := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return r.Method + "/" + strings.Join(parts, "/")
}

// matched reports whether the pattern of an allowed route matches requests of r.
func matched(r api.Route, allowed []api.Route) bool {
	example := strings.ReplaceAll(Pattern(r), "*", "x")
	for _, a := range allowed {
		if match(Pattern(a), example) {
			return true
		}
	}
	return false
}

// match reports whether text matches an IAM pattern: "*" stands for any characters,
// including slashes, and "?" for any single character.
func match(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// Evaluate reports whether a policy allows a method ARN, by API Gateway's rules: an
// explicit deny takes precedence, and without an allow the request is denied.
func Evaluate(p events.APIGatewayCustomAuthorizerPolicy, methodARN string) bool {
	allowed := false
	for _, s := range p.Statement {
		for _, resource := range s.Resource {
			if !match(resource, methodARN) {
				continue
			}
			if s.Effect == "Deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}
