package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"statgate/functions/mcp/jsonrpc"
	"statgate/functions/mcp/tools"
	"statgate/shared/api"
	"statgate/shared/contract"
)

var noStore = map[string]string{"Cache-Control": "no-store"}

// newest is the first revision of the protocol in which errors of the envelope have an HTTP
// status of their own.
const newest = "2026-07-28"

// methods are the methods that the server has. It has tools alone: a client that subscribes to
// changes would hold a function until its timeout.
var methods = []string{"initialize", "server/discover", "ping", "tools/list", "tools/call"}

// document is what the OpenAPI document shows of a message.
type document struct {
	Version string     `json:"jsonrpc" enum:"2.0" doc:"Version of JSON-RPC"`
	ID      any        `json:"id,omitempty" doc:"Id of the request, a string or an integer; notifications have none" example:"1"`
	Method  string     `json:"method" text:"id" doc:"Method, such as tools/call" example:"tools/call"`
	Params  api.Object `json:"params,omitempty" doc:"Parameters of the method"`
}

// endpoint is the operation callMCP.
type endpoint struct {
	Deps
	protocol *protocol
	methods  []string
}

// call serves JSON-RPC messages. The gate counts a call of a tool under the tool's own row, and
// everything else under a row that costs nothing.
func call(d Deps) api.Handler {
	if d.Tools.Contract == nil {
		d.Tools.Contract = &contract.Contract{} // the handlers are only listed
	}
	e := &endpoint{Deps: d, protocol: newProtocol(tools.All(d.Tools), d.Tools.Contract), methods: methods}
	return e.handler()
}

// Over returns the handler of callMCP over another server of the SDK, which has other methods.
// Suites of the protocol that bring tools of their own test the adapter with it.
func Over(server *mcp.Server, origins Origins, methods ...string) api.Handler {
	e := &endpoint{Deps: Deps{Tools: tools.Deps{Contract: &contract.Contract{}}, Origins: origins}, protocol: adapt(server), methods: methods}
	return e.handler()
}

func (e *endpoint) handler() api.Handler {
	h := api.Handle(api.CallMCP, e.call)
	h.Input = reflect.TypeFor[document]()
	h.Protocol = &api.Protocol{Row: e.row, Refuse: e.refuse}
	return h
}

// row reads the envelope of a message.
func (e *endpoint) row(server api.Route, m *api.Message) (api.Route, *api.Raw) {
	if why := e.Origins.check(m); why != "" {
		return server, forbidden(why)
	}
	if raw := negotiate(m.Header); raw != nil {
		return server, raw
	}
	msg, bad := jsonrpc.Decode(m.Body)
	if bad != nil {
		return server, refusal(http.StatusBadRequest, msg.ID, bad)
	}
	m.State = msg
	if tool, ok := api.FindTool(e.Tools.Contract, msg.Tool); ok {
		m.Name = tool.Name
		return tool.Row(server, e.Tools.Contract), nil
	}
	return api.FreeRow(server), nil
}

// negotiate refuses media types that the server cannot read or write. The server answers with
// JSON alone, so it does not insist that clients accept event streams, too.
func negotiate(h http.Header) *api.Raw {
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "application/json" {
		return refusal(http.StatusUnsupportedMediaType, nil, invalid("Content-Type: must be application/json"))
	}
	accept := h.Values("Accept")
	if len(accept) == 0 {
		return nil
	}
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		switch kind, _, _ := mime.ParseMediaType(strings.TrimSpace(one)); kind {
		case "application/json", "application/*", "*/*":
			return nil
		}
	}
	return refusal(http.StatusNotAcceptable, nil, invalid("Accept: must include application/json"))
}

func invalid(message string) *jsonrpc.Error {
	return &jsonrpc.Error{Code: jsonrpc.InvalidRequest, Message: message}
}

// refusal is an answer with a JSON-RPC error.
func refusal(status int, id json.RawMessage, e *jsonrpc.Error) *api.Raw {
	return &api.Raw{Status: status, ContentType: "application/json", Body: jsonrpc.Response(id, e), Header: noStore}
}

