package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"statgate/functions/mcp/jsonrpc"
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/contract"
)

// listTTL is how long clients may keep a list of tools, in milliseconds. Keys change rarely.
const listTTL = 5 * 60 * 1000

// version is the version that the server states to clients.
const version = "1.0.0"

// protocol speaks the protocol by the SDK. It is made once and has no state between requests.
type protocol struct {
	http     http.Handler
	contract *contract.Contract
}

// session is one request. The SDK passes it to the tool in its context, which does not end with
// the request at older revisions; ctx does.
type session struct {
	ctx     context.Context
	call    *tools.Call
	refused string     // the result of a tool that is not called; "" if it is
	ended   chan error // the fault of a tool, or nil
}

type sessionKey struct{}

func newProtocol(all []tools.Tool, c *contract.Contract) *protocol {
	server := mcp.NewServer(&mcp.Implementation{Name: c.Name, Title: c.Title, Version: version}, &mcp.ServerOptions{
		Instructions: tools.Instructions(all, c),
		Logger:       slog.New(slog.DiscardHandler), // it would log what clients send
		// Tools alone. By default the SDK announces logging, and that lists change.
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
		// Lists depend on the key.
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) { c.TTLMs, c.CacheScope = listTTL, "private" },
	})
	for _, t := range all {
		server.AddTool(describe(t), run(t))
	}
	p := adapt(server)
	p.contract = c
	server.AddReceivingMiddleware(p.visible)
	return p
}

// adapt returns the adapter of a server: without sessions and event streams.
func adapt(server *mcp.Server) *protocol {
	return &protocol{http: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, PropagateRequestCancellation: true,
		Logger:                     slog.New(slog.DiscardHandler),
		DisableLocalhostProtection: true, // Origins checks it
	})}
}

// describe returns what the list of tools says of a tool.
func describe(t tools.Tool) *mcp.Tool {
	closed := false
	return &mcp.Tool{Name: t.Name, Title: t.Title, Description: t.Description, InputSchema: t.InputSchema, OutputSchema: t.OutputSchema,
		Annotations: &mcp.ToolAnnotations{Title: t.Title, ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed}}
}

// visible removes the tools that the caller may not call from the list of tools.
func (p *protocol) visible(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		res, err := next(ctx, method, req)
		list, ok := res.(*mcp.ListToolsResult)
		if !ok || err != nil {
			return res, err
		}
		s, ok := ctx.Value(sessionKey{}).(*session)
		if !ok || s.call == nil {
			return nil, errors.New("mcp: the list of tools has no caller")
		}
		shown := []*mcp.Tool{}
		for _, t := range list.Tools {
			if row, ok := api.FindTool(p.contract, t.Name); ok && row.Visible(s.call.Caller.Permissions, p.contract) {
				shown = append(shown, t)
			}
		}
		list.Tools = shown
		return list, nil
	}
}

// run returns the SDK's handler of a tool.
func run(t tools.Tool) mcp.ToolHandler {
	return func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s, ok := ctx.Value(sessionKey{}).(*session)
		switch {
		case !ok:
			return nil, errors.New("mcp: the call has no caller")
		case s.refused != "":
			return failed(s.refused), nil
		}
		answer, err := s.run(t, req.Params.Arguments)
		if err != nil {
			fault := api.ErrorOf(err)
			if fault.Condition == api.Unavailable || fault.Condition == api.Internal {
				s.ended <- fault // the adapter answers it as any other fault
				return nil, errors.New("the tool failed")
			}
			res := failed(tools.Problem(fault))
			res.Meta = left(s.call.Meter)
			return res, nil
		}
		return &mcp.CallToolResult{Meta: left(s.call.Meter), StructuredContent: answer.Data,
			Content: []mcp.Content{&mcp.TextContent{Text: answer.Text}}}, nil
	}
}

// run calls a tool in the time of the request. The SDK calls tools in goroutines of its own,
// where a panic would end the process.
func (s *session) run(t tools.Tool, arguments json.RawMessage) (answer *tools.Answer, err error) {
	defer recovered(t.Name, &err)
	if sent := string(bytes.TrimSpace(arguments)); sent != "" && sent != "null" && sent[0] != '{' {
		return nil, api.FieldError("arguments", "must be an object")
	}
	return t.Run(s.ctx, s.call, arguments)
}

func failed(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}

// left says what is left of the quota.
func left(m api.Meter) mcp.Meta {
	if m.Unlimited || m.Limit == 0 {
		return nil
	}
	return mcp.Meta{"quota": map[string]any{"budget": m.Budget, "limit": m.Limit, "remaining": m.Remaining(), "resets_at": m.ResetsAt}}
}

// serve answers a message by the SDK. It ends with its context even if the SDK does not.
func (p *protocol) serve(ctx context.Context, h http.Header, msg *jsonrpc.Message, s *session) (api.Raw, error) {
	s.ctx, s.ended = ctx, make(chan error, 1)
	req, err := http.NewRequestWithContext(context.WithValue(ctx, sessionKey{}, s), http.MethodPost, "/", bytes.NewReader(msg.Encoded()))
	if err != nil {
		return api.Raw{}, err
	}
	for name, values := range h {
		if strings.HasPrefix(name, "Mcp-") && name != "Mcp-Session-Id" {
			req.Header[name] = values
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	w := &recorder{header: http.Header{}}
	done := make(chan error, 1)
	go func() { done <- p.handle(w, req) }()
	select {
	case fault := <-s.ended:
		return api.Raw{}, fault
	case <-ctx.Done():
		return api.Raw{}, api.UnavailableError("answering a message", context.Cause(ctx))
	case err := <-done:
		if err != nil {
			return api.Raw{}, err
		}
	}
	select {
	case fault := <-s.ended:
		return api.Raw{}, fault
	default:
		return w.answer(msg.ID), nil
	}
}

// handle calls the SDK and turns a panic into an error.
func (p *protocol) handle(w *recorder, req *http.Request) (err error) {
	defer recovered("the SDK", &err)
	if p.http.ServeHTTP(w, req); w.status == 0 {
		return errors.New("mcp: the SDK gave no answer")
	}
	return nil
}

// recovered turns a panic into an error. The stack trace is only logged.
func recovered(what string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("mcp: %s: panic: %v\n%s", what, r, debug.Stack())
	}
}

// recorder is the SDK's ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// answer returns the SDK's response. Refusals in plain text become JSON-RPC errors.
func (w *recorder) answer(id json.RawMessage) api.Raw {
	kind := w.header.Get("Content-Type")
	if w.status >= http.StatusBadRequest && kind != "application/json" {
		return *refusal(w.status, id, invalid(strings.TrimSpace(w.body.String())))
	}
	raw := api.Raw{Status: w.status, Body: bytes.TrimSpace(w.body.Bytes()), Header: noStore}
	if len(raw.Body) > 0 {
		raw.ContentType = kind
	}
	return raw
}
