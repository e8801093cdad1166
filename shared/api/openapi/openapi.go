// Package openapi generates a deployment's OpenAPI 3.1 document from the route table,
// the contract and the types of the handlers, and checks real responses against it.
//
// Deployed functions do not run this package. The build generates the document, and a
// function serves its bytes.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/schema"
	"statgate/shared/contract"
)

// prefix begins the references to schemas.
const prefix = "#/components/schemas/"

// version is the document's info.version. It changes with the API that clients see.
const version = "1.0.0"

// builder builds one document.
type builder struct {
	contract *contract.Contract
	encoder  api.Encoder
	registry *schema.Registry
	doc      *huma.OpenAPI
	failures map[string]string // name of a shared error response → its content
	events   bool              // some operation has callbacks
}

// Document returns the document of a deployment of the contract as indented JSON. The
// same input gives the same bytes. Routes without a handler are omitted. The base URL
// is the document's server; if it is empty, paths are relative to the document's own
// address. Document fails for views and handlers that it cannot describe.
func Document(c *contract.Contract, handlers []api.Handler, baseURL string) ([]byte, error) {
	b := &builder{contract: c, encoder: api.Encoder{Contract: c}, registry: schema.New(prefix, c.Shapes.Views), failures: map[string]string{}}
	b.doc = &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    b.info(),
		Servers: []*huma.Server{{URL: server(baseURL), Description: "This deployment"}},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas: b.registry, Responses: map[string]*huma.Response{}, Headers: b.headers(),
			Parameters: parameters(), SecuritySchemes: schemes(c),
		},
	}
	b.registry.Add("Error", b.errorSchema())
	byName := map[string]api.Handler{}
	for _, h := range handlers {
		byName[h.Operation] = h
	}
	families := map[string]bool{}
	for _, r := range api.Documented(c) {
		h, ok := byName[r.Operation]
		if !ok {
			continue
		}
		if err := b.operation(r, h); err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", r.Operation, err)
		}
		b.events = b.events || len(h.Events) > 0
		families[r.Function] = true
	}
	if err := b.registry.Err(); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	b.doc.Tags = tags(families)
	if b.events {
		b.doc.Tags = append(b.doc.Tags, &huma.Tag{Name: eventTag, Description: "Events that are sent to webhooks."})
	}
	b.dropUnused()
	return write(b.doc)
}

func server(baseURL string) string {
	if trimmed := strings.TrimRight(baseURL, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}

func (b *builder) info() *huma.Info {
	return &huma.Info{
		Title: b.contract.Title, Version: version, Description: introduction(b.contract),
		License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
	}
}

// write returns the document as indented JSON.
func write(doc *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("openapi: encoding: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("openapi: indenting: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// operation adds one route.
func (b *builder) operation(r api.Route, h api.Handler) error {
	in, err := bind.New(b.contract, r, h)
	if err != nil {
		return err
	}
	scopes := Scopes(b.contract, r)
	op := &huma.Operation{
		OperationID: r.Operation, Summary: r.Summary, Tags: []string{tagOf(r.Function).tag},
		Description: description(b.contract, r, scopes),
		Parameters:  b.params(r, h, in), RequestBody: b.body(r, h, in),
		Security: security(b.contract, r), Responses: map[string]*huma.Response{},
		Callbacks: b.callbacks(h), Extensions: map[string]any{"x-cost": r.Cost},
	}
	if !r.Open {
		op.Extensions["x-permissions"] = append([]string{}, r.Permissions...)
		op.Extensions["x-scopes"] = append([]string{}, scopes...)
	}
	if err := b.success(op, r, h); err != nil {
		return err
	}
	b.failure(op, r, h, in)
	item := b.doc.Paths[r.Path]
	if item == nil {
		item = &huma.PathItem{}
		b.doc.Paths[r.Path] = item
	}
	return place(item, r.Method, op)
}

func place(item *huma.PathItem, method string, op *huma.Operation) error {
	at := map[string]**huma.Operation{
		"GET": &item.Get, "PUT": &item.Put, "POST": &item.Post, "DELETE": &item.Delete, "PATCH": &item.Patch,
	}[method]
	if at == nil {
		return fmt.Errorf("method %s is not supported in a document", method)
	}
	*at = op
	return nil
}

// dropUnused removes the headers, parameters and schemas that nothing refers to, such as
// schemas of which a view shows only parts. Removing one can make another unused, so it
// repeats until nothing is removed.
func (b *builder) dropUnused() {
	for removed := true; removed; {
		raw, err := json.Marshal(b.doc)
		if err != nil {
			return // write reports the error
		}
		unused := func(kind, name string) bool {
			no := !bytes.Contains(raw, []byte(`"#/components/`+kind+`/`+name+`"`))
			removed = removed || no
			return no
		}
		removed = false
		maps.DeleteFunc(b.doc.Components.Headers, func(name string, _ *huma.Param) bool { return unused("headers", name) })
		maps.DeleteFunc(b.doc.Components.Parameters, func(name string, _ *huma.Param) bool { return unused("parameters", name) })
		maps.DeleteFunc(b.registry.Map(), func(name string, _ *huma.Schema) bool { return unused("schemas", name) })
	}
}
