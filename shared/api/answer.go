package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/api/view"
	"statgate/shared/contract"
)

// Answer is an HTTP response. Header names are in canonical form.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
	// Timeless is the body from which the ETag is computed: without the time of the
	// response, which some contracts' envelopes contain.
	Timeless []byte
}

// Encoder encodes responses in a contract's shapes.
type Encoder struct {
	Contract *contract.Contract
	Views    *view.Set // of the handlers' results; nil encodes them unchanged
}

// Challenge is the WWW-Authenticate header of every 401. X-API-Key and api_key have no
// registered authentication scheme.
const Challenge = "Bearer"

// exposed lists the headers that scripts in browsers may read.
func (e Encoder) exposed() string {
	names := []string{"ETag", "Location", "X-Request-Id", "Retry-After", "Allow"}
	m := e.Contract.Meter
	for _, name := range []string{m.Limit, m.Remaining, m.Reset} {
		if name != "" {
			names = append(names, name)
		}
	}
	if m.IETF {
		names = append(names, "RateLimit", "RateLimit-Policy")
	}
	return strings.Join(names, ", ")
}

// common returns the headers of every response, also of those of API Gateway and the edge
// function. Browsers must not guess a type: the answer of a document could then run as a script.
func (e Encoder) common() map[string]string {
	return map[string]string{
		"Access-Control-Allow-Origin":   "*",
		"Access-Control-Expose-Headers": e.exposed(),
		"X-Content-Type-Options":        "nosniff",
	}
}

// WithoutCORS removes the CORS headers from an answer that pages of other origins must not
// read.
func (e Encoder) WithoutCORS(a Answer) {
	maps.DeleteFunc(a.Header, func(name, _ string) bool { return strings.HasPrefix(name, "Access-Control-") })
}

// mcpHeaders are the headers that clients of the MCP server send.
const mcpHeaders = "MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id"

// preflight returns the headers of the response to OPTIONS, which needs no key.
func (e Encoder) preflight(methods []string) map[string]string {
	h := e.common()
	h["Access-Control-Allow-Methods"] = strings.Join(methods, ", ")
	h["Access-Control-Allow-Headers"] = "Authorization, X-API-Key, Content-Type, Idempotency-Key, If-Match, If-None-Match, " + mcpHeaders
	h["Access-Control-Max-Age"] = "86400"
	return h
}

// Error encodes an error in the contract's shape.
func (e Encoder) Error(requestID string, err *Error) Answer {
	cond := e.Contract.Condition(err.Condition)
	message := err.Message
	if cond.Message != "" && !err.Own {
		message = cond.Message
	}
	a := Answer{Status: cond.Status, Header: e.common()}
	a.Header["Content-Type"] = "application/json"
	a.Header["X-Request-Id"] = requestID
	a.Header["Cache-Control"] = "no-store"
	if cond.Status == http.StatusUnauthorized {
		a.Header["WWW-Authenticate"] = Challenge // RFC 9110, 15.5.2
	}
	if err.RetryAfter > 0 {
		a.Header["Retry-After"] = strconv.FormatInt(WholeSeconds(err.RetryAfter), 10)
	}
	if err.Allow != "" {
		a.Header["Allow"] = err.Allow
	}
	a.Body = Render(e.Contract.Shapes.Error, func(slot string) any {
		switch slot {
		case "code":
			return cond.Code
		case "message":
			return message
		case "summary":
			return summary(message, err)
		case "details":
			return details(err, cond.Message != "")
		case "request_id":
			return requestID
		}
		return nil
	})
	return a
}

// summary returns an error in one line, for contracts whose details are a text. It is the
// message, followed by the invalid fields or the details.
func summary(message string, err *Error) string {
	var parts []string
	if err.Condition == InputField {
		parts = slices.Clone(err.Form)
		for _, field := range slices.Sorted(maps.Keys(err.Fields)) {
			parts = append(parts, field+": "+strings.Join(err.Fields[field], ", "))
		}
	}
	if facts, ok := err.Details.(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			parts = append(parts, fmt.Sprintf("%s: %v", name, facts[name]))
		}
	}
	if len(parts) == 0 {
		return message
	}
	return message + ": " + strings.Join(parts, "; ")
}

