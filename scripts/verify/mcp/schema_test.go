package mcp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"statgate/functions/mcp"
	"statgate/shared/api"
)

// adapted serves a handler of the protocol over HTTP, without a gate.
func adapted(h api.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "reading the body", http.StatusBadRequest)
			return
		}
		m := &api.Message{Method: r.Method, Header: r.Header, Host: r.Host, Body: body}
		_, raw := h.Protocol.Row(api.Route{Operation: api.CallMCP}, m)
		if raw == nil {
			answer, err := h.Call(r.Context(), &api.Request{Caller: &api.Caller{}, Now: time.Now()}, m)
			typed, ok := answer.(api.Raw)
			if err != nil || !ok {
				http.Error(w, "the handler failed", http.StatusInternalServerError)
				return
			}
			raw = &typed
		}
		for name, value := range raw.Header {
			w.Header().Set(name, value)
		}
		if raw.ContentType != "" {
			w.Header().Set("Content-Type", raw.ContentType)
		}
		w.WriteHeader(raw.Status)
		_, _ = w.Write(raw.Body) // the client went away
	})
}

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
	at := httptest.NewServer(adapted(mcp.Over(server, mcp.Origins{}, "initialize", "server/discover", "ping", "tools/list", "tools/call")))
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
