package api

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Request is what a handler knows of a call beside its input.
type Request struct {
	ID             string // request id; it is in the answer and in the log
	Route          Route
	Caller         *Caller // nil for an open route
	Now            time.Time
	IdempotencyKey string // header Idempotency-Key, "" without one
	IfMatch        string // header If-Match, "" without one
	Meter          Meter
	// Tag is the ETag of a GET that answers with the value, as the contract shows it.
	Tag func(value Versioned) (string, error)
	// Recheck fails with *Error where the key has changed since the call was admitted;
	// nil where the contract does not ask for that.
	Recheck func(ctx context.Context) error
}

// StillCurrent is what a change of data asks before each of its writes: it fails with
// *[Error] where the contract rechecks keys and this one has changed meanwhile.
func (r *Request) StillCurrent(ctx context.Context) error {
	if r.Recheck == nil {
		return nil
	}
	return r.Recheck(ctx)
}

// Versioned is an answer whose every change can be told: State differs for any two
// states that ever stood under one id. Its ETag is made of the state and of what
// the contract shows of it, in every answer that holds it alone.
type Versioned interface{ State() string }

// Precondition refuses a change where the call's If-Match names another state than
// the present one.
func (r *Request) Precondition(present Versioned) error {
	if r.IfMatch == "" {
		return nil
	}
	tag, err := r.Tag(present)
	if err != nil {
		return fmt.Errorf("api: tagging what %s would change: %w", r.Route.Operation, err)
	}
	for _, one := range strings.Split(r.IfMatch, ",") {
		// A weak tag never matches: RFC 9110, 13.1.1.
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return nil
		}
	}
	return Fail(ConflictVersion, "If-Match: the object has changed; read it again before you change it")
}

// Meter is what is left of the budget that the call was spent against.
type Meter struct {
	Budget   string    `json:"-"`
	Limit    int64     `json:"limit"` // calls a window; 0 with Unlimited
	Used     int64     `json:"used"`
	ResetsAt time.Time `json:"resets_at"`
	Window   int64     `json:"-"` // seconds
	// Unlimited callers (operators) have no limit and get no rate headers.
	Unlimited bool `json:"-"`
}

// Remaining is how many calls are left in the window.
func (m Meter) Remaining() int64 { return max(0, m.Limit-m.Used) }

// Handler serves one operation: what to do, and the types of its input and its answer.
type Handler struct {
	Operation string
	Input     reflect.Type // a struct
	Output    reflect.Type
	Status    int   // of success
	Made      *Made // what it makes, where that can be got; else nil
	Call      func(ctx context.Context, r *Request, in any) (any, error)
	Events    []EventKind // what is sent to whom it makes
}

// EventKind is a type of event that webhooks deliver.
type EventKind struct {
	Type        string
	Summary     string // a few words
	Description string // one or two sentences
	Data        reflect.Type
}

// Handle makes a handler of a function from input to answer. The input is a
// struct. A field is a path parameter where the route's path has its json name,
// otherwise it comes from the query (GET, DELETE) or from the JSON body. A field
// without "omitempty" is required; a pointer tells absent from zero. Validation
// is by tags: minLength, maxLength, pattern, enum, minimum, maximum, format
// (date, date-time), doc, example. A struct embedding [Page] is a list's.
//
// The function returns its answer and nil, or an *[Error]; any other error is a 500.
// An answer of type [List] is written in the contract's list shape.
func Handle[In, Out any](operation string, f func(ctx context.Context, r *Request, in *In) (Out, error)) Handler {
	return Handler{
		Operation: operation, Status: 200,
		Input: reflect.TypeFor[In](), Output: reflect.TypeFor[Out](),
		Call: func(ctx context.Context, r *Request, in any) (any, error) {
			typed, ok := in.(*In)
			if !ok {
				return nil, fmt.Errorf("api: %s was called with %T", operation, in)
			}
			return f(ctx, r, typed)
		},
	}
}

// Answering sets the status of success.
func (h Handler) Answering(status int) Handler { h.Status = status; return h }

// Sending tells what is sent to whom the operation makes, for the documents.
func (h Handler) Sending(kinds ...EventKind) Handler { h.Events = kinds; return h }

// Made is what an operation makes. Its answer is 201, and says in Location where to
// get it, where the contract has the operation that does.
type Made struct {
	Get string // the operation that gets it; its path has one parameter
	ID  func(answer any) (string, error)
}

// Making makes the handler one that makes something, which the operation get answers
// with by the id.
func Making[Out any](h Handler, get string, id func(Out) string) Handler {
	h.Made = &Made{Get: get, ID: func(answer any) (string, error) {
		typed, ok := answer.(Out)
		if !ok {
			return "", fmt.Errorf("api: %s made %T", h.Operation, answer)
		}
		return id(typed), nil
	}}
	return h.Answering(201)
}

// Page is the part of a list's input that pages it. Handlers read Limit and
// After; cursors, page numbers and offsets are the binding's business.
type Page struct {
	Limit  int    `json:"limit,omitempty" doc:"Items per page"`
	Cursor string `json:"cursor,omitempty" doc:"Cursor of the page, from the previous response"`
	// After is the position that the page before ended at: what the handler
	// returned as List.Next. "" is the beginning.
	After string `json:"-"`
}

// List is a page of an answer. Next is the position to go on from, in the
// handler's own terms, "" where nothing follows; it reaches clients signed, as a cursor.
// A page may be shorter than its limit and have a Next: so a handler bounds what one
// call reads where its filters leave much out.
type List[T any] struct {
	Data  []T
	Next  string
	Total *int64 // exact, or nil
}

// Listed is any [List].
type Listed interface {
	Items() any
	Position() string
	Count() *int64
	Len() int
	Then(next Listed) (Listed, error)
}

// Items returns the data, never nil.
func (l List[T]) Items() any {
	if l.Data == nil {
		return []T{}
	}
	return l.Data
}

// Position returns Next.
func (l List[T]) Position() string { return l.Next }

// Count returns Total.
func (l List[T]) Count() *int64 { return l.Total }

// Len returns the number of items on the page.
func (l List[T]) Len() int { return len(l.Data) }

// Then is the list with its next page behind it.
func (l List[T]) Then(next Listed) (Listed, error) {
	more, ok := next.(List[T])
	if !ok {
		return nil, fmt.Errorf("api: a list of %T goes on as %T", l, next)
	}
	more.Data = slices.Concat(l.Data, more.Data)
	return more, nil
}

// Raw is an answer that is written as it is.
type Raw struct {
	ContentType string
	Body        []byte
}

// Object is an optional JSON object in an input, kept as it was sent.
type Object = map[string]json.RawMessage

// Slice pages a list that is wholly in memory, in ascending order of its position.
func Slice[T any](all []T, p Page, position func(T) string) List[T] {
	return slicePage(all, p, position, func(at string) bool { return at > p.After })
}

// SliceDescending pages a list that is wholly in memory, in descending order.
func SliceDescending[T any](all []T, p Page, position func(T) string) List[T] {
	return slicePage(all, p, position, func(at string) bool { return at < p.After })
}

func slicePage[T any](all []T, p Page, position func(T) string, beyond func(string) bool) List[T] {
	total := int64(len(all))
	rest := all
	for p.After != "" && len(rest) > 0 && !beyond(position(rest[0])) {
		rest = rest[1:]
	}
	list := List[T]{Data: rest, Total: &total}
	if p.Limit > 0 && len(rest) > p.Limit {
		list.Data, list.Next = rest[:p.Limit], position(rest[p.Limit-1])
	}
	return list
}
