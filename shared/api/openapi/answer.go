package openapi

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/contract"
)

var (
	listed = reflect.TypeFor[api.Listed]()
	raw    = reflect.TypeFor[api.Raw]()
)

// success adds the answer of a call that went well, and 304 where there may be one.
func (b *builder) success(op *huma.Operation, r api.Route, h api.Handler) error {
	answer := &huma.Response{Description: http.StatusText(h.Status), Headers: b.answerHeaders(r, tagged(r, h))}
	if h.Made != nil && b.deployed(h.Made.Get) {
		answer.Headers["Location"] = headerRef("Location")
	}
	if h.Status != http.StatusNoContent {
		kind, media, err := b.content(r, h)
		if err != nil {
			return err
		}
		answer.Content = map[string]*huma.MediaType{kind: media}
	}
	op.Responses[strconv.Itoa(h.Status)] = answer
	if cacheable(r, h) {
		op.Responses["304"] = &huma.Response{Description: "Nothing changed since the answer that `If-None-Match` names", Headers: b.answerHeaders(r, true)}
	}
	return nil
}

// rawAnswers are what is written as it is, by operation.
var rawAnswers = map[string]struct{ kind, description string }{
	"getOpenAPI": {"application/json", "This document"},
	"getDocs":    {"text/html", "The page"},
}

func (b *builder) content(r api.Route, h api.Handler) (string, *huma.MediaType, error) {
	out := h.Output
	for out.Kind() == reflect.Pointer {
		out = out.Elem()
	}
	if out == raw {
		known, ok := rawAnswers[r.Operation]
		if !ok {
			return "", nil, fmt.Errorf("it answers raw bytes of a kind that is not known here")
		}
		if known.kind == "application/json" {
			return known.kind, &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Description: known.description, AdditionalProperties: true}}, nil
		}
		return known.kind, &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: known.description}}, nil
	}
	s, err := b.shaped(r, out)
	if err != nil {
		return "", nil, err
	}
	return "application/json", &huma.MediaType{Schema: s, Example: b.example(s, "")}, nil
}

// shaped is the schema of an answer in the contract's envelope.
func (b *builder) shaped(r api.Route, out reflect.Type) (*huma.Schema, error) {
	if out.Implements(listed) {
		data, ok := out.FieldByName("Data")
		if !ok {
			return nil, fmt.Errorf("its list %s has no Data", out)
		}
		shape := b.contract.Shapes.List
		if r.OwnShape(b.contract) {
			shape = api.ManagementList
		}
		item := b.registry.Schema(data.Type.Elem(), true, r.Operation)
		return b.registry.add(b.nameOf(item, r)+"List", b.envelope(shape, item)), nil
	}
	item := b.registry.Schema(out, true, r.Operation)
	if shape := b.contract.Shapes.Item; shape != nil && !r.OwnShape(b.contract) {
		return b.registry.add(b.nameOf(item, r)+"Envelope", b.envelope(shape, item)), nil
	}
	return item, nil
}

// nameOf is the component's name of an item, or one from the operation for what has none.
func (b *builder) nameOf(item *huma.Schema, r api.Route) string {
	if len(item.Ref) > len(schemaPrefix) {
		return item.Ref[len(schemaPrefix):]
	}
	return title(r.Operation)
}

// envelope turns a tree of names into a schema.
func (b *builder) envelope(n *contract.Node, item *huma.Schema) *huma.Schema {
	if n.Slot != "" {
		return b.slot(n, item)
	}
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	var order []string
	for _, f := range n.Fields {
		s.Properties[f.Name] = b.envelope(f.Node, item)
		order = append(order, f.Name)
		if !f.Node.OmitNull {
			s.Required = append(s.Required, f.Name)
		}
	}
	s.Extensions = map[string]any{"x-order": order}
	return s
}

// ownList tells whether a slot is one of Statgate's own list, whose totals are as
// they come.
func ownList(n *contract.Node) bool {
	return slices.ContainsFunc(api.ManagementList.Fields, func(f contract.Field) bool { return f.Node == n })
}

func (b *builder) slot(n *contract.Node, item *huma.Schema) *huma.Schema {
	s := &huma.Schema{Nullable: !n.OmitNull}
	switch n.Slot {
	case "item":
		return item
	case "items":
		return &huma.Schema{Type: huma.TypeArray, Items: item}
	case "next":
		s.Type, s.Description = huma.TypeString, "Cursor of the next page; null where nothing follows"
	case "total":
		s.Type, s.Description = huma.TypeInteger, "How many there are in all; null where that is not counted"
		if b.contract.Paging.Count && !ownList(n) {
			s.Nullable, s.Description = false, fmt.Sprintf("How many there are in all, as far as can be reached: %d at most", bind.MaxSkip)
		}
	case "more":
		return &huma.Schema{Type: huma.TypeBoolean, Description: "Whether another page follows"}
	case "count":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Items on this page"}
	case "page":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Number of this page, from 1", Examples: []any{1}}
	case "limit":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Items a page at most", Examples: []any{b.contract.Paging.Limit.Default}}
	case "now":
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "When the answer was made"}
	default:
		return b.errorSlot(n)
	}
	if n.OmitNull {
		s.Description += " (left out instead of null)"
	}
	return s
}
