package stack_test

import (
	"strings"
	"testing"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func TestMCPServerIsAFunctionOfItsOwnWhereTheContractNamesIt(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract, tmpl template) {
		served := map[string]bool{}
		for id := range tmpl.of("AWS::Lambda::Function") {
			served[strings.ToLower(id[:strings.Index(id, "Function")])] = true
		}
		_, named := c.Operations[api.CallMCP]
		if served["mcp"] != named {
			t.Errorf("got a function mcp: %v, want %v", served["mcp"], named)
		}
	})
}

func TestOnlyTheMCPFunctionGetsTheListedOrigins(t *testing.T) {
	for name, want := range map[string]any{"statgate": nil, "statgate with everything": "https://app.example.com http://localhost:6274"} {
		seen := false
		for id, f := range synthesised(t, name).of("AWS::Lambda::Function") {
			got, is := dig(f.Properties, "Environment", "Variables", "MCP_ORIGINS"), strings.HasPrefix(id, "Mcp")
			seen = seen || is
			if is && got != want || !is && got != nil {
				t.Errorf("%s: %s: got origins %v, want %v", name, id, got, want)
			}
		}
		if !seen {
			t.Errorf("%s: there is no function mcp", name)
		}
	}
}

// TestMCPFunctionCannotChangeData holds because every tool only reads.
func TestMCPFunctionCannotChangeData(t *testing.T) {
	for _, name := range []string{"statgate", "scorelytics"} {
		for _, g := range grantsOf(t, synthesised(t, name), "mcp") {
			reads := g.action == "dynamodb:BatchGetItem" || g.action == "dynamodb:GetItem" || g.action == "dynamodb:Query"
			if strings.HasPrefix(g.resource, "StatsTable") && !reads {
				t.Errorf("%s: the function may %s on %s", name, g.action, g.resource)
			}
			if g.resource == "*" && !strings.HasPrefix(g.action, "xray:") || strings.HasPrefix(g.action, "secretsmanager:") || strings.HasPrefix(g.action, "apigateway:") {
				t.Errorf("%s: the function may %s on %s", name, g.action, g.resource)
			}
		}
	}
}