// call answers a message that the gate has admitted.
func (e *endpoint) call(ctx context.Context, r *api.Request, m *api.Message) (api.Raw, error) {
	msg, ok := m.State.(*jsonrpc.Message)
	if !ok {
		return api.Raw{}, errors.New("mcp: the message was not decoded")
	}
	if raw := e.unknown(m.Header, msg); raw != nil {
		return *raw, nil
	}
	caller := r.Caller
	if e.Tools.Contract.MCP.Tools == contract.ToolsAlone {
		caller = reading(caller, e.Tools.Contract)
	}
	return e.protocol.serve(ctx, m.Header, msg, &session{call: &tools.Call{
		Caller: caller, Contract: e.Tools.Contract, Now: r.Now, Meter: r.Meter, Cursors: r.Cursors,
	}})
}

// unknown answers messages that need no SDK: methods that the server does not have, calls of
// what cannot be a tool, and messages that have no response.
func (e *endpoint) unknown(h http.Header, msg *jsonrpc.Message) *api.Raw {
	if msg.ID == nil || msg.Method == "" {
		return &api.Raw{Status: http.StatusAccepted, Header: noStore}
	}
	if !slices.Contains(e.methods, msg.Method) {
		return refusal(statusOf(h, http.StatusNotFound), msg.ID, &jsonrpc.Error{Code: jsonrpc.MethodNotFound, Message: "the server does not have the method " + strconv.Quote(tools.Cut(msg.Method, maxQuoted))})
	}
	if msg.Method != "tools/call" || msg.Tool != "" && len(msg.Tool) <= maxToolName {
		return nil
	}
	why := "params.name: must be the name of a tool"
	if msg.Tool != "" {
		why = "unknown tool " + strconv.Quote(tools.Cut(msg.Tool, maxQuoted))
	}
	return refusal(statusOf(h, http.StatusBadRequest), msg.ID, &jsonrpc.Error{Code: jsonrpc.InvalidParams, Message: why})
}

// maxToolName is the longest name of a tool, in bytes. The SDK repeats the name of an unknown
// tool in its error.
const maxToolName = 128

// maxQuoted bounds what an error repeats of a message, in bytes.
const maxQuoted = 80

// statusOf returns the HTTP status of a JSON-RPC error: 200 before the newest revision.
func statusOf(h http.Header, status int) int {
	if h.Get("Mcp-Protocol-Version") >= newest {
		return status
	}
	return http.StatusOK
}

// reading returns a copy of a caller that may read what the contract's tools read. Every role
// may read.
func reading(c *api.Caller, of *contract.Contract) *api.Caller {
	copied := *c
	copied.Permissions = append([]string{}, c.Permissions...)
	for _, t := range api.ToolsFor(of) {
		copied.Permissions = append(copied.Permissions, t.Permissions...)
	}
	return &copied
}

// refuse returns the protocol's answer to an error. What concerns the key itself keeps the
// contract's shape, as it does on every path, and so do faults.
func (e *endpoint) refuse(ctx context.Context, m *api.Message, status int, err *api.Error) *api.Raw {
	msg, _ := m.State.(*jsonrpc.Message)
	switch {
	case err.Condition == api.InputJSON:
		return refusal(status, nil, &jsonrpc.Error{Code: jsonrpc.ParseError, Message: err.Message})
	case err.Condition == api.InputSize:
		return refusal(status, nil, invalid(err.Message))
	case msg == nil:
		return nil
	case err.Condition == api.PermissionTool:
		return e.result(ctx, m.Header, msg, err.Message)
	case err.Condition == api.Quota && m.Name != "" && e.Tools.Contract.MCP.UsedUp == contract.UsedUpResult:
		return e.result(ctx, m.Header, msg, err.Message+" ("+seconds(err.RetryAfter)+")")
	case err.Condition == api.Quota || err.Condition == api.QuotaManagement:
		return refusal(status, msg.ID, &jsonrpc.Error{Code: jsonrpc.ServerError, Message: err.Message,
			Data: map[string]int64{"retry_after_seconds": api.WholeSeconds(err.RetryAfter)}})
	}
	return nil
}

// result returns a tool's result that is an error, because a model sees results only.
func (e *endpoint) result(ctx context.Context, h http.Header, msg *jsonrpc.Message, text string) *api.Raw {
	raw, err := e.protocol.serve(ctx, h, msg, &session{refused: text})
	if err != nil {
		return nil
	}
	return &raw
}

func seconds(d time.Duration) string {
	return "wait " + strconv.FormatInt(api.WholeSeconds(d), 10) + " seconds"
}
