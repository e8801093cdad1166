package openapi

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/schema"
)

// conditional lists the operations that support If-Match.
var conditional = []string{"updateMatch", "deleteMatch"}

func parameters() map[string]*huma.Param {
	most := 255
	return map[string]*huma.Param{
		"IfNoneMatch": {Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "`ETag` of an earlier response; if nothing changed, the response is 304 without a body"},
		"IdempotencyKey": {Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most},
			Description: "Unique text of your own for one request, such as a UUID: 1–255 visible ASCII characters, shared by all keys of their owner. A retry with the same text within a day does not repeat the work: it gets the first response again or, if that response had a secret, status 409. Another request with the same text gets status 409"},
		"IfMatch": {Name: "If-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "`ETag` of the state that you read; if the object has changed since, nothing is changed"},
	}
}

// params lists path, query and header parameters, in the order of the input's fields.
func (b *builder) params(r api.Route, h api.Handler, in *bind.Binder) []*huma.Param {
	fields := map[string]reflect.StructField{}
	order := fieldOrder(h.Input, fields)
	var list []*huma.Param
	for _, name := range r.Params() {
		s := inline(huma.SchemaFromField(b.registry, fields[name], ""), b.registry)
		list = append(list, b.param(r, name, "path", s, true))
	}
	if in.FromQuery() {
		sent, rename := in.Schema()
		for _, ours := range inOrder(sent.Properties, order) {
			required := slices.Contains(in.Required(), ours)
			list = append(list, b.param(r, theirs(rename, ours), "query", inline(sent.Properties[ours], in.Registry()), required))
		}
	}
	if r.Repeat() != api.NotRepeatable {
		list = append(list, &huma.Param{Ref: "#/components/parameters/IdempotencyKey"})
	}
	if slices.Contains(conditional, r.Operation) {
		list = append(list, &huma.Param{Ref: "#/components/parameters/IfMatch"})
	}
	if cacheable(r, h) {
		list = append(list, &huma.Param{Ref: "#/components/parameters/IfNoneMatch"})
	}
	return list
}

// cacheable reports whether the operation supports If-None-Match.
func cacheable(r api.Route, h api.Handler) bool {
	return r.Method == "GET" && h.Status == 200 && h.Protocol == nil
}

// tagged reports whether responses have an ETag.
func tagged(r api.Route, h api.Handler) bool {
	return cacheable(r, h) || h.Output.Implements(versioned)
}

var versioned = reflect.TypeFor[api.Versioned]()

func (b *builder) param(r api.Route, name, in string, s *huma.Schema, required bool) *huma.Param {
	p := &huma.Param{Name: name, In: in, Description: s.Description, Required: required, Schema: s}
	s.Description, s.Nullable = "", false
	if len(s.Examples) > 0 {
		p.Example, s.Examples = s.Examples[0], nil
	}
	if p.Example == nil {
		if v, ok := b.canned(r.Operation+"."+name, nil); ok && in == "path" {
			p.Example = v
		}
	}
	if s.Type == huma.TypeArray {
		no := false
		p.Style, p.Explode = "form", &no
		p.Description = strings.TrimSuffix(p.Description, ".") + "; separate several values with commas, or repeat the parameter"
	}
	if name == "limit" && s.Maximum == nil {
		if most := b.clamped(r); most > 0 {
			p.Description += fmt.Sprintf("; values above %d are treated as %d", most, most)
		}
	}
	return p
}

// clamped returns the largest page size if larger ones are reduced to it, else 0.
func (b *builder) clamped(r api.Route) int {
	limit := b.contract.Paging.Limit
	if own := b.contract.Operations[r.Operation].Limit; own != nil {
		limit = *own
	}
	if r.OwnShape(b.contract) || limit.Over != "clamp" {
		return 0
	}
	return limit.Max
}

// body returns the JSON body of operations that have one, without path parameters.
func (b *builder) body(r api.Route, h api.Handler, in *bind.Binder) *huma.RequestBody {
	sent, rename := in.Schema()
	if in.FromQuery() || len(sent.Properties) == 0 {
		return nil
	}
	s := inline(sent, in.Registry())
	props := map[string]*huma.Schema{}
	for ours, p := range s.Properties {
		props[theirs(rename, ours)] = p
	}
	s.Properties = props
	for _, ours := range in.Required() {
		s.Required = append(s.Required, theirs(rename, ours))
	}
	order := fieldOrder(h.Input, map[string]reflect.StructField{})
	names := inOrder(sent.Properties, order)
	for i := range names {
		names[i] = theirs(rename, names[i])
	}
	s.Extensions = map[string]any{"x-order": names}
	name := schema.Title(r.Operation) + "Input"
	ref := b.registry.Add(name, s)
	return &huma.RequestBody{
		Required: len(in.Required()) > 0,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: ref, Example: b.example(ref, name)}},
	}
}

// fieldOrder lists the input's names in the order of its struct, page parameters last.
func fieldOrder(t reflect.Type, fields map[string]reflect.StructField) []string {
	var own, paging []string
	for _, f := range reflect.VisibleFields(t) {
		name := bind.FieldName(f)
		if name == "" {
			continue
		}
		fields[name] = f
		if len(f.Index) > 1 {
			paging = append(paging, name)
		} else {
			own = append(own, name)
		}
	}
	return append(own, paging...)
}

// inOrder lists the properties in the given order, then the others by name.
func inOrder(props map[string]*huma.Schema, order []string) []string {
	var names, rest []string
	for _, name := range order {
		if props[name] != nil {
			names = append(names, name)
		}
	}
	for name := range props {
		if !slices.Contains(order, name) {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	return append(names, rest...)
}

// theirs returns the contract's name of an input.
func theirs(rename map[string]string, ours string) string {
	for their, our := range rename {
		if our == ours {
			return their
		}
	}
	return ours
}

// inline copies an input's schema and resolves its references, as inputs have a
// registry of their own. Inputs do not refer to themselves.
func inline(s *huma.Schema, from huma.Registry) *huma.Schema {
	if s == nil {
		return nil
	}
	description := s.Description
	for s.Ref != "" {
		s = from.SchemaFromRef(s.Ref)
	}
	c := *s
	if description != "" {
		c.Description = description
	}
	c.PatternDescription = ""
	if c.Type == huma.TypeArray {
		c.Nullable = false // null is accepted as an empty list, which is undocumented
	}
	c.Items = inline(s.Items, from)
	if s.Properties != nil {
		c.Properties = maps.Clone(s.Properties)
		for name, p := range s.Properties {
			c.Properties[name] = inline(p, from)
		}
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		c.AdditionalProperties = inline(more, from)
	}
	return schema.ChoiceOrNull(&c)
}