// details returns an error's own details, or the problems of the input. A message that the
// contract replaces moves into the details.
func details(err *Error, replaced bool) any {
	if err.Details != nil {
		return err.Details
	}
	fields, form := err.Fields, err.Form
	if fields == nil && form == nil {
		if !replaced || err.Condition != "input" && !strings.HasPrefix(err.Condition, "input.") {
			return nil
		}
		form = []string{err.Message} // otherwise the problem would be lost
	}
	if fields == nil {
		fields = map[string][]string{}
	}
	if form == nil {
		form = []string{}
	}
	return map[string]any{"fieldErrors": fields, "formErrors": form}
}

// PageInfo is what an envelope can state about a page.
type PageInfo struct {
	Next  *string // signed cursor; nil on the last page
	Page  int
	Limit int
	Total *int64 // counted total, if the list has none itself
}

// Success encodes a handler's result in the contract's shape.
func (e Encoder) Success(r *Request, status int, value any, page PageInfo) (Answer, error) {
	a := Answer{Status: status, Header: e.common()}
	a.Header["X-Request-Id"] = r.ID
	a.Header["Cache-Control"] = "private, no-cache"
	if r.Route.Cached {
		a.Header["Cache-Control"] = fmt.Sprintf("public, max-age=%d", CacheSeconds)
	}
	if r.Route.Immutable {
		a.Header["Cache-Control"] = fmt.Sprintf("public, max-age=%d, immutable", ImmutableSeconds)
	}
	if raw, ok := value.(Raw); ok {
		return e.Raw(a, raw), nil
	}
	a.Header["Content-Type"] = "application/json"
	var err error
	a.Body, a.Timeless, err = e.envelope(r, value, page)
	return a, err
}

// Raw puts a raw response into an answer that has the headers of every answer.
func (e Encoder) Raw(a Answer, raw Raw) Answer {
	if raw.ContentType != "" {
		a.Header["Content-Type"] = raw.ContentType
	}
	if raw.Status != 0 {
		a.Status = raw.Status
	}
	maps.Copy(a.Header, raw.Header)
	a.Body, a.Timeless = raw.Body, raw.Body
	return a
}

// ManagementList is the shape of key management's lists, unless the contract applies its
// own shapes to them.
var ManagementList = &contract.Node{Fields: []contract.Field{
	{Name: "data", Node: &contract.Node{Slot: "items"}},
	{Name: "next_cursor", Node: &contract.Node{Slot: "next"}},
	{Name: "total", Node: &contract.Node{Slot: "total"}},
}}

func (e Encoder) envelope(r *Request, value any, page PageInfo) (body, timeless []byte, err error) {
	list, isList := value.(Listed)
	var shape *contract.Node
	switch {
	case isList && r.Route.OwnShape(e.Contract):
		shape = ManagementList
	case isList:
		shape = e.Contract.Shapes.List
	case !r.Route.OwnShape(e.Contract):
		shape = e.Contract.Shapes.Item
	}
	if own := e.Contract.Operations[r.Route.Operation].Shape; own != nil {
		shape = own
	}
	var payload any = value
	if isList {
		payload = list.Items()
	}
	raw, err := e.Views.Marshal(payload)
	if err != nil {
		return nil, nil, fmt.Errorf("api: encoding the answer of %s: %w", r.Route.Operation, err)
	}
	if shape == nil {
		return raw, raw, nil
	}
	moment := false
	body = Render(shape, func(slot string) any {
		moment = moment || slot == "now" || slot == "now_ms"
		return fillSlot(slot, r, json.RawMessage(raw), list, page)
	})
	if !moment {
		return body, body, nil
	}
	timeless = Render(shape, func(slot string) any {
		if slot == "now" || slot == "now_ms" {
			return nil
		}
		return fillSlot(slot, r, json.RawMessage(raw), list, page)
	})
	return body, timeless, nil
}

