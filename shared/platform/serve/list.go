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
	page := api.PageInfo{Page: b.Page, Limit: b.Limit()}
	signed := &signer{function: f, call: c, query: b.Query}
	after, err := signed.read(ctx, b.Cursor())
	if err != nil {
		return nil, page, err
	}
	at, err := f.skip(ctx, c, b, after)
	if err != nil {
		return nil, page, err
	}
	value, err := f.filled(ctx, c, b, at, page.Limit)
	if err != nil {
		return nil, page, err
	}
	if f.Contract.Paging.Count && !c.route.OwnShape(f.Contract) && value.Count() == nil {
		if page.Total, err = f.count(ctx, c, b, at, value); err != nil {
			return nil, page, err
		}
	}
	page.Next, err = signed.write(ctx, value.Position())
	return value, page, err
}

// signer reads and writes the cursors of one call. The key that signs them is read
// where there is one to read or to write.
type signer struct {
	function *Function
	call     *call
	query    string
	cursors  *api.Cursors
}

// ready reads the key, and names the query that the call's cursors belong to.
func (s *signer) ready(ctx context.Context) error {
	if s.cursors != nil {
		return nil
	}
	key, err := s.function.CursorKey(ctx)
	if err != nil {
		return api.Down("reading the key that signs cursors", err)
	}
	s.cursors = &api.Cursors{Key: key}
	if !s.call.route.Management {
		s.cursors.Life = time.Duration(s.function.Contract.Paging.CursorLife) * time.Second
	}
	s.query = s.call.route.Operation + "\n" + s.call.request.Caller.Org + "\n" + fmt.Sprint(s.call.event.PathParameters) + "\n" + s.query
	return nil
}

// read returns the position that a cursor stands for, "" without one.
func (s *signer) read(ctx context.Context, sent string) (string, error) {
	if sent == "" {
		return "", nil
	}
	if err := s.ready(ctx); err != nil {
		return "", err
	}
	after, err := s.cursors.Decode(s.query, sent, s.call.request.Now)
	if err != nil {
		return "", api.Wrong(api.InputCursor, s.call.route.binder.Name("cursor"), err.Error())
	}
	return after, nil
}

// write returns the cursor of a position, nil where nothing follows.
func (s *signer) write(ctx context.Context, next string) (*string, error) {
	if next == "" {
		return nil, nil
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	cursor := s.cursors.Encode(s.query, next, s.call.request.Now)
	return &cursor, nil
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
		return nil, api.Fail(api.InputFilter, "the filters match too few items of a long list; use fewer or other filters")
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
		return at, api.Wrong(api.InputCursor, c.route.binder.Style(), fmt.Sprintf("only the first %d items can be read; narrow the filters", bind.MaxSkip))
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
