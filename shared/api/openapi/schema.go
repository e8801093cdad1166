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

// registry is huma's registry of schemas with nulls said exactly, and with names
// that stay readable where packages share them.
type registry struct {
	schemas map[string]*huma.Schema
	types   map[string]reflect.Type
	aliases map[reflect.Type]reflect.Type
	views   map[string]*contract.Node
	own     map[string]*huma.Schema // of objects, before a view
	// beside is what objects have for views alone, by their own schema.
	beside map[*huma.Schema]map[string]*huma.Schema
	wrong  error // about views
}

func newRegistry(views map[string]*contract.Node) *registry {
	return &registry{schemas: map[string]*huma.Schema{}, types: map[string]reflect.Type{}, aliases: map[reflect.Type]reflect.Type{},
		views: views, own: map[string]*huma.Schema{}, beside: map[*huma.Schema]map[string]*huma.Schema{}}
}

var (
	moment  = reflect.TypeFor[time.Time]()
	texts   = reflect.TypeFor[encoding.TextUnmarshaler]()
	choices = reflect.TypeFor[huma.SchemaProvider]()
)

// named tells whether the type's schema is shared under a name.
func named(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct && t != moment && !p.Implements(texts) && !p.Implements(choices)
}

// Schema returns the type's schema, or a reference to it.
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
			s.Nullable = false // answers have no null lists
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

// register makes the schema of a struct once; types that refer to themselves find their name.
func (r *registry) register(t reflect.Type, hint string) string {
	name := r.name(t, hint)
	if r.schemas[name] != nil {
		return name
	}
	r.schemas[name], r.types[name] = &huma.Schema{}, t
	s := huma.SchemaFromType(r, t)
	for _, p := range s.Properties {
		p.PatternDescription = "" // huma's own word, which no standard knows
		if p.Nullable && len(p.Enum) > 0 && !slices.Contains(p.Enum, nil) {
			p.Enum = append(p.Enum, nil)
		}
	}
	r.own[name], r.beside[s] = s, map[string]*huma.Schema{}
	for _, f := range reflect.VisibleFields(t) {
		if only := f.Tag.Get("view"); only != "" {
			r.beside[s][only] = huma.SchemaFromField(r, f, "")
		}
	}
	r.schemas[name] = r.shown(view.Name(t), s)
	return name
}

// names are for types that are too vague without their package.
var names = map[string]string{
	"standings.Table": "Standings", "standings.Row": "StandingsRow", "standings.AsOf": "StandingsAsOf",
	"audit.Entry": "AuditEntry", "audit.Actor": "AuditActor", "keys.Usage": "KeyUsage", "keys.Window": "QuotaWindow",
	"keys.Minted": "KeyWithSecret", "keys.Rotated": "RotatedKey", "orgs.Org": "Organisation", "matches.Side": "MatchTeam",
	"webhooks.Created": "WebhookWithSecret", "keys.Report": "UsageReport", "keys.Count": "UsageCount", "matches.headToHeadAnswer": "HeadToHead", "matches.totals": "HeadToHeadTotals",
}

// name is the type's own name, with its package's before it where another type
// has that name already.
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

// add names a schema that comes from no Go type.
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

// TypeFromRef returns the type behind a reference.
func (r *registry) TypeFromRef(ref string) reflect.Type {
	return r.types[strings.TrimPrefix(ref, schemaPrefix)]
}

// Map returns the schemas by name.
func (r *registry) Map() map[string]*huma.Schema { return r.schemas }

// RegisterTypeAlias gives a type another's schema.
func (r *registry) RegisterTypeAlias(t, alias reflect.Type) { r.aliases[t] = alias }

// MarshalJSON writes components.schemas.
func (r *registry) MarshalJSON() ([]byte, error) { return json.Marshal(r.schemas) }

// inline copies an input's schema with its references resolved, as inputs have a
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
		c.Nullable = false // null is taken for an empty list; nobody needs to know
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
	if c.Nullable && len(c.Enum) > 0 && !slices.Contains(c.Enum, nil) {
		c.Enum = append(slices.Clone(c.Enum), nil)
	}
	return &c
}
