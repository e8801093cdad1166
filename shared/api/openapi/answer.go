package openapi

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/schema"
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
		if own := b.contract.Operations[r.Operation].Shape; own != nil {
			return b.ownShape(r, own, item), nil
		}
		return b.registry.Add(b.nameOf(item, r)+"List", schema.Envelope(b.contract, shape, item, nil)), nil
	}
	item := b.registry.Schema(out, true, r.Operation)
	if own := b.contract.Operations[r.Operation].Shape; own != nil {
		return b.ownShape(r, own, item), nil
	}
	if shape := b.contract.Shapes.Item; shape != nil && !r.OwnShape(b.contract) {
		return b.registry.Add(b.nameOf(item, r)+"Envelope", schema.Envelope(b.contract, shape, item, nil)), nil
	}
	return item, nil
}

// ownShape returns the schema of a response in the envelope that only its operation has.
func (b *builder) ownShape(r api.Route, shape *contract.Node, item *huma.Schema) *huma.Schema {
	return b.registry.Add(schema.Title(r.Operation)+"Result", schema.Envelope(b.contract, shape, item, nil))
}

// nameOf returns the component name of an item, or the operation's name if it has none.
func (b *builder) nameOf(item *huma.Schema, r api.Route) string {
	if len(item.Ref) > len(prefix) {
		return item.Ref[len(prefix):]
	}
	return schema.Title(r.Operation)
}
