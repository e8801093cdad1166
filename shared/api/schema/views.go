package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/contract"
)

// shown returns the schema of an object in the contract's view, derived from the
// object's own schema. A leaf has the schema at its path, in its format. It is nullable
// if anything on the path is.
func (r *Registry) shown(view string, own *huma.Schema) *huma.Schema {
	n, ok := r.views[view]
	if !ok {
		return own
	}
	s, err := r.viewTree(n, own)
	if err != nil {
		r.wrong = errors.Join(r.wrong, fmt.Errorf("view %s: %w", view, err))
		return own
	}
	s.Description = own.Description
	return s
}

func (r *Registry) viewTree(n *contract.Node, of *huma.Schema) (*huma.Schema, error) {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	var order []string
	for _, f := range n.Fields {
		var leaf *huma.Schema
		var err error
		if f.Node.Path == "" {
			leaf, err = r.viewTree(f.Node, of)
		} else {
			leaf, err = r.viewLeaf(f.Node, of)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		s.Properties[f.Name] = leaf
		s.Required = append(s.Required, f.Name)
		order = append(order, f.Name)
	}
	s.Extensions = map[string]any{"x-order": order}
	return s, nil
}

func (r *Registry) viewLeaf(n *contract.Node, of *huma.Schema) (*huma.Schema, error) {
	at, nullable := of, false
	for _, name := range strings.Split(n.Path, ".") {
		object, null := r.behind(at)
		nullable = nullable || null
		if at = object.Properties[name]; at == nil {
			at = r.viewOnly[object][name]
		}
		if at == nil {
			return nil, fmt.Errorf("path %q: no such property", n.Path)
		}
	}
	if n.Format == "" {
		return OrNull(at, nullable), nil
	}
	_, null := r.behind(at)
	s := &huma.Schema{Nullable: nullable || null || n.Format != "replace", Description: at.Description}
	switch n.Format {
	case "replace":
		s.Type = huma.TypeString
	case "epoch":
		s.Type, s.Description = huma.TypeInteger, strings.TrimSpace(s.Description+", in seconds since 1970")
	case "epoch_ms":
		s.Type, s.Format, s.Nullable = huma.TypeInteger, "int64", nullable || null
		s.Description = strings.TrimSpace(s.Description + ", in milliseconds since 1970")
		if !s.Nullable {
			s.Examples = []any{exampleMillis}
		}
	default:
		s.Type = huma.TypeInteger
		s.Description = strings.TrimSpace(s.Description + " (" + strings.Join(n.Args, ", ") + ")")
		s.Enum = codesOf(n.Args)
	}
	return ChoiceOrNull(s), nil
}

func codesOf(args []string) []any {
	var codes []any
	for _, arg := range args {
		_, number, _ := strings.Cut(arg, "=")
		if code, err := strconv.Atoi(number); err == nil && !slices.Contains(codes, any(code)) {
			codes = append(codes, code)
		}
	}
	return codes
}

// behind resolves a reference, or an alternative of a reference and null.
func (r *Registry) behind(s *huma.Schema) (to *huma.Schema, nullable bool) {
	nullable = s.Nullable
	for _, one := range s.AnyOf {
		if one.Type == "null" {
			nullable = true
		} else {
			s = one
		}
	}
	if own := r.own[strings.TrimPrefix(s.Ref, r.prefix)]; s.Ref != "" && own != nil {
		s = own
	}
	return s, nullable
}

// OrNull returns the schema, made nullable on request.
func OrNull(s *huma.Schema, nullable bool) *huma.Schema {
	if _, already := New("", nil).behind(s); already || !nullable {
		return s
	}
	if s.Ref != "" {
		return &huma.Schema{AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}, Description: s.Description}
	}
	copied := *s
	copied.Nullable = true
	return ChoiceOrNull(&copied)
}
