// Package bind turns a request into a handler's input: path parameters, then the
// query of GET and DELETE or the JSON body of the rest, under the contract's
// names and limits, validated against the input type's JSON Schema.
//
// Schemas and validation are huma's, used as a library; the authorizer must not
// import this package.
package bind

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/contract"
)

func init() { huma.ValidateStrictCasing = true }

// MaxSkip is how many items a page number or an offset may lead past.
const MaxSkip = 10_000

// Binder binds the requests of one route.
type Binder struct {
	route    api.Route
	input    reflect.Type
	registry huma.Registry
	schema   *huma.Schema      // of every input but the path's
	path     []string          // path parameters
	required []string          // top-level required fields
	rename   map[string]string // the contract's name → ours
	paged    bool
	style    string // cursor, page or offset
	limit    contract.Limit
}

// Request is the raw input of a call.
type Request struct {
	Path  map[string]string
	Query url.Values
	Body  []byte
}

// Bound is a handler's input and its paging.
type Bound struct {
	Input any    // pointer to the handler's input struct
	Paged bool   // the input has an api.Page
	Skip  int    // items to pass over, for page and offset
	Page  int    // page number, from 1, for page
	Query string // names the query that a cursor belongs to
	page  reflect.Value
}

// Schema is the input's schema beside the path, under the contract's names, for documents.
func (b *Binder) Schema() (*huma.Schema, map[string]string) { return b.schema, b.rename }

// Registry resolves the references in the schema.
func (b *Binder) Registry() huma.Registry { return b.registry }

// New prepares a binder; an input type that cannot be bound is an error.
func New(c *contract.Contract, route api.Route, h api.Handler) (*Binder, error) {
	b := &Binder{route: route, input: h.Input, path: route.Params(), rename: map[string]string{}, style: "cursor"}
	b.registry = huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	for _, f := range reflect.VisibleFields(h.Input) {
		if n, ok := reflect.Zero(f.Type).Interface().(interface{ PointerType() reflect.Type }); ok {
			b.registry.RegisterTypeAlias(f.Type, n.PointerType())
		}
	}
	b.schema = huma.SchemaFromType(b.registry, h.Input)
	for b.schema.Ref != "" {
		b.schema = b.registry.SchemaFromRef(b.schema.Ref)
	}
	delete(b.schema.Properties, "$schema")
	for _, name := range b.path {
		if b.schema.Properties[name] == nil {
			return nil, fmt.Errorf("bind: %s: the input has no field for path parameter %q", route.Operation, name)
		}
		delete(b.schema.Properties, name)
	}
	for _, name := range b.schema.Required {
		if !slices.Contains(b.path, name) {
			b.required = append(b.required, name)
		}
	}
	for ours, theirs := range c.Operations[route.Operation].Names {
		b.rename[theirs] = ours
	}
	b.pages(c)
	b.expiry(c)
	b.schema.Required = nil // checked here, so that the error names the field
	b.schema.PrecomputeMessages()
	return b, nil
}

// pages gives a list's input the contract's way of paging and its limits.
func (b *Binder) pages(c *contract.Contract) {
	_, b.paged = b.input.FieldByName("Page")
	if !b.paged {
		return
	}
	b.limit = contract.Limit{Default: 50, Min: 1, Max: 100, Over: "refuse"}
	if !b.route.OwnShape(c) {
		b.limit, b.style = c.Paging.Limit, c.Paging.Style
		if own := c.Operations[b.route.Operation].Limit; own != nil {
			b.limit = *own
		}
	}
	limit := b.schema.Properties["limit"]
	least, most := float64(b.limit.Min), float64(b.limit.Max)
	limit.Minimum, limit.Default = &least, b.limit.Default
	if b.limit.Over == "refuse" {
		limit.Maximum = &most
	}
	if b.style == "cursor" {
		return
	}
	delete(b.schema.Properties, "cursor")
	from := map[string]float64{"page": 1, "offset": 0}[b.style]
	b.schema.Properties[b.style] = &huma.Schema{Type: huma.TypeInteger, Minimum: &from, Default: int(from), Description: map[string]string{
		"page": "Number of the page, from 1", "offset": "Items to pass over"}[b.style]}
}

// expiry tells how long a key may live, where the contract has a say in it.
func (b *Binder) expiry(c *contract.Contract) {
	life := b.schema.Properties["expires_in"]
	if life == nil || b.route.Operation != "createKey" && b.route.Operation != "updateKey" {
		return
	}
	if len(c.Keys.ExpiryChoices) > 0 {
		life.Description = "How long it lives; for another end give expires_at"
		for _, choice := range c.Keys.ExpiryChoices {
			life.Enum = append(life.Enum, choice)
		}
	}
	if c.Keys.ExpiryRequired && b.route.Operation == "createKey" {
		life.Description += " (one of the two is required)"
	}
}

// Required lists the required inputs beside the path.
func (b *Binder) Required() []string { return b.required }

// Name is the contract's name of an input of ours.
func (b *Binder) Name(ours string) string {
	for theirs, name := range b.rename {
		if name == ours {
			return theirs
		}
	}
	return ours
}

// Style is how the route's lists are paged: cursor, page or offset, which is also the
// parameter's name (but for a cursor's, see [Binder.Name]).
func (b *Binder) Style() string { return b.style }

// FromQuery tells whether inputs come from the query, not from a body.
func (b *Binder) FromQuery() bool { return b.route.Method == "GET" || b.route.Method == "DELETE" }

