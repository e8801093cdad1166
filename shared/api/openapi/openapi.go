// Package openapi writes a deployment's OpenAPI 3.1 document, from the route
// table, the contract and the types of the handlers, and checks real answers
// against it.
//
// Nothing here is run by a deployed function: the document is made at build, and
// the function that serves it serves bytes. Schemas are huma's, used as a
// library, with three things said more strictly than it says them: an optional
// object is "this object or null", a list is never null, and a nullable
// enumeration names null.
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
	"statgate/shared/contract"
)

// Version is the document's info.version: it moves with what clients see.
const Version = "1.0.0"

// builder gathers one document.
type builder struct {
	contract *contract.Contract
	encoder  api.Encoder
	registry *registry
	doc      *huma.OpenAPI
	failures map[string]string // name of a shared failure → what it is made of
}

// Document writes the document of a deployment of the contract, as indented JSON
// that is the same for the same input. Routes without a handler among the
// handlers are left out. With a base URL, that is the server; without one,
// paths are relative to where the document was had.
func Document(c *contract.Contract, handlers []api.Handler, baseURL string) ([]byte, error) {
	b := &builder{contract: c, encoder: api.Encoder{Contract: c}, registry: newRegistry(c.Shapes.Views), failures: map[string]string{}}
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
	b.registry.add("Error", b.errorSchema())
	byName := map[string]api.Handler{}
	for _, h := range handlers {
		byName[h.Operation] = h
	}
	families := map[string]bool{}
	for _, r := range api.For(c) {
		h, ok := byName[r.Operation]
		if !ok {
			continue
		}
		if err := b.operation(r, h); err != nil {
			return nil, fmt.Errorf("openapi: %s: %w", r.Operation, err)
		}
		b.webhooks(r, h)
		families[r.Function] = true
	}
	if b.registry.wrong != nil {
		return nil, fmt.Errorf("openapi: %w", b.registry.wrong)
	}
	b.doc.Tags = tags(families)
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
		Title: b.contract.Title, Version: Version, Description: introduction(b.contract),
		License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
	}
}

// write indents the document. Numbers and texts stay as they were encoded.
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
		OperationID: r.Operation, Summary: r.Summary, Tags: []string{family(r.Function).tag},
		Description: description(b.contract, r, scopes),
		Parameters:  b.params(r, h, in), RequestBody: b.body(r, h, in),
		Security: security(b.contract, r), Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-cost": r.Cost},
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
		return fmt.Errorf("method %s has no place in a document", method)
	}
	*at = op
	return nil
}

// dropUnused leaves out the shared parts that nothing refers to: headers and
// parameters, and objects of which a view shows parts only. A part may be the last
// to refer to another, so it looks until nothing goes.
func (b *builder) dropUnused() {
	for gone := true; gone; {
		raw, err := json.Marshal(b.doc)
		if err != nil {
			return // write tells
		}
		unused := func(kind, name string) bool {
			no := !bytes.Contains(raw, []byte(`"#/components/`+kind+`/`+name+`"`))
			gone = gone || no
			return no
		}
		gone = false
		maps.DeleteFunc(b.doc.Components.Headers, func(name string, _ *huma.Param) bool { return unused("headers", name) })
		maps.DeleteFunc(b.doc.Components.Parameters, func(name string, _ *huma.Param) bool { return unused("parameters", name) })
		maps.DeleteFunc(b.registry.schemas, func(name string, _ *huma.Schema) bool { return unused("schemas", name) })
	}
}
