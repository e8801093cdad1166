package docspage

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// document is the part of an OpenAPI document that the page shows.
type document struct {
	Info struct {
		Title, Version, Description string
	}
	Servers    []struct{ URL string }
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Responses  map[string]response
		Parameters map[string]parameter
		Headers    map[string]header
	}

	referred map[string]bool // names of the objects that the page refers to
}

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string
	Description string
	Tags        []string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  map[string]media
	} `json:"requestBody"`
	Responses map[string]response
	// Callbacks are the webhook events, by type, address and method.
	Callbacks   map[string]map[string]map[string]operation
	Security    []map[string][]string
	Scopes      []string `json:"x-scopes"`
	Permissions []string `json:"x-permissions"`
	Cost        int      `json:"x-cost"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      schema
	Example     json.RawMessage
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Headers     map[string]header
	Content     map[string]media
}

type header struct {
	Ref         string `json:"$ref"`
	Description string
	Schema      schema
}

type media struct {
	Schema   schema
	Example  json.RawMessage
	Examples map[string]struct {
		Summary string
		Value   json.RawMessage
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 kinds
	Format               string
	Description          string
	Enum                 []any
	Default              any
	Minimum, Maximum     *float64
	MinLength, MaxLength *int
	Pattern              string
	Items                *schema
	AnyOf                []schema `json:"anyOf"`
	Properties           map[string]schema
	Required             []string
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
	Order                []string        `json:"x-order"`
}

// kinds is a schema's type: one name, or several including null.
type kinds []string

// UnmarshalJSON reads a name or a list of names.
func (k *kinds) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(k))
}

func parse(raw []byte) (*document, error) {
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("docspage: reading the document: %w", err)
	}
	return &d, nil
}

// resolve follows a schema's references. The name is that of the last one, or "".
func (d *document) resolve(s schema) (schema, string) {
	name := ""
	for s.Ref != "" {
		description := s.Description
		name = strings.TrimPrefix(s.Ref, "#/components/schemas/")
		s = d.Components.Schemas[name]
		if description != "" {
			s.Description = description
		}
	}
	return s, name
}

// optional returns the schema without null, and whether it was nullable.
func (d *document) optional(s schema) (schema, bool) {
	if len(s.AnyOf) == 2 && len(s.AnyOf[1].Type) == 1 && s.AnyOf[1].Type[0] == "null" {
		inner := s.AnyOf[0]
		if s.Description != "" {
			inner.Description = s.Description
		}
		return inner, true
	}
	null := false
	var rest kinds
	for _, t := range s.Type {
		if t == "null" {
			null = true
		} else {
			rest = append(rest, t)
		}
	}
	s.Type = rest
	return s, null
}

// order lists an object's properties in the document's order.
func (s schema) order() []string {
	if len(s.Order) > 0 {
		return s.Order
	}
	seen := map[string]bool{}
	for _, name := range s.Required {
		seen[name] = true
	}
	var rest []string
	for name := range s.Properties {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	return append(append([]string{}, s.Required...), rest...)
}
