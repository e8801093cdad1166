package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Request is the context of a request, without its input.
type Request struct {
	ID             string // request id, also in the response and the log
	Route          Route
	Caller         *Caller // nil for an open route
	Now            time.Time
	IdempotencyKey string   // header Idempotency-Key, or ""
	IfMatch        string   // header If-Match, or ""
	Address        string   // public address of the API, such as https://api.example.com/live
	Browser        *Browser // of a route that is SameOrigin; else nil
	Meter          Meter
	// Tag returns the ETag of a GET response with this value, in the contract's shape.
	Tag func(value Versioned) (string, error)
	// Recheck fails with *Error if the key has changed since the request was admitted. It
	// is nil if the contract does not recheck keys.
	Recheck func(ctx context.Context) error
	// Cursors returns what signs the positions of pages, for handlers whose result is not a
	// [List].
	Cursors func(ctx context.Context) (Cursors, error)
}

// StillCurrent must be called before each write of data. It fails with *[Error] if the
// contract rechecks keys and the key has changed since the request was admitted.
func (r *Request) StillCurrent(ctx context.Context) error {
	if r.Recheck == nil {
		return nil
	}
	return r.Recheck(ctx)
}

// Versioned is a result with a version: State is different for any two states of one id.
// The ETag of every response that contains only this value is computed from State and
// from the value in the contract's shape.
type Versioned interface{ State() string }

// Precondition fails with [ConflictVersion] if the request has an If-Match that does not
// match the current state.
func (r *Request) Precondition(present Versioned) error {
	if r.IfMatch == "" {
		return nil
	}
	tag, err := r.Tag(present)
	if err != nil {
		return fmt.Errorf("api: computing the ETag that %s compares with If-Match: %w", r.Route.Operation, err)
	}
	for _, one := range strings.Split(r.IfMatch, ",") {
		// Weak tags never match (RFC 9110, 13.1.1).
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return nil
		}
	}
	return Fail(ConflictVersion, "If-Match: the object has changed; read it again before you change it")
}

// Meter is the state of the budget that the request counts against.
type Meter struct {
	Budget   string    `json:"-"`
	Limit    int64     `json:"limit"` // requests per window; 0 with Unlimited
	Used     int64     `json:"used"`
	ResetsAt time.Time `json:"resets_at"`
	Window   int64     `json:"-"` // seconds
	// Unlimited callers are operators. They have no limit and get no rate headers.
	Unlimited bool `json:"-"`
}

// Remaining returns the number of requests left in the window.
func (m Meter) Remaining() int64 { return max(0, m.Limit-m.Used) }

// secondsLeft returns the whole seconds until the window ends, rounded up.
func (m Meter) secondsLeft(now time.Time) int64 {
	return max(0, WholeSeconds(m.ResetsAt.Sub(now)))
}

// Handler serves one operation. It has the types of its input and its result.
type Handler struct {
	Operation string
	Input     reflect.Type // a struct
	Output    reflect.Type
	Status    int      // of success
	Created   *Created // the created object, if an operation returns it; else nil
	Call      func(ctx context.Context, r *Request, in any) (any, error)
	Events    []EventKind // events that are sent to the objects that it creates
	Protocol  *Protocol   // reads the requests itself; its Input is a [Message]
}

// Protocol makes a handler serve a protocol of its own over HTTP. The adapter does not bind
// its input and does not encode its result, which is a [Raw].
type Protocol struct {
	// Row returns the row under which the gate admits a request. It may only look at what
	// it needs for that. A request that no row fits gets the answer, if there is one, and
	// does not reach the gate.
	Row func(server Route, m *Message) (row Route, refused *Raw)
	// Refuse returns the protocol's answer to an error, or nil to send the contract's.
	Refuse func(ctx context.Context, m *Message, status int, err *Error) *Raw
}

