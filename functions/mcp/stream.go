package mcp

import (
	"context"
	"reflect"

	"statgate/shared/api"
)

// events is the whole event stream: the server sends nothing without a request. It tells
// clients to come back in an hour, and confirms the connection. The event has a type of its
// own, because clients take events of the type "message" for JSON-RPC.
const events = "retry: 3600000\n\nevent: open\ndata: {}\n\n"

// stream serves the GET of Streamable HTTP, for contracts that promise an event stream.
func stream(d Deps) api.Handler {
	h := api.Handle("streamMCP", func(context.Context, *api.Request, *api.Message) (api.Raw, error) {
		return api.Raw{ContentType: "text/event-stream", Body: []byte(events), Header: noStore}, nil
	})
	h.Input = reflect.TypeFor[struct{}]()
	h.Protocol = &api.Protocol{Row: func(server api.Route, m *api.Message) (api.Route, *api.Raw) {
		if why := d.Origins.check(m); why != "" {
			return server, forbidden(why)
		}
		return server, nil
	}}
	return h
}
