package schema

import (
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/contract"
)

// Envelope converts a tree of names around an item to a schema. The function returns the
// schemas of slots that successful results do not have; it may be nil.
func Envelope(c *contract.Contract, n *contract.Node, item *huma.Schema, other func(n *contract.Node) *huma.Schema) *huma.Schema {
	if n.Slot != "" {
		return slot(c, n, item, other)
	}
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	var order []string
	for _, f := range n.Fields {
		field := Envelope(c, f.Node, item, other)
		if f.Node.Slot == "" {
			field.Description = "Position in the list"
		}
		s.Properties[f.Name] = field
		order = append(order, f.Name)
		if !f.Node.OmitNull {
			s.Required = append(s.Required, f.Name)
		}
	}
	s.Extensions = map[string]any{"x-order": order}
	return s
}

// ownList reports whether a slot belongs to [api.ManagementList], whose totals can be
// null in every contract.
func ownList(n *contract.Node) bool {
	return slices.ContainsFunc(api.ManagementList.Fields, func(f contract.Field) bool { return f.Node == n })
}

// exampleMillis is a time in milliseconds since 1970.
const exampleMillis = 1_772_366_400_000

func slot(c *contract.Contract, n *contract.Node, item *huma.Schema, other func(n *contract.Node) *huma.Schema) *huma.Schema {
	s := &huma.Schema{Nullable: !n.OmitNull}
	switch n.Slot {
	case "item":
		return Described(item, "Result")
	case "items":
		return &huma.Schema{Type: huma.TypeArray, Items: item, Description: "Items on this page"}
	case "next":
		s.Type, s.Description = huma.TypeString, "Cursor of the next page; null on the last page"
	case "total":
		s.Type, s.Description = huma.TypeInteger, "Number of items in all pages; null if not counted"
		if c.Paging.Count && !ownList(n) {
			s.Nullable, s.Description = false, fmt.Sprintf("Number of items in all pages that can be read, at most %d", bind.MaxSkip)
		}
	case "more":
		return &huma.Schema{Type: huma.TypeBoolean, Description: "Whether another page follows"}
	case "done":
		return &huma.Schema{Type: huma.TypeBoolean, Description: "Whether this is the last page"}
	case "true":
		return &huma.Schema{Type: huma.TypeBoolean, Description: "Always true", Examples: []any{true}}
	case "now_ms":
		return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: "Time of the response, in milliseconds since 1970", Examples: []any{exampleMillis}}
	case "count":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Number of items on this page"}
	case "page":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Page number, from 1", Examples: []any{1}}
	case "limit":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Maximum number of items per page", Examples: []any{c.Paging.Limit.Default}}
	case "now":
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "Time of the response"}
	default:
		if other != nil {
			return other(n)
		}
	}
	if n.OmitNull {
		s.Description += " (omitted instead of null)"
	}
	return s
}

// Described returns the schema with a description; one that is a reference is copied.
func Described(s *huma.Schema, description string) *huma.Schema {
	copied := *s
	copied.Description = description
	return &copied
}
