package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Scopes lists the contract's scopes that allow the route, each by itself, in the
// contract's order. It returns nil if any key can call the route.
func Scopes(c *contract.Contract, r api.Route) []string {
	if r.Open || len(r.Permissions) == 0 {
		return nil
	}
	return r.Scopes(c.Scopes)
}

// access describes in a sentence what a request needs.
func access(c *contract.Contract, r api.Route, scopes []string) string {
	switch {
	case r.Open:
		return "No API key is required."
	case len(r.Permissions) == 0:
		return "Any valid API key can call this."
	case len(scopes) == 0 && c.Scopes.Style == "role" && Writes(r.Permissions):
		return "Requires a key whose owner has the role owner or admin in the organisation."
	case len(scopes) == 0 && c.Scopes.Style == "role":
		return "Any key of the organisation can call this, for every role of its owner."
	case len(scopes) == 0:
		return "No scope of this API allows this operation."
	}
	quoted := make([]string, len(scopes))
	for i, s := range scopes {
		quoted[i] = "`" + s + "`"
	}
	text := "Requires the scope " + quoted[0] + "."
	if len(quoted) > 1 {
		text = "Requires any one of the scopes " + strings.Join(quoted, ", ") + "."
	}
	if c.Scopes.Style == "grid" && !r.Management {
		text += " If a key has resource scopes, its verbs apply only to those resources."
	}
	return text
}

// Writes reports whether every permission is a write permission, so that a key must
// have one. It is false without permissions.
func Writes(permissions []string) bool {
	reads := func(p string) bool { return !strings.HasSuffix(p, ":write") }
	return len(permissions) > 0 && !slices.ContainsFunc(permissions, reads)
}

func cost(c *contract.Contract, r api.Route) string {
	switch {
	case r.Open:
		return ""
	case r.Cost == 0 && r.Urgent:
		return " Requests do not count against the quota or the budget for key management."
	case r.Cost == 0:
		return fmt.Sprintf(" Requests do not count against the quota. Each key may make %d requests of key management per %d seconds.", c.Management.Limit, c.Management.Window)
	}
	return " Each request counts once against the quota."
}

func description(c *contract.Contract, r api.Route, scopes []string) string {
	text := proseOf(c, r.Operation) + repeats[r.Repeat()]
	if more := rules[r.Operation]; more != "" {
		text += " " + more
	}
	for ours, theirs := range c.Operations[r.Operation].Names {
		text = strings.ReplaceAll(text, "`"+ours+"`", "`"+theirs+"`")
	}
	if text != "" {
		text += "\n\n"
	}
	return text + access(c, r, scopes) + cost(c, r)
}

// schemes returns the security schemes: the ways to send a secret.
func schemes(c *contract.Contract) map[string]*huma.SecurityScheme {
	all := map[string]*huma.SecurityScheme{}
	for _, t := range c.HTTPTransports() {
		switch t {
		case contract.Bearer:
			all["bearer"] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: "API key",
				Description: fmt.Sprintf("API key in the header `Authorization: Bearer %s…`", examplePrefix(c))}
		case contract.XAPIKey:
			all["apiKeyHeader"] = &huma.SecurityScheme{Type: "apiKey", In: "header", Name: "X-API-Key", Description: "API key in the header X-API-Key"}
		case contract.Query:
			all["apiKeyQuery"] = &huma.SecurityScheme{Type: "apiKey", In: "query", Name: "api_key",
				Description: "API key in the query; URLs are often logged, so prefer a header"}
		}
	}
	return all
}

var schemeOf = map[string]string{contract.Bearer: "bearer", contract.XAPIKey: "apiKeyHeader", contract.Query: "apiKeyQuery"}

// security lists the alternative schemes of a route; an open route has none.
func security(c *contract.Contract, r api.Route) []map[string][]string {
	ways := []map[string][]string{}
	if r.Open {
		return ways
	}
	for _, t := range c.HTTPTransports() {
		if name, ok := schemeOf[t]; ok && !slices.ContainsFunc(ways, func(w map[string][]string) bool { return w[name] != nil }) {
			ways = append(ways, map[string][]string{name: {}})
		}
	}
	return ways
}

func examplePrefix(c *contract.Contract) string { return c.Secret.Prefixes[c.Environments[0]] }
