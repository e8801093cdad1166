package serve

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/access/transport"
	"statgate/shared/api"
)

// converse serves a request of a handler that has a protocol of its own. The row that the
// gate counts depends on the message, so the message is read first, but no more of it than
// the row needs.
func (f *Function) converse(ctx context.Context, c *call) (api.Answer, error) {
	c.message = &api.Message{Header: headers(c.event), Host: header(c.event, "Host")}
	if err := f.identify(c); err != nil {
		return api.Answer{}, err
	}
	var err error
	if c.message.Body, err = body(c.event); err != nil {
		return api.Answer{}, err
	}
	row, refused := c.route.handler.Protocol.Row(c.route.Route, c.message)
	if refused != nil {
		return f.enc.Success(c.request, c.route.handler.Status, *refused, api.PageInfo{})
	}
	if err := f.admit(ctx, c, row); err != nil {
		return api.Answer{}, err
	}
	c.request.Cursors = f.cursors
	value, err := c.route.handler.Call(ctx, c.request, c.message)
	if err != nil {
		return api.Answer{}, err
	}
	if err := c.request.StillCurrent(ctx); err != nil {
		return api.Answer{}, err
	}
	return f.enc.Success(c.request, c.route.handler.Status, value, api.PageInfo{})
}

// cursors returns what signs the cursors of data.
func (f *Function) cursors(ctx context.Context) (api.Cursors, error) {
	key, err := f.CursorKey(ctx)
	if err != nil {
		return api.Cursors{}, api.UnavailableError("reading the cursor key", err)
	}
	return api.Cursors{Key: key, Life: time.Duration(f.Contract.Paging.CursorLife) * time.Second}, nil
}

// headers returns the headers of a request in canonical form, without its secrets.
func headers(ev events.APIGatewayProxyRequest) http.Header {
	h := transport.Headers(ev.Headers, ev.MultiValueHeaders)
	for _, secret := range []string{"Authorization", "X-API-Key", "Cookie"} {
		h.Del(secret)
	}
	return h
}

// failed encodes an error: as the protocol of the handler does, if it has one that does, or
// else in the contract's shape.
func (f *Function) failed(ctx context.Context, c *call, err *api.Error) api.Answer {
	answer := f.enc.Error(c.request.ID, err)
	if c.message == nil || c.route.handler.Protocol.Refuse == nil {
		return answer
	}
	raw := c.route.handler.Protocol.Refuse(ctx, c.message, answer.Status, err)
	if raw == nil {
		return answer
	}
	if answer = f.enc.Raw(answer, *raw); answer.Status != http.StatusUnauthorized {
		delete(answer.Header, "WWW-Authenticate")
	}
	return answer
}
