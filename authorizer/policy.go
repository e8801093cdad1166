package authorizer

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/api"
)

// Stage is the part of a method ARN that all routes of a stage share:
// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE.
func Stage(methodARN string) string {
	parts := strings.SplitN(methodARN, "/", 3)
	if len(parts) < 2 {
		return methodARN
	}
	return parts[0] + "/" + parts[1]
}

// Policy allows every route that the permissions reach. A path parameter becomes
// "*", which crosses slashes: GET/v1/keys/* also matches GET/v1/keys/k1/usage.
// Where that would reach a route that is not held, an explicit deny goes with it.
func Policy(routes []api.Route, permissions []string, stage string) events.APIGatewayCustomAuthorizerPolicy {
	var allow, deny []string
	var held, lost []api.Route
	for _, r := range routes {
		if r.Allowed(permissions) {
			held = append(held, r)
			allow = append(allow, stage+"/"+Pattern(r))
		} else {
			lost = append(lost, r)
		}
	}
	for _, r := range lost {
		if reached(r, held) {
			deny = append(deny, stage+"/"+Pattern(r))
		}
	}
	p := events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17"}
	if len(allow) > 0 {
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

// Pattern is METHOD/path with each parameter as "*".
func Pattern(r api.Route) string {
	parts := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return r.Method + "/" + strings.Join(parts, "/")
}

// reached tells whether an allowed pattern matches some request of the route.
func reached(r api.Route, held []api.Route) bool {
	example := strings.ReplaceAll(Pattern(r), "*", "x")
	for _, h := range held {
		if Match(Pattern(h), example) {
			return true
		}
	}
	return false
}

// Match matches a text against an IAM pattern: "*" is any run of characters,
// slashes included, and "?" any one.
func Match(pattern, text string) bool {
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

// Evaluate tells what API Gateway makes of a policy for one method ARN: an
// explicit deny wins, and what nothing allows is denied.
func Evaluate(p events.APIGatewayCustomAuthorizerPolicy, methodARN string) bool {
	allowed := false
	for _, s := range p.Statement {
		for _, resource := range s.Resource {
			if !Match(resource, methodARN) {
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
