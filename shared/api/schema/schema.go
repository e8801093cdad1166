// Package schema derives the JSON Schemas of results from the types of handlers and from the
// contract's views, for documents and for tools.
//
// The library huma makes the schemas; this package makes three of its rules stricter. An
// optional object is "this object or null", a list is never null, and a nullable
// enumeration is "one of these values, or null".
package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api/view"
	"statgate/shared/contract"
)

// Registry implements huma.Registry. Its schemas state exactly where null is allowed,
// and its names stay readable if two packages have a type of the same name.
type Registry struct {
	prefix  string
	schemas map[string]*huma.Schema
	types   map[string]reflect.Type
	aliases map[reflect.Type]reflect.Type
	views   map[string]*contract.Node
	own     map[string]*huma.Schema // of objects, without a view
	// viewOnly has the properties that only views show, by the schema of their object.
	viewOnly map[*huma.Schema]map[string]*huma.Schema
	wrong    error // invalid views
}

// New returns an empty registry for results in these views. The prefix begins the references
// to its schemas, such as "#/components/schemas/".
func New(prefix string, views map[string]*contract.Node) *Registry {
	return &Registry{prefix: prefix, schemas: map[string]*huma.Schema{}, types: map[string]reflect.Type{}, aliases: map[reflect.Type]reflect.Type{},
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
func (r *Registry) Schema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
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
	ref := &huma.Schema{Ref: r.prefix + name}
	if optional {
		return &huma.Schema{AnyOf: []*huma.Schema{ref, {Type: "null"}}}
	}
	return ref
}

// register adds the schema of a struct once and returns its name. The name is set
// first, so that types that refer to themselves find it.
func (r *Registry) register(t reflect.Type, hint string) string {
	name := r.name(t, hint)
	if r.schemas[name] != nil {
		return name
	}
	r.schemas[name], r.types[name] = &huma.Schema{}, t
	s := huma.SchemaFromType(r, t)
	for field, p := range s.Properties {
		p.PatternDescription = "" // not part of JSON Schema
		s.Properties[field] = ChoiceOrNull(p)
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

// Names has names of schemas for types whose own name is too vague.
var Names = map[string]string{
	"standings.Table": "Standings", "standings.Row": "StandingsRow", "standings.AsOf": "StandingsAsOf",
	"audit.Entry": "AuditEntry", "audit.Actor": "AuditActor", "keys.Usage": "KeyUsage", "keys.Window": "QuotaWindow",
	"keys.Minted": "KeyWithSecret", "keys.Rotated": "RotatedKey", "orgs.Org": "Organisation", "contests.contestStatus": "ContestState", "matches.Side": "MatchTeam",
	"keys.Report": "UsageReport", "keys.Count": "UsageCount", "matches.HeadToHeadAnswer": "HeadToHead", "matches.Totals": "HeadToHeadTotals",
}

// name returns the type's own name, with its package's name before it if another type
// already has that name.
func (r *Registry) name(t reflect.Type, hint string) string {
	pkg := path.Base(t.PkgPath())
	name, ok := Names[pkg+"."+t.Name()]
	if !ok {
		name = strings.TrimSuffix(Title(t.Name()), "Answer")
	}
	if t.Name() == "" {
		name = Title(strings.TrimSuffix(hint, "Struct"))
	}
	for at := 2; r.types[name] != nil && r.types[name] != t; at++ {
		if longer := Title(pkg) + Title(t.Name()); name != longer && r.types[longer] == nil {
			name = longer
			continue
		}
		name = fmt.Sprintf("%s%d", Title(pkg)+Title(t.Name()), at)
	}
	return name
}

// Title returns a name with an upper-case first letter.
func Title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Add adds a schema that has no Go type and returns a reference to it.
func (r *Registry) Add(name string, s *huma.Schema) *huma.Schema {
	r.schemas[name] = s
	return &huma.Schema{Ref: r.prefix + name}
}

// Err returns the problems of the views, or nil.
func (r *Registry) Err() error { return r.wrong }

// SchemaFromRef resolves a reference.
func (r *Registry) SchemaFromRef(ref string) *huma.Schema {
	name, ok := strings.CutPrefix(ref, r.prefix)
	if !ok {
		return nil
	}
	return r.schemas[name]
}

// TypeFromRef returns the type of a reference.
func (r *Registry) TypeFromRef(ref string) reflect.Type {
	return r.types[strings.TrimPrefix(ref, r.prefix)]
}

// Map returns the schemas by name.
func (r *Registry) Map() map[string]*huma.Schema { return r.schemas }

// RegisterTypeAlias gives a type the schema of another type.
func (r *Registry) RegisterTypeAlias(t, alias reflect.Type) { r.aliases[t] = alias }

// MarshalJSON writes the schemas by name.
func (r *Registry) MarshalJSON() ([]byte, error) { return json.Marshal(r.schemas) }

// ChoiceOrNull returns a nullable enumeration as "one of these values, or null". Client
// generators cannot write a type for an enumeration that contains null.
func ChoiceOrNull(s *huma.Schema) *huma.Schema {
	if !s.Nullable || len(s.Enum) == 0 {
		return s
	}
	choice := *s
	choice.Nullable, choice.Description = false, ""
	choice.Enum = slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil })
	return &huma.Schema{AnyOf: []*huma.Schema{&choice, {Type: "null"}}, Description: s.Description}
}
