// Package edgetest runs the code of an edge function in a test, as CloudFront does.
package edgetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/dop251/goja"
)

// Viewer is the IP address from which every request comes.
const Viewer = "203.0.113.7"

// Request calls the function with CloudFront's viewer-request event and returns its
// result: a request that is passed on, or a response. Like CloudFront's runtime, the
// engine has no timers, network or modules.
func Request(code, method, uri string, h http.Header, q url.Values) (map[string]any, error) {
	vm := goja.New()
	if _, err := vm.RunString(code); err != nil {
		return nil, fmt.Errorf("edgetest: loading the function: %w", err)
	}
	headers, query := map[string]any{}, map[string]any{}
	for name, values := range h {
		headers[strings.ToLower(name)] = field(values)
	}
	for name, values := range q {
		escaped := make([]string, len(values))
		for i, v := range values {
			escaped[i] = url.QueryEscape(v)
		}
		query[name] = field(escaped)
	}
	event := map[string]any{"version": "1.0", "context": map[string]any{"requestId": "req-1", "eventType": "viewer-request"},
		"viewer":  map[string]any{"ip": Viewer},
		"request": map[string]any{"method": method, "uri": uri, "headers": headers, "querystring": query, "cookies": map[string]any{}}}
	raw, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("edgetest: encoding the event: %w", err)
	}
	out, err := vm.RunString("JSON.stringify(handler(" + string(raw) + "))")
	if err != nil {
		return nil, fmt.Errorf("edgetest: calling the function: %w", err)
	}
	var got map[string]any
	return got, json.Unmarshal([]byte(out.String()), &got)
}

func field(values []string) map[string]any {
	f := map[string]any{"value": values[len(values)-1]}
	if len(values) > 1 {
		var many []map[string]any
		for _, v := range values {
			many = append(many, map[string]any{"value": v})
		}
		f["multiValue"] = many
	}
	return f
}
