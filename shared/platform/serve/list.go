package serve

import (
	"context"
	"fmt"

	"statgate/shared/api"
	"statgate/shared/api/bind"
)

// list returns the page of a list at the client's cursor, page number or offset.
func (f *Function) list(ctx context.Context, c *call, b *bind.Bound) (any, api.PageInfo, error) {
	page := api.PageInfo{Page: b.Page, Limit: b.Limit()}
	cursors := &cursorCodec{function: f, call: c, query: b.Query}
	after, err := cursors.decode(ctx, b.Cursor())
	if err != nil {
		return nil, page, err
	}
	at, err := f.skip(ctx, c, b, after)
	if err != nil {
		return nil, page, err
	}
	value, err := f.readPage(ctx, c, b, at, page.Limit)
	if err != nil {
		return nil, page, err
	}
	if f.Contract.Paging.Count && !c.route.OwnShape(f.Contract) && value.Count() == nil {
		if page.Total, err = f.count(ctx, c, b, at, value); err != nil {
			return nil, page, err
		}
	}
	page.Next, err = cursors.encode(ctx, value.Position())
	return value, page, err
}

// cursorCodec decodes and encodes the cursors of one request. It reads the signing
// key only when the request has a cursor or needs one.
type cursorCodec struct {
	function *Function
	call     *call
	query    string
	cursors  *api.Cursors
}

// load reads the signing key and completes the query that the cursors are bound to:
// operation, organisation, path parameters and filters.
func (s *cursorCodec) load(ctx context.Context) error {
	if s.cursors != nil {
		return nil
	}
	cursors, err := s.function.cursors(ctx)
	if err != nil {
		return err
	}
	if s.call.route.Management {
		cursors.Life = 0
	}
	s.cursors = &cursors
	s.query = s.call.route.Operation + "\n" + s.call.request.Caller.Org + "\n" + fmt.Sprint(s.call.event.PathParameters) + "\n" + s.query
	return nil
}

// decode returns the position in a cursor, or "" for no cursor.
func (s *cursorCodec) decode(ctx context.Context, sent string) (string, error) {
	if sent == "" {
		return "", nil
	}
	if err := s.load(ctx); err != nil {
		return "", err
	}
	after, err := s.cursors.Decode(s.query, sent, s.call.request.Now)
	if err != nil {
		return "", api.FieldErrorOf(api.InputCursor, s.call.route.binder.Name("cursor"), err.Error())
	}
	return after, nil
}

// encode returns the cursor of a position, or nil at the end of the list.
func (s *cursorCodec) encode(ctx context.Context, next string) (*string, error) {
	if next == "" {
		return nil, nil
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	cursor := s.cursors.Encode(s.query, next, s.call.request.Now)
	return &cursor, nil
}

// emptyPage is a page past the end of a list.
type emptyPage struct{ api.Listed }

func (emptyPage) Items() any       { return []any{} }
func (emptyPage) Position() string { return "" }
func (emptyPage) Len() int         { return 0 }

// maxReads bounds how often one request calls the handler of a list, as filters may
// leave out most items. It is three times what the largest offset takes without
// filters.
const maxReads = 3 * bind.MaxSkip / skipLimit

// items calls the handler of a list. Past the end of the list it returns an empty
// page, which still has the list's total.
func (f *Function) items(ctx context.Context, c *call, b *bind.Bound, past bool) (api.Listed, error) {
	if c.reads++; c.reads > maxReads {
		return nil, api.Fail(api.InputFilter, "the filters match too few items of a long list; use fewer or other filters")
	}
	value, err := c.route.handler.Call(ctx, c.request, b.Input)
	if err != nil {
		return nil, err
	}
	list, ok := value.(api.Listed)
	if !ok {
		return nil, fmt.Errorf("serve: %s has a paged input but returns %T, which is not a list", c.route.Operation, value)
	}
	if past {
		return emptyPage{list}, nil
	}
	return list, nil
}

// readPage returns the page that begins at a place. A handler may return a page that
// is shorter than the limit if its filters leave out many items. With a cursor the
// client continues from there. With a page number or offset it would skip the items
// that follow, so readPage reads on until the page is full.
func (f *Function) readPage(ctx context.Context, c *call, b *bind.Bound, at place, limit int) (api.Listed, error) {
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
	after  string // the position of the item before the page; "" for the first page
	before int    // the number of items before the page; all items if past is set
	past   bool   // the list ends before the page
}

// skipLimit is how many items are read at a time while skipping or counting.
const skipLimit = 1000

// skip reads past the items before a page number or an offset. The cost grows with
// the offset, so it is at most bind.MaxSkip.
func (f *Function) skip(ctx context.Context, c *call, b *bind.Bound, after string) (place, error) {
	at := place{after: after}
	if b.Skip+b.Limit() > bind.MaxSkip {
		return at, api.FieldErrorOf(api.InputCursor, c.route.binder.Style(), fmt.Sprintf("only the first %d items can be read; narrow the filters", bind.MaxSkip))
	}
	for at.before < b.Skip {
		b.GoTo(at.after, min(b.Skip-at.before, skipLimit))
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

// count returns how many items a list has, for lists without a stored counter. It
// reads on from the page, up to bind.MaxSkip: no offset reaches beyond that.
func (f *Function) count(ctx context.Context, c *call, b *bind.Bound, at place, page api.Listed) (*int64, error) {
	n, next := at.before+page.Len(), page.Position()
	for next != "" && n < bind.MaxSkip {
		b.GoTo(next, min(bind.MaxSkip-n, skipLimit))
		list, err := f.items(ctx, c, b, false)
		if err != nil {
			return nil, err
		}
		n, next = n+list.Len(), list.Position()
	}
	total := int64(n)
	return &total, nil
}