// Message is a request of a [Protocol].
type Message struct {
	Header http.Header
	Body   []byte // 256 KB at most
	Host   string // the Host that the client addressed; "" if unknown
	State  any    // what Row found, for Refuse and the handler
	Name   string // what the log says of the request, set by Row
}

// EventKind is a type of event that webhooks deliver.
type EventKind struct {
	Type        string
	Summary     string // a few words
	Description string // one or two sentences
	Data        reflect.Type
	Permission  string // without which a key cannot subscribe to it; "" for none
}

// Handle returns the handler of an operation. The input is a struct. A field is a path
// parameter if the route's path has its JSON name. Other fields come from the query (GET,
// DELETE) or the JSON body. A field without "omitempty" is required; a pointer
// distinguishes an absent field from zero. The tags minLength, maxLength, pattern, enum,
// minimum, maximum and format (date, date-time) validate; doc and example document. The tag
// text names the rule of a string: line or lines for text that people write, id for others.
// The input of a list embeds [Page].
//
// The function returns its result, or an *[Error]; any other error gives status 500. A
// result of type [List] is encoded in the contract's list shape.
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

// Answering returns the handler with another status of success.
func (h Handler) Answering(status int) Handler { h.Status = status; return h }

// WithEvents returns the handler with the events that are sent to the objects that it
// creates, for the documents.
func (h Handler) WithEvents(kinds ...EventKind) Handler { h.Events = kinds; return h }

// Created describes the object that an operation creates. The response has status 201, and a
// Location header if the contract has the operation that returns the object.
type Created struct {
	Get string // operation that returns the object; its path has one parameter
	ID  func(answer any) (string, error)
}

// Creating returns the handler as one that creates an object. The operation get returns that
// object by its id.
func Creating[Out any](h Handler, get string, id func(Out) string) Handler {
	h.Created = &Created{Get: get, ID: func(answer any) (string, error) {
		typed, ok := answer.(Out)
		if !ok {
			return "", fmt.Errorf("api: %s made %T", h.Operation, answer)
		}
		return id(typed), nil
	}}
	return h.Answering(201)
}

// OnePage lists the operations whose lists are never longer than [MaxOnePage]. In a contract
// whose envelope of such a list has no cursor, it has no parameters of pages.
var OnePage = []string{"listWebhooks"}

// MaxOnePage is the length of a list without parameters of pages.
const MaxOnePage = 100

// Page is the pagination part of a list's input. Handlers read Limit and After; the
// binding converts cursors, page numbers and offsets.
type Page struct {
	Limit  int    `json:"limit,omitempty" doc:"Items per page"`
	Cursor string `json:"cursor,omitempty" text:"id" doc:"Cursor of the page, from the previous response"`
	// After is the List.Next of the previous page, or "" for the first page.
	After string `json:"-"`
}

// List is one page of a list. Next is the position after the page in the handler's own
// format, or "" on the last page; clients get it as a signed cursor. A page can be shorter
// than its limit and have a Next: a handler with selective filters bounds what one request
// reads.
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

// Then returns the list followed by its next page. It fails for a list of another type.
func (l List[T]) Then(next Listed) (Listed, error) {
	more, ok := next.(List[T])
	if !ok {
		return nil, fmt.Errorf("api: cannot append a page of %[2]T to %[1]T", l, next)
	}
	more.Data = slices.Concat(l.Data, more.Data)
	return more, nil
}

// Raw is a response that is sent unchanged.
type Raw struct {
	ContentType string // "" without a body
	Body        []byte
	Status      int               // 0 is the handler's status of success
	Header      map[string]string // further headers, in canonical form
}

// Object is an optional JSON object in an input, stored as it was sent.
type Object = map[string]json.RawMessage

// Slice returns a page of a list in memory that is in ascending order of its positions.
func Slice[T any](all []T, p Page, position func(T) string) List[T] {
	return slicePage(all, p, position, func(at string) bool { return at > p.After })
}

// SliceDescending returns a page of a list in memory that is in descending order of its
// positions.
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
