package mcp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
)

func post(t *testing.T, w *deploymenttest.Fixture, secret, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Base+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(raw)
}

func TestX(t *testing.T) {
	for _, name := range []string{"statgate", "scorelytics"} {
		w := deploymenttest.New(t, name)
		w.Simulate(t)
		org, _ := w.Org(t, "a", w.Contract.DefaultPlan, "ada@example.com")
		_, secret := w.Key(t, org, "k", map[string][]string{"statgate": {"mcp:invoke", "read:leagues"}, "scorelytics": {"mcp:invoke"}}[name]...)
		for _, b := range []string{
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
			`{"jsonrpc":"2.0","id":"x","method":"tools/list"}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"usage","arguments":{}}}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"usage","arguments":{"a":1}}}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"standings","arguments":{"league":"en.1"}}}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"matches","arguments":{"league":"en.1"}}}`,
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"nope"}}`,
			`{"jsonrpc":"2.0","id":2,"method":"resources/list"}`,
			`{"jsonrpc":"2.0","id":2,"method":"ping"}`,
			`[{"jsonrpc":"2.0","id":2,"method":"ping"}]`, `{`, ``,
		} {
			res, body := post(t, w, secret, b)
			t.Log(name, b, res.StatusCode, body, res.Header.Get("X-RateLimit-Remaining"), res.Header.Get("Ratelimit"))
		}
		meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
		for _, b := range [][2]string{
			{"server/discover", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + meta + `}}`},
			{"tools/list", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`},
			{"tools/call", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"usage","arguments":{},` + meta + `}}`},
			{"subscriptions/listen", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{` + meta + `}}`},
		} {
			res, body := post(t, w, secret, b[1], "MCP-Protocol-Version", "2026-07-28", "Mcp-Method", b[0], "Mcp-Name", "usage")
			t.Log(name, b[0], res.StatusCode, body)
		}
	}
}
