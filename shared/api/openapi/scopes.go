package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// Scopes lists the contract's scopes that reach the route, each by itself, in the
// contract's order; none where any key reaches it.
func Scopes(c *contract.Contract, r api.Route) []string {
	if r.Open || len(r.Permissions) == 0 {
		return nil
	}
	var reach []string
	for _, name := range c.Scopes.Names() {
		patterns, err := c.Scopes.Permissions([]string{name})
		if err == nil && r.Allowed(patterns) {
			reach = append(reach, name)
		}
	}
	return reach
}

// access says in a sentence what a call needs.
func access(c *contract.Contract, r api.Route, scopes []string) string {
	switch {
	case r.Open:
		return "No API key is needed."
	case len(r.Permissions) == 0:
		return "Any valid API key may call this."
	case len(scopes) == 0 && c.Scopes.Style == "role" && Writes(r.Permissions):
		return "Only keys whose owner is an owner or admin of the organisation may call this."
	case len(scopes) == 0 && c.Scopes.Style == "role":
		return "Any key of an organisation may call this, whatever its owner's role."
	case len(scopes) == 0:
		return "No scope of this API reaches this operation."
	}
	quoted := make([]string, len(scopes))
	for i, s := range scopes {
		quoted[i] = "`" + s + "`"
	}
	text := "Needs the scope " + quoted[0] + "."
	if len(quoted) > 1 {
		text = "Needs any one of the scopes " + strings.Join(quoted, ", ") + "."
	}
	if c.Scopes.Style == "grid" && !r.Management {
		text += " Where a key names resources, its verbs reach those alone."
	}
	return text
}

// Writes tells whether each of the permissions, of which there are some, writes:
// then a key must do so.
func Writes(permissions []string) bool {
	reads := func(p string) bool { return !strings.HasSuffix(p, ":write") }
	return len(permissions) > 0 && !slices.ContainsFunc(permissions, reads)
}

func cost(r api.Route) string {
	switch {
	case r.Open:
		return ""
	case r.Cost == 0:
		return " Calls do not count against the quota."
	}
	return " A call counts once against the quota."
}

func description(c *contract.Contract, r api.Route, scopes []string) string {
	text := prose[r.Operation]
	if text != "" {
		text += "\n\n"
	}
	return text + access(c, r, scopes) + cost(r)
}

// schemes are the ways in which a secret may be sent.
func schemes(c *contract.Contract) map[string]*huma.SecurityScheme {
	all := map[string]*huma.SecurityScheme{}
	for _, t := range c.HTTPTransports() {
		switch t {
		case contract.Bearer:
			all["bearer"] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: "API key",
				Description: fmt.Sprintf("`Authorization: Bearer %s…`", examplePrefix(c))}
		case contract.XAPIKey:
			all["apiKeyHeader"] = &huma.SecurityScheme{Type: "apiKey", In: "header", Name: "X-API-Key", Description: "The API key in a header of its own"}
		case contract.Query:
			all["apiKeyQuery"] = &huma.SecurityScheme{Type: "apiKey", In: "query", Name: "api_key",
				Description: "The API key in the query; addresses end in logs, so prefer a header"}
		}
	}
	return all
}

var schemeOf = map[string]string{contract.Bearer: "bearer", contract.XAPIKey: "apiKeyHeader", contract.Query: "apiKeyQuery"}

// security lists the schemes, any one of which is enough; an open route has none.
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
