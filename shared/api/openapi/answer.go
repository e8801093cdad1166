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

// success adds the successful response, and 304 for cacheable operations.
func (b *builder) success(op *huma.Operation, r api.Route, h api.Handler) error {
	answer := &huma.Response{Description: http.StatusText(h.Status), Headers: b.answerHeaders(r, tagged(r, h))}
	if h.Created != nil && b.deployed(h.Created.Get) {
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
	if r.Operation == api.CallMCP {
		op.Responses["202"] = &huma.Response{Description: "Accepted without a body: the message was a notification or a response", Headers: b.answerHeaders(r, false)}
	}
	if cacheable(r, h) {
		op.Responses["304"] = &huma.Response{Description: "Not modified: the response still has the `ETag` given in `If-None-Match`", Headers: b.answerHeaders(r, true)}
	}
	return nil
}

// rawAnswers describes the responses that are not encoded as JSON objects, by operation.
var rawAnswers = map[string]struct{ kind, description string }{
	"getOpenAPI": {"application/json", "This OpenAPI document"},
	"getDocs":    {"text/html", "Documentation page"},
	api.CallMCP:  {"application/json", "JSON-RPC response"},
	"streamMCP":  {"text/event-stream", "Event stream that ends after one event"},
}

func (b *builder) content(r api.Route, h api.Handler) (string, *huma.MediaType, error) {
	out := h.Output
	for out.Kind() == reflect.Pointer {
		out = out.Elem()
	}
	if out == raw {
		known, ok := rawAnswers[r.Operation]
		if !ok {
			return "", nil, fmt.Errorf("no media type for its raw answer: add one to rawAnswers")
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

// shaped returns the schema of a response in the contract's envelope.
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

// nameOf returns the component name of an item, or the operation's name if it has none.
func (b *builder) nameOf(item *huma.Schema, r api.Route) string {
	if len(item.Ref) > len(schemaPrefix) {
		return item.Ref[len(schemaPrefix):]
	}
	return title(r.Operation)
}

// envelope converts a tree of names to a schema.
func (b *builder) envelope(n *contract.Node, item *huma.Schema) *huma.Schema {
	if n.Slot != "" {
		return b.slot(n, item)
	}
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	var order []string
	for _, f := range n.Fields {
		field := b.envelope(f.Node, item)
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

func (b *builder) slot(n *contract.Node, item *huma.Schema) *huma.Schema {
	s := &huma.Schema{Nullable: !n.OmitNull}
	switch n.Slot {
	case "item":
		return described(item, "Result")
	case "items":
		return &huma.Schema{Type: huma.TypeArray, Items: item, Description: "Items on this page"}
	case "next":
		s.Type, s.Description = huma.TypeString, "Cursor of the next page; null on the last page"
	case "total":
		s.Type, s.Description = huma.TypeInteger, "Number of items in all pages; null if not counted"
		if b.contract.Paging.Count && !ownList(n) {
			s.Nullable, s.Description = false, fmt.Sprintf("Number of items in all pages that can be read, at most %d", bind.MaxSkip)
		}
	case "more":
		return &huma.Schema{Type: huma.TypeBoolean, Description: "Whether another page follows"}
	case "count":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Number of items on this page"}
	case "page":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Page number, from 1", Examples: []any{1}}
	case "limit":
		return &huma.Schema{Type: huma.TypeInteger, Description: "Maximum number of items per page", Examples: []any{b.contract.Paging.Limit.Default}}
	case "now":
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "Time of the response"}
	default:
		return b.errorSlot(n)
	}
	if n.OmitNull {
		s.Description += " (omitted instead of null)"
	}
	return s
}
