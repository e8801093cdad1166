// Package bind turns a request into a handler's input. It reads path parameters, and
// the query of GET and DELETE or the JSON body of other methods, under the contract's
// names and limits. It validates the input against the JSON Schema of its type.
//
// The library huma makes the schemas and validates. The authorizer must not import
// this package.
package bind

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// MaxSkip is the largest number of items that a page number or an offset can skip.
const MaxSkip = 10_000

// Binder binds the requests of one route.
type Binder struct {
	route    api.Route
	input    reflect.Type
	registry huma.Registry
	schema   *huma.Schema // of all inputs except path parameters
	path     []string     // path parameters
	required []string     // top-level required fields
	texts    *textRule
	rename   map[string]string // the contract's name → ours
	paged    bool
	style    string // cursor, page or offset
	limit    contract.Limit
}

// Request is the raw input of a request.
type Request struct {
	Path  map[string]string
	Query url.Values
	Body  []byte
}

// Bound is a handler's input and its paging.
type Bound struct {
	Input any    // pointer to the handler's input struct
	Paged bool   // the input has an api.Page
	Skip  int    // items to skip, for page and offset
	Page  int    // page number, from 1, for page
	Query string // identifies the query that a cursor belongs to
	page  reflect.Value
}

// Schema returns the schema of all inputs except path parameters, under our names,
// and the map from the contract's names to ours. Documents are made of it.
func (b *Binder) Schema() (*huma.Schema, map[string]string) { return b.schema, b.rename }

// Registry returns the registry that resolves references in the schema.
func (b *Binder) Registry() huma.Registry { return b.registry }

// New returns the binder of a route. It fails if the input type lacks a path parameter.
func New(c *contract.Contract, route api.Route, h api.Handler) (*Binder, error) {
	b := &Binder{route: route, input: h.Input, path: route.Params(), rename: map[string]string{}, style: "cursor"}
	b.registry = huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	for _, f := range reflect.VisibleFields(h.Input) {
		if pointer, ok := pointerType(f.Type); ok {
			b.registry.RegisterTypeAlias(f.Type, pointer)
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
	b.eventTypes(c)
	b.hide(c)
	b.texts = rulesOf(h.Input, "")
	b.describe(b.schema, b.texts)
	b.schema.Required = nil // validate checks it, so that the error names the field
	b.schema.PrecomputeMessages()
	return b, nil
}

// pages adds the contract's page parameters and limits to a list's input.
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
		"page": "Page number, from 1", "offset": "Items to skip"}[b.style]}
}

// expiry adds the contract's rules for the lifetime of keys to the schema.
func (b *Binder) expiry(c *contract.Contract) {
	life := b.schema.Properties["expires_in"]
	if life == nil || b.route.Operation != "createKey" && b.route.Operation != "updateKey" {
		return
	}
	if len(c.Keys.ExpiryChoices) > 0 {
		life.Description = "Lifetime; for any other expiry use expires_at"
		for _, choice := range c.Keys.ExpiryChoices {
			life.Enum = append(life.Enum, choice)
		}
	}
	if c.Keys.ExpiryRequired && b.route.Operation == "createKey" {
		life.Description += "; either is required"
	}
}

// eventTypes adds the contract's types of events to the inputs of webhooks.
func (b *Binder) eventTypes(c *contract.Contract) {
	types := b.schema.Properties["types"]
	create := b.route.Operation == "createWebhook"
	if types == nil || !create && b.route.Operation != "updateWebhook" {
		return
	}
	if names := slices.Sorted(maps.Values(c.Webhooks.Events)); len(names) > 0 {
		types.Examples = []any{names[:1]}
	}
	if !c.Webhooks.Explicit {
		return
	}
	one := 1
	types.MinItems = &one
	types.Description, _, _ = strings.Cut(types.Description, ";") // the default
	if create {
		b.required = append(b.required, "types")
	}
}

// hide removes the inputs that the contract does not have: the pages of a list whose
// envelope has no cursor, the filters of webhooks that receive no events of matches, and
// what the contract decides of a rotation.
func (b *Binder) hide(c *contract.Contract) {
	var hidden []string
	shape := c.Operations[b.route.Operation].Shape
	switch {
	case slices.Contains(api.OnePage, b.route.Operation) && b.style == "cursor" && shape != nil && !shape.Has("next"):
		hidden, b.limit.Default = []string{"limit", "cursor"}, api.MaxOnePage
		b.limit.Max = api.MaxOnePage
	case b.route.Function == "webhooks" && b.schema.Properties["leagues"] != nil && !c.Webhooks.Matches():
		hidden = []string{"leagues", "teams"}
	case b.route.Operation == "rotateWebhook" && c.Webhooks.Overlap > 0:
		hidden = []string{"overlap", "force"}
	}
	for _, name := range hidden {
		delete(b.schema.Properties, name)
	}
}

