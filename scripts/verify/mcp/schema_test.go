package mcp

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"statgate/functions/mcp"
)

// refusesABadResult shows that a client checks results, so that those of the product are valid.
func refusesABadResult(t *testing.T, c client, d *driver) {
	if c.revision < "2025-06-18" {
		return // there was no structured content
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "schemas", Version: "1.0.0"}, nil)
	schema := json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`)
	for name, structured := range map[string]any{"right": map[string]any{"n": 1}, "wrong": map[string]any{"n": "one"}} {
		server.AddTool(&sdk.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`), OutputSchema: schema},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				return &sdk.CallToolResult{StructuredContent: structured, Content: []sdk.Content{&sdk.TextContent{Text: "n"}}}, nil
			})
	}
	at := httptest.NewServer(Adapted(mcp.Over(server, mcp.Origins{}, "initialize", "server/discover", "ping", "tools/list", "tools/call")))
	t.Cleanup(at.Close)
	if _, err := d.connect(at.URL, "none"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.list(); err != nil {
		t.Fatal(err)
	}
	if got, err := d.call("right", map[string]any{}); err != nil || strings.ReplaceAll(string(got.StructuredContent), " ", "") != `{"n":1}` {
		t.Errorf("a valid result: got %s and %v", got.StructuredContent, err)
	}
	if got, err := d.call("wrong", map[string]any{}); err == nil {
		t.Errorf("an invalid result: got %s, want an error", got.StructuredContent)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
}