// Bind reads a request. Errors are *api.Error, naming the fields.
func (b *Binder) Bind(r Request) (*Bound, error) {
	values, err := b.values(r)
	if err != nil {
		return nil, err
	}
	if err := b.validate(values); err != nil {
		return nil, err
	}
	bound := &Bound{Paged: b.paged}
	if b.paged {
		b.turnPage(values, bound)
	}
	for _, name := range b.path {
		values[name] = unescape(r.Path[name])
	}
	input, err := fill(b.input, values)
	if err != nil {
		return nil, b.refuse(nil, map[string][]string{"body": {err.Error()}})
	}
	bound.Input = input.Interface()
	if b.paged {
		bound.page = input.Elem().FieldByName("Page")
	}
	return bound, nil
}

func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// values collects the inputs by our names, from the query or from the body.
func (b *Binder) values(r Request) (map[string]any, error) {
	var values map[string]any
	var err error
	if b.FromQuery() {
		if len(r.Body) > 0 {
			return nil, api.Fail(api.InputJSON, "%s takes no body", b.route.Method)
		}
		values, err = b.queryValues(r.Query)
	} else {
		if names := sorted(r.Query); len(names) > 0 {
			return nil, unknownParameter(names[0])
		}
		values, err = b.bodyValues(r.Body)
	}
	if err != nil {
		return nil, err
	}
	for theirs, ours := range b.rename {
		if _, clash := values[ours]; clash && theirs != ours {
			if b.FromQuery() {
				return nil, unknownParameter(ours)
			}
			return nil, api.FieldError(ours, "unexpected property")
		}
		if v, ok := values[theirs]; ok {
			delete(values, theirs)
			values[ours] = v
		}
	}
	for name, v := range values {
		if !open(b.schema.Properties[name]) {
			values[name] = floats(v)
		}
	}
	return values, nil
}

// open tells whether a field is an object of whatever the client likes, which is
// kept as it was sent.
func open(s *huma.Schema) bool {
	if s == nil {
		return false
	}
	of, ok := s.AdditionalProperties.(*huma.Schema)
	return ok && of.Type == "" && of.Ref == ""
}

// validate checks the values against the schema; all that is wrong is told at once.
func (b *Binder) validate(values map[string]any) error {
	wrong := map[string][]string{}
	for _, name := range b.required {
		if v, ok := values[name]; !ok || (v == nil && !b.schema.Properties[name].Nullable) {
			wrong[name] = append(wrong[name], "is required")
			delete(values, name)
		}
	}
	res := &huma.ValidateResult{}
	huma.Validate(b.registry, b.schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, values, res)
	for _, e := range res.Errors {
		detail, ok := e.(*huma.ErrorDetail)
		if !ok {
			return fmt.Errorf("bind: %s: validating: %w", b.route.Operation, e)
		}
		wrong[detail.Location] = append(wrong[detail.Location], detail.Message)
	}
	b.eras(values, wrong)
	if len(wrong) > 0 {
		return b.refuse(values, wrong)
	}
	return nil
}

// eras refuses moments that have no year of four digits in UTC, in which they are
// kept: RFC 3339 reads them where an offset leads there, and cannot write them.
func (b *Binder) eras(values map[string]any, wrong map[string][]string) {
	for name, s := range b.schema.Properties {
		text, ok := values[name].(string)
		if !ok || s.Format != "date-time" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, text); err == nil && !api.Writable(at) {
			wrong[name] = append(wrong[name], "is in no year from 0000 to 9999 in UTC")
		}
	}
}

// turnPage takes page numbers and offsets out of the values and applies the limit.
func (b *Binder) turnPage(values map[string]any, bound *Bound) {
	limit := b.limit.Default
	if n, ok := values["limit"].(float64); ok {
		limit = min(int(n), b.limit.Max)
	}
	delete(values, "limit")
	bound.Query = canonical(values)
	if n, ok := values[b.style].(float64); ok && b.style != "cursor" {
		bound.Skip, bound.Page = int(n), int(n)
	}
	if b.style == "page" {
		bound.Page = max(1, bound.Page)
		bound.Skip = (bound.Page - 1) * limit
	}
	if b.style != "cursor" {
		delete(values, b.style)
	}
	values["limit"] = limit
}

// canonical writes the inputs of a query in one way, without its page's own.
func canonical(values map[string]any) string {
	names := make([]string, 0, len(values))
	for name := range values {
		if name != "cursor" && name != "page" && name != "offset" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		raw, _ := json.Marshal(values[name])
		fmt.Fprintf(&b, "%s=%s\n", name, raw)
	}
	return b.String()
}

// fill decodes values into a new input struct.
func fill(t reflect.Type, values map[string]any) (reflect.Value, error) {
	raw, err := api.EncodeExactly(values)
	if err != nil {
		return reflect.Value{}, err
	}
	input := reflect.New(t)
	return input, json.Unmarshal(raw, input.Interface())
}

// Cursor returns the cursor that the client sent, "" without one.
func (bd *Bound) Cursor() string { return bd.page.FieldByName("Cursor").String() }

// Limit returns the page size.
func (bd *Bound) Limit() int { return int(bd.page.FieldByName("Limit").Int()) }

// GoTo tells the handler where its page begins and how long it is.
func (bd *Bound) GoTo(after string, limit int) {
	bd.page.FieldByName("After").SetString(after)
	bd.page.FieldByName("Limit").SetInt(int64(limit))
}