// Required lists the required inputs, without path parameters.
func (b *Binder) Required() []string { return b.required }

// Name returns the contract's name of an input.
func (b *Binder) Name(ours string) string {
	for theirs, name := range b.rename {
		if name == ours {
			return theirs
		}
	}
	return ours
}

// Style returns how the route's lists are paged: cursor, page or offset. It is also
// the parameter's name, except that a contract can rename a cursor; see [Binder.Name].
func (b *Binder) Style() string { return b.style }

// FromQuery reports whether inputs come from the query instead of the body.
func (b *Binder) FromQuery() bool { return b.route.Method == "GET" || b.route.Method == "DELETE" }

// Bind parses and validates a request. Its errors are *[api.Error] and name the fields.
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

// values returns the inputs from the query or the body, by our names.
func (b *Binder) values(r Request) (map[string]any, error) {
	var values map[string]any
	var err error
	if b.FromQuery() {
		if len(r.Body) > 0 {
			return nil, api.Fail(api.InputJSON, "%s requests must not have a body", b.route.Method)
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
			return nil, api.FieldError(ours, "unknown field")
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

// open reports whether a field is an object with arbitrary content, which is kept as
// it was sent.
func open(s *huma.Schema) bool {
	if s == nil {
		return false
	}
	of, ok := s.AdditionalProperties.(*huma.Schema)
	return ok && of.Type == "" && of.Ref == ""
}

// validate checks the values against the schema. The error lists all invalid fields.
func (b *Binder) validate(values map[string]any) error {
	wrong := map[string][]string{}
	b.texts.clean("", values, wrong)
	for _, name := range b.required {
		if v, ok := values[name]; !ok || (v == nil && !b.schema.Properties[name].Nullable) {
			wrong[name] = append(wrong[name], "is required")
			delete(values, name)
		}
	}
	res := &huma.ValidateResult{}
	huma.Validate(b.registry, b.schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, values, res)
	for _, e := range res.Errors {
		detail, ok := errors.AsType[*huma.ErrorDetail](e)
		if !ok {
			return fmt.Errorf("bind: %s: validating: %w", b.route.Operation, e)
		}
		wrong[detail.Location] = append(wrong[detail.Location], detail.Message)
	}
	b.checkValues(values, wrong)
	if len(wrong) > 0 {
		return b.refuse(values, wrong)
	}
	return nil
}

// turnPage moves page numbers and offsets from the values to bound and applies the limit.
func (b *Binder) turnPage(values map[string]any, bound *Bound) {
	limit := b.limit.Default
	if n, ok := values["limit"].(float64); ok {
		limit = min(int(n), b.limit.Max)
	}
	delete(values, "limit")
	bound.Query = b.canonical(values)
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

// canonical returns the inputs of a query in a fixed order, without page parameters and
// without values that equal the default: they belong to the query without them.
func (b *Binder) canonical(values map[string]any) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "cursor" || name == "page" || name == "offset" {
			continue
		}
		raw, _ := json.Marshal(values[name])
		if s := b.schema.Properties[name]; s != nil && s.Default != nil {
			if usual, err := json.Marshal(s.Default); err == nil && bytes.Equal(raw, usual) {
				continue
			}
		}
		fmt.Fprintf(&out, "%s=%s\n", name, raw)
	}
	return out.String()
}

// fill decodes the values into a new input struct.
func fill(t reflect.Type, values map[string]any) (reflect.Value, error) {
	raw, err := api.EncodeExactly(values)
	if err != nil {
		return reflect.Value{}, err
	}
	input := reflect.New(t)
	return input, json.Unmarshal(raw, input.Interface())
}

// Cursor returns the cursor that the client sent, or "".
func (bd *Bound) Cursor() string { return bd.page.FieldByName("Cursor").String() }

// Limit returns the page size.
func (bd *Bound) Limit() int { return int(bd.page.FieldByName("Limit").Int()) }

// GoTo sets the position after which the page begins, and its length.
func (bd *Bound) GoTo(after string, limit int) {
	bd.page.FieldByName("After").SetString(after)
	bd.page.FieldByName("Limit").SetInt(int64(limit))
}
