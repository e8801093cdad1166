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

// TestMCPPathAnswersOtherMethodsAndPreflightsByMocks checks what clients and browsers look at
// before they send a message.
func TestMCPPathAnswersOtherMethodsAndPreflightsByMocks(t *testing.T) {
	for name, methods := range map[string]string{"statgate": "'OPTIONS, POST'", "scorelytics": "'GET, HEAD, OPTIONS, POST'"} {
		mocks := synthesised(t, name).methods()
		header := func(id, header string) string {
			value, _ := dig(mocks[id].Properties, "Integration", "IntegrationResponses", 0, "ResponseParameters", "method.response.header."+header).(string)
			return value
		}
		if got := dig(mocks["ANY /v1/mcp"].Properties, "Integration", "IntegrationResponses", 0, "StatusCode"); got != "405" || header("ANY /v1/mcp", "Allow") != methods {
			t.Errorf("%s: other methods get %v with Allow %s, want 405 with %s", name, got, header("ANY /v1/mcp", "Allow"), methods)
		}
		allowed := header("OPTIONS /v1/mcp", "Access-Control-Allow-Headers")
		for _, one := range []string{"Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id"} {
			if !strings.Contains(allowed, one) {
				t.Errorf("%s: the preflight allows %s, without %s", name, allowed, one)
			}
		}
	}
}
