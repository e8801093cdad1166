package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Checker checks real responses against a document. It is for tests, and safe for
// concurrent use.
//
// An independent JSON Schema library compiles the schemas, so that a response is
// checked as generated client code would.
type Checker struct {
	mutex      sync.Mutex
	compiler   *jsonschema.Compiler
	compiled   map[string]*jsonschema.Schema
	operations map[string]operationPlace // by operationId
}

type operationPlace struct {
	path, method string
	responses    map[string]responsePlace // by status
}

// responsePlace is the place of a response's schema, "" without a JSON body.
type responsePlace struct {
	pointer string
	kinds   []string // media types
}

const documentURL = "urn:statgate:openapi"

// Check parses a document and returns its checker.
func Check(doc []byte) (*Checker, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("openapi: reading the document: %w", err)
	}
	c := &Checker{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}, operations: map[string]operationPlace{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, parsed); err != nil {
		return nil, fmt.Errorf("openapi: reading the document: %w", err)
	}
	return c, c.index(doc)
}

type indexed struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Responses   map[string]indexedResponse
	}
	Components struct {
		Responses map[string]indexedResponse
	}
}

type indexedResponse struct {
	Ref     string `json:"$ref"`
	Content map[string]json.RawMessage
}

func (c *Checker) index(doc []byte) error {
	var d indexed
	if err := json.Unmarshal(doc, &d); err != nil {
		return fmt.Errorf("openapi: reading the document: %w", err)
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			at := operationPlace{path: path, method: strings.ToUpper(method), responses: map[string]responsePlace{}}
			for status, r := range op.Responses {
				pointer := "#/paths/" + escape(path) + "/" + method + "/responses/" + status
				if r.Ref != "" {
					pointer = r.Ref
					r = d.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
				}
				place := responsePlace{}
				for kind := range r.Content {
					place.kinds = append(place.kinds, kind)
					if kind == "application/json" {
						place.pointer = pointer + "/content/application~1json/schema"
					}
				}
				at.responses[status] = place
			}
			c.operations[op.OperationID] = at
		}
	}
	return nil
}

// escape encodes a path as one part of a JSON pointer in a URL's fragment.
func escape(path string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
}

// Operation returns the operation that serves a request with this method and path. The
// path has no query.
func (c *Checker) Operation(method, path string) (string, bool) {
	best, most := "", -1
	for name, at := range c.operations {
		if at.method != method {
			continue
		}
		if literal, ok := fits(at.path, path); ok && literal > most {
			best, most = name, literal
		}
	}
	return best, most >= 0
}

// fits reports whether a path matches a template, and how many of its parts are literal.
func fits(template, path string) (int, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	literal := 0
	for i := range want {
		switch {
		case strings.HasPrefix(want[i], "{"):
		case want[i] == got[i]:
			literal++
		default:
			return 0, false
		}
	}
	return literal, true
}

// Answer checks an operation's response. It fails for a status that the document does
// not list, and for a body that does not match its schema. It ignores bodies of media
// types other than JSON.
func (c *Checker) Answer(operation string, status int, body []byte) error {
	at, ok := c.operations[operation]
	if !ok {
		return fmt.Errorf("openapi: the document has no operation %q", operation)
	}
	place, ok := at.responses[strconv.Itoa(status)]
	if !ok {
		return fmt.Errorf("openapi: %s: the document has no response with status %d", operation, status)
	}
	if len(place.kinds) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("openapi: %s: a response with status %d must have no body, got %.80q", operation, status, body)
		}
		return nil
	}
	if place.pointer == "" {
		return nil
	}
	if err := c.validate(place.pointer, body); err != nil {
		return fmt.Errorf("openapi: %s: response with status %d: %w", operation, status, err)
	}
	return nil
}

// Error checks the body of an error that belongs to no operation, such as an unknown
// path or method.
func (c *Checker) Error(body []byte) error {
	if err := c.validate(prefix+"Error", body); err != nil {
		return fmt.Errorf("openapi: error body: %w", err)
	}
	return nil
}

func (c *Checker) validate(pointer string, body []byte) error {
	schema, err := c.schema(pointer)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("body is not JSON: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		var wrong *jsonschema.ValidationError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%s", strings.ReplaceAll(wrong.Error(), documentURL, ""))
		}
		return err
	}
	return nil
}

func (c *Checker) schema(pointer string) (*jsonschema.Schema, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if s, ok := c.compiled[pointer]; ok {
		return s, nil
	}
	s, err := c.compiler.Compile(documentURL + pointer)
	if err != nil {
		return nil, fmt.Errorf("compiling %s: %w", pointer, err)
	}
	c.compiled[pointer] = s
	return s, nil
}
