package mcp

import (
	"io"
	"net/http"
	"time"

	"statgate/shared/api"
)

// Adapted serves a handler of the protocol over HTTP, without a gate.
func Adapted(h api.Handler) http.Handler {
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
		m := &api.Message{Header: r.Header, Host: r.Host, Body: body}
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
