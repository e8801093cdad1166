package serve

import (
	"context"
	"fmt"

	"statgate/shared/api"
	"statgate/shared/api/bind"
)

// list calls a list's handler where the client's cursor, page or offset points.
func (f *Function) list(ctx context.Context, c *call, b *bind.Bound) (any, api.PageInfo, error) {
	limit, after := b.Limit(), ""
	page := api.PageInfo{Page: b.Page, Limit: limit}
	var cursors api.Cursors
	var query string
	ready := false
	sign := func() error {
		if ready {
			return nil
		}
		key, err := f.CursorKey(ctx)
		if err != nil {
			return api.Down("reading the key that signs cursors", err)
		}
		cursors, ready = api.Cursors{Key: key}, true
		query = c.route.Operation + "\n" + c.request.Caller.Org + "\n" + fmt.Sprint(c.event.PathParameters) + "\n" + b.Query
		return nil
	}
	if sent := b.Cursor(); sent != "" {
		if err := sign(); err != nil {
			return nil, page, err
		}
		var ok bool
		if after, ok = cursors.Decode(query, sent); !ok {
			return nil, page, api.Fail(api.InputCursor, "%s: was not made for this query", c.route.binder.Name("cursor"))
		}
	}
	after, past, err := f.skip(ctx, c, b, after)
	if err != nil {
		return nil, page, err
	}
	b.GoTo(after, limit)
	value, err := f.items(ctx, c, b, past)
	if err != nil {
		return nil, page, err
	}
	if next := value.Position(); next != "" {
		if err := sign(); err != nil {
			return nil, page, err
		}
		cursor := cursors.Encode(query, next)
		page.Next = &cursor
	}
	return value, page, nil
}

// empty is the page beyond the end of a list.
type empty struct{ api.Listed }

func (empty) Items() any       { return []any{} }
func (empty) Position() string { return "" }
func (empty) Len() int         { return 0 }

func (f *Function) items(ctx context.Context, c *call, b *bind.Bound, past bool) (api.Listed, error) {
	value, err := c.route.handler.Call(ctx, c.request, b.Input)
	if err != nil {
		return nil, err
	}
	list, ok := value.(api.Listed)
	if !ok {
		return nil, fmt.Errorf("serve: %s pages its input and answers with %T, no list", c.route.Operation, value)
	}
	if past {
		return empty{list}, nil
	}
	return list, nil
}

// skip reads past the items before a page number or an offset. Its cost grows
// with the place, so there is a bound; past tells that the list ends before it.
func (f *Function) skip(ctx context.Context, c *call, b *bind.Bound, after string) (at string, past bool, err error) {
	if b.Skip+b.Limit() > bind.MaxSkip {
		return "", false, api.Fail(api.InputCursor, "only the first %d items can be reached by page or offset; narrow the filters", bind.MaxSkip)
	}
	for left := b.Skip; left > 0; {
		step := min(left, 1000)
		b.GoTo(after, step)
		list, err := f.items(ctx, c, b, false)
		if err != nil {
			return "", false, err
		}
		if list.Position() == "" {
			return after, true, nil
		}
		after = list.Position()
		left -= list.Len()
	}
	return after, false, nil
}
