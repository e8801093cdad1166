package openapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api/view"
	"statgate/shared/contract"
)

const schemaPrefix = "#/components/schemas/"

// registry implements huma.Registry. Its schemas state exactly where null is allowed,
// and its names stay readable if two packages have a type of the same name.
type registry struct {
	schemas map[string]*huma.Schema
	types   map[string]reflect.Type
	aliases map[reflect.Type]reflect.Type
	views   map[string]*contract.Node
	own     map[string]*huma.Schema // of objects, without a view
	// viewOnly has the properties that only views show, by the schema of their object.
	viewOnly map[*huma.Schema]map[string]*huma.Schema
	wrong    error // invalid views
}

func newRegistry(views map[string]*contract.Node) *registry {
	return &registry{schemas: map[string]*huma.Schema{}, types: map[string]reflect.Type{}, aliases: map[reflect.Type]reflect.Type{},
		views: views, own: map[string]*huma.Schema{}, viewOnly: map[*huma.Schema]map[string]*huma.Schema{}}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	texts    = reflect.TypeFor[encoding.TextUnmarshaler]()
	choices  = reflect.TypeFor[huma.SchemaProvider]()
)

// named reports whether the type's schema is a named component.
func named(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct && t != timeType && !p.Implements(texts) && !p.Implements(choices)
}

// Schema returns the schema of a type, or a reference to it.
func (r *registry) Schema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
	bare, optional := t, false
	for bare.Kind() == reflect.Pointer {
		bare, optional = bare.Elem(), true
	}
	if alias, ok := r.aliases[bare]; ok {
		return r.Schema(alias, allowRef, hint)
	}
	if !named(bare) {
		s := huma.SchemaFromType(r, t)
		if s != nil && s.Type == huma.TypeArray {
			s.Nullable = false // responses have no null lists
		}
		return s
	}
	name := r.register(bare, hint)
	if !allowRef {
		return r.schemas[name]
	}
	ref := &huma.Schema{Ref: schemaPrefix + name}
	if optional {
		return &huma.Schema{AnyOf: []*huma.Schema{ref, {Type: "null"}}}
	}
	return ref
}

// register adds the schema of a struct once and returns its name. The name is set
// first, so that types that refer to themselves find it.
func (r *registry) register(t reflect.Type, hint string) string {
	name := r.name(t, hint)
	if r.schemas[name] != nil {
		return name
	}
	r.schemas[name], r.types[name] = &huma.Schema{}, t
	s := huma.SchemaFromType(r, t)
	for field, p := range s.Properties {
		p.PatternDescription = "" // not part of JSON Schema
		s.Properties[field] = choiceOrNull(p)
	}
	r.own[name], r.viewOnly[s] = s, map[string]*huma.Schema{}
	for _, f := range reflect.VisibleFields(t) {
		if only := f.Tag.Get("view"); only != "" {
			r.viewOnly[s][only] = huma.SchemaFromField(r, f, "")
		}
	}
	r.schemas[name] = r.shown(view.Name(t), s)
	return name
}

// names has component names for types whose own name is too vague.
var names = map[string]string{
	"standings.Table": "Standings", "standings.Row": "StandingsRow", "standings.AsOf": "StandingsAsOf",
	"audit.Entry": "AuditEntry", "audit.Actor": "AuditActor", "keys.Usage": "KeyUsage", "keys.Window": "QuotaWindow",
	"keys.Minted": "KeyWithSecret", "keys.Rotated": "RotatedKey", "orgs.Org": "Organisation", "contests.contestStatus": "ContestState", "matches.Side": "MatchTeam",
	"webhooks.Created": "WebhookWithSecret", "keys.Report": "UsageReport", "keys.Count": "UsageCount", "matches.headToHeadAnswer": "HeadToHead", "matches.totals": "HeadToHeadTotals",
}

// name returns the type's own name, with its package's name before it if another type
// already has that name.
func (r *registry) name(t reflect.Type, hint string) string {
	pkg := path.Base(t.PkgPath())
	name, ok := names[pkg+"."+t.Name()]
	if !ok {
		name = strings.TrimSuffix(title(t.Name()), "Answer")
	}
	if t.Name() == "" {
		name = title(strings.TrimSuffix(hint, "Struct"))
	}
	for at := 2; r.types[name] != nil && r.types[name] != t; at++ {
		if longer := title(pkg) + title(t.Name()); name != longer && r.types[longer] == nil {
			name = longer
			continue
		}
		name = fmt.Sprintf("%s%d", title(pkg)+title(t.Name()), at)
	}
	return name
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// add adds a schema that has no Go type and returns a reference to it.
func (r *registry) add(name string, s *huma.Schema) *huma.Schema {
	r.schemas[name] = s
	return &huma.Schema{Ref: schemaPrefix + name}
}

// SchemaFromRef resolves a reference.
func (r *registry) SchemaFromRef(ref string) *huma.Schema {
	name, ok := strings.CutPrefix(ref, schemaPrefix)
	if !ok {
		return nil
	}
	return r.schemas[name]
}

// TypeFromRef returns the type of a reference.
func (r *registry) TypeFromRef(ref string) reflect.Type {
	return r.types[strings.TrimPrefix(ref, schemaPrefix)]
}

// Map returns the schemas by name.
func (r *registry) Map() map[string]*huma.Schema { return r.schemas }

// RegisterTypeAlias gives a type the schema of another type.
func (r *registry) RegisterTypeAlias(t, alias reflect.Type) { r.aliases[t] = alias }

// MarshalJSON writes components.schemas.
func (r *registry) MarshalJSON() ([]byte, error) { return json.Marshal(r.schemas) }

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
	return choiceOrNull(&c)
}

// choiceOrNull returns a nullable enumeration as "one of these values, or null". Client
// generators cannot write a type for an enumeration that contains null.
func choiceOrNull(s *huma.Schema) *huma.Schema {
	if !s.Nullable || len(s.Enum) == 0 {
		return s
	}
	choice := *s
	choice.Nullable, choice.Description = false, ""
	choice.Enum = slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil })
	return &huma.Schema{AnyOf: []*huma.Schema{&choice, {Type: "null"}}, Description: s.Description}
}