func fillSlot(slot string, r *Request, raw json.RawMessage, list Listed, page PageInfo) any {
	switch slot {
	case "item", "items":
		return raw
	case "next":
		return page.Next
	case "more":
		return page.Next != nil
	case "done":
		return page.Next == nil
	case "true":
		return true
	case "total":
		if page.Total != nil {
			return page.Total
		}
		return list.Count()
	case "count":
		return list.Len()
	case "page":
		return page.Page
	case "limit":
		return page.Limit
	case "now":
		return r.Now.UTC().Format(time.RFC3339)
	case "now_ms":
		return r.Now.UnixMilli()
	}
	return nil
}

// Render encodes a tree of names with its slots filled.
func Render(n *contract.Node, fill func(slot string) any) []byte {
	var b bytes.Buffer
	write(&b, n, fill)
	return b.Bytes()
}

func write(b *bytes.Buffer, n *contract.Node, fill func(slot string) any) {
	if n.Slot != "" {
		v := fill(n.Slot)
		if s, ok := v.(string); ok && n.Prefix != "" {
			v = n.Prefix + s
		}
		b.Write(jsonOf(v))
		return
	}
	b.WriteByte('{')
	first := true
	for _, f := range n.Fields {
		if f.Node.OmitNull && isNull(fill(f.Node.Slot)) {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.Write(jsonOf(f.Name))
		b.WriteByte(':')
		write(b, f.Node, fill)
	}
	b.WriteByte('}')
}

func isNull(v any) bool { return string(jsonOf(v)) == "null" }

// jsonOf encodes a slot's value. All values come from this package and always encode.
func jsonOf(v any) []byte {
	if raw, ok := v.(json.RawMessage); ok {
		return raw // json.Marshal would validate it again
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// MeterHeaders sets the contract's rate headers. Unlimited callers get none. RateLimit and
// RateLimit-Policy list the further meters too; the others are of the first one.
func (e Encoder) MeterHeaders(h map[string]string, now time.Time, m Meter, more ...Meter) {
	if m.Unlimited || m.Limit == 0 && m.ResetsAt.IsZero() {
		return
	}
	names := e.Contract.Meter
	reset := m.ResetsAt.Unix()
	if names.ResetUnit == "delta" {
		reset = m.secondsLeft(now)
	}
	set := func(name string, n int64) {
		if name != "" {
			h[name] = strconv.FormatInt(n, 10)
		}
	}
	set(names.Limit, m.Limit)
	set(names.Remaining, m.Remaining())
	set(names.Reset, reset)
	if !names.IETF {
		return
	}
	var policies, states []string
	for _, m := range append([]Meter{m}, more...) {
		policies = append(policies, fmt.Sprintf("%q;q=%d;w=%d", m.Budget, m.Limit, m.Window))
		states = append(states, fmt.Sprintf("%q;r=%d;t=%d", m.Budget, m.Remaining(), m.secondsLeft(now)))
	}
	h["RateLimit-Policy"], h["RateLimit"] = strings.Join(policies, ", "), strings.Join(states, ", ")
}

// ETag returns the strong ETag of a body.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// Tag returns the ETag of a value in every response that contains only this value. It is
// independent of the envelope, which may contain the time.
func (e Encoder) Tag(value Versioned) (string, error) {
	raw, err := e.Views.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("api: encoding %s: %w", value.State(), err)
	}
	return ETag(append(append(raw, '\n'), value.State()...)), nil
}

// Matches reports whether an If-None-Match header contains the tag, by the weak comparison
// of RFC 9110.
func Matches(header, etag string) bool {
	for _, one := range strings.Split(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == etag {
			return true
		}
	}
	return false
}
