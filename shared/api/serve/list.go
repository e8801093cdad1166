package serve

import (
	"context"
	"fmt"
	"time"

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
		if !c.route.Management {
			cursors.Life = time.Duration(f.Contract.Paging.CursorLife) * time.Second
		}
		query = c.route.Operation + "\n" + c.request.Caller.Org + "\n" + fmt.Sprint(c.event.PathParameters) + "\n" + b.Query
		return nil
	}
	if sent := b.Cursor(); sent != "" {
		if err := sign(); err != nil {
			return nil, page, err
		}
		var err error
		if after, err = cursors.Decode(query, sent, c.request.Now); err != nil {
			return nil, page, api.Wrong(api.InputCursor, c.route.binder.Name("cursor"), err.Error())
		}
	}
	at, err := f.skip(ctx, c, b, after)
	if err != nil {
		return nil, page, err
	}
	value, err := f.filled(ctx, c, b, at, limit)
	if err != nil {
		return nil, page, err
	}
	if f.Contract.Paging.Count && !c.route.OwnShape(f.Contract) && value.Count() == nil {
		if page.Total, err = f.count(ctx, c, b, at, value); err != nil {
			return nil, page, err
		}
	}
	if next := value.Position(); next != "" {
		if err := sign(); err != nil {
			return nil, page, err
		}
		cursor := cursors.Encode(query, next, c.request.Now)
		page.Next = &cursor
	}
	return value, page, nil
}

// empty is the page beyond the end of a list.
type empty struct{ api.Listed }

func (empty) Items() any       { return []any{} }
func (empty) Position() string { return "" }
func (empty) Len() int         { return 0 }

// turnsAtMost bounds how often one request asks a handler that passes over what its
// filters leave out: three times what an offset takes to the farthest item where
// nothing is left out.
const turnsAtMost = 3 * bind.MaxSkip / stride

func (f *Function) items(ctx context.Context, c *call, b *bind.Bound, past bool) (api.Listed, error) {
	if c.turns++; c.turns > turnsAtMost {
		return nil, api.Fail(api.InputFilter, "what is asked for is too rare in a list as long as this: ask with fewer filters, or others")
	}
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

// filled is the page at a place. A handler's page may be shorter than its limit where
// its filters leave much out. A cursor goes on from there; a number would pass over
// what follows, so there the page is filled.
func (f *Function) filled(ctx context.Context, c *call, b *bind.Bound, at place, limit int) (api.Listed, error) {
	b.GoTo(at.after, limit)
	value, err := f.items(ctx, c, b, at.past)
	for err == nil && c.route.binder.Style() != "cursor" && value.Len() < limit && value.Position() != "" {
		var more api.Listed
		b.GoTo(value.Position(), limit-value.Len())
		if more, err = f.items(ctx, c, b, false); err == nil {
			value, err = value.Then(more)
		}
	}
	return value, err
}

// place is where a page begins.
type place struct {
	after  string // the position before it
	before int    // items before it, or in all where it is past the end
	past   bool   // the list ends before it
}

// stride is how many items are read at a time where none is shown.
const stride = 1000

// skip reads past the items before a page number or an offset. Its cost grows
// with the place, so there is a bound.
func (f *Function) skip(ctx context.Context, c *call, b *bind.Bound, after string) (place, error) {
	at := place{after: after}
	if b.Skip+b.Limit() > bind.MaxSkip {
		return at, api.Wrong(api.InputCursor, c.route.binder.Style(), fmt.Sprintf("only the first %d items can be reached; narrow the filters", bind.MaxSkip))
	}
	for at.before < b.Skip {
		b.GoTo(at.after, min(b.Skip-at.before, stride))
		list, err := f.items(ctx, c, b, false)
		if err != nil {
			return at, err
		}
		at.before += list.Len()
		if list.Position() == "" {
			at.past = true
			return at, nil
		}
		at.after = list.Position()
	}
	return at, nil
}

// count tells how many items a list has that no counter knows: it reads on from
// the page, as far as an offset could. What is beyond nobody can ask for.
func (f *Function) count(ctx context.Context, c *call, b *bind.Bound, at place, page api.Listed) (*int64, error) {
	n, next := at.before+page.Len(), page.Position()
	for next != "" && n < bind.MaxSkip {
		b.GoTo(next, min(bind.MaxSkip-n, stride))
		list, err := f.items(ctx, c, b, false)
		if err != nil {
			return nil, err
		}
		n, next = n+list.Len(), list.Position()
	}
	total := int64(n)
	return &total, nil
}
