package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/bind"
	"statgate/shared/api/schema"
	"statgate/shared/contract"
)

const exampleRequest = "JZ4Q6W2M7NKX3TB5RVD8HYC1AF"

// errorSchema returns the schema of the contract's error shape.
func (b *builder) errorSchema() *huma.Schema {
	s := schema.Envelope(b.contract, b.contract.Shapes.Error, nil, b.errorSlot)
	s.Description = "Body of every error"
	return s
}

func (b *builder) errorSlot(n *contract.Node) *huma.Schema {
	switch n.Slot {
	case "code":
		s := &huma.Schema{Type: huma.TypeString, Description: "Error code, for programs"}
		for _, code := range Codes(b.contract) {
			s.Enum = append(s.Enum, n.Prefix+code)
		}
		return s
	case "message", "summary":
		return &huma.Schema{Type: huma.TypeString, Description: "Description of the error, for people; its wording may change"}
	case "request_id":
		return &huma.Schema{Type: huma.TypeString, Description: "Id of the request, also in X-Request-Id", Examples: []any{n.Prefix + exampleRequest}}
	}
	details := b.registry.Add("Details", errorDetails())
	details.Description = "Problems of the input, or other details by name"
	return schema.OrNull(details, !n.OmitNull)
}

// errorDetails returns one object for both kinds of details. Client generators cannot
// tell apart two alternatives that are both objects.
func errorDetails() *huma.Schema {
	texts := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Description: "Problems of the input, or other details by name",
		DependentRequired: map[string][]string{"fieldErrors": {"formErrors"}, "formErrors": {"fieldErrors"}},
		Properties: map[string]*huma.Schema{
			"fieldErrors": {Type: huma.TypeObject, AdditionalProperties: texts, Description: "Problems by field"},
			"formErrors":  {Type: huma.TypeArray, Items: texts.Items, Description: "Problems of the input as a whole"},
		},
	}
}

// Codes lists every error code of the contract, sorted.
func Codes(c *contract.Contract) []string {
	var codes []string
	for _, condition := range api.Conditions {
		if code := c.Condition(condition).Code; !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	sort.Strings(codes)
	return codes
}

// failure adds the error responses of an operation, one shared response per status.
func (b *builder) failure(op *huma.Operation, r api.Route, h api.Handler, in *bind.Binder) {
	byStatus := map[int][]string{}
	for _, condition := range b.conditions(r, h, in) {
		status := b.contract.Condition(condition).Status
		byStatus[status] = append(byStatus[status], condition)
	}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) { // sorted, because shared gives numbers to names that clash
		if ofProtocol(h, status) {
			continue
		}
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + b.shared(r, status, byStatus[status])}
	}
	b.protocolFailures(op, r, h, byStatus)
}

// shared returns the name of the response for these conditions and adds it once.
func (b *builder) shared(r api.Route, status int, conditions []string) string {
	name, codes := "", []string{}
	if r.Open {
		name = "Open" // open routes have no quota headers
	}
	for _, condition := range conditions {
		if code := b.contract.Condition(condition).Code; !slices.Contains(codes, code) {
			codes = append(codes, code)
			name += camel(code)
		}
	}
	key := fmt.Sprint(status, conditions, r.Open)
	for at, base := 2, name; b.failures[name] != "" && b.failures[name] != key; at++ {
		name = base + strconv.Itoa(at)
	}
	if b.failures[name] == "" {
		b.failures[name] = key
		b.doc.Components.Responses[name] = b.failureResponse(r, status, conditions)
	}
	return name
}

func (b *builder) failureResponse(r api.Route, status int, conditions []string) *huma.Response {
	response := &huma.Response{Description: http.StatusText(status), Headers: map[string]*huma.Header{"X-Request-Id": headerRef("RequestId")}}
	if status < 500 && status != http.StatusUnauthorized {
		response.Headers = b.answerHeaders(r, false)
	}
	examples := map[string]*huma.Example{}
	seen := map[string]bool{}
	for _, condition := range conditions {
		if strings.HasPrefix(condition, api.Quota) || condition == api.Unavailable {
			response.Headers["Retry-After"] = headerRef("RetryAfter")
		}
		body := b.encoder.Error(exampleRequest, sample(condition)).Body
		if seen[string(body)] {
			continue // a contract may answer several conditions alike
		}
		seen[string(body)] = true
		examples[condition] = &huma.Example{Summary: b.summary(condition, conditions), Value: json.RawMessage(body)}
	}
	response.Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: prefix + "Error"}, Examples: examples}}
	return response
}

// summary describes when a condition happens, together with all conditions among the
// list that have the same body.
func (b *builder) summary(condition string, among []string) string {
	body := string(b.encoder.Error(exampleRequest, sample(condition)).Body)
	var when []string
	for _, other := range among {
		if string(b.encoder.Error(exampleRequest, sample(other)).Body) == body {
			text := When(other)
			if len(when) > 0 && text[1] >= 'a' { // but not "API"
				text = strings.ToLower(text[:1]) + text[1:]
			}
			when = append(when, text)
		}
	}
	return strings.Join(when, "; ")
}

// camel writes "no_standings" and "NOT_FOUND" as NoStandings and NotFound.
func camel(code string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(code, func(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' }) {
		if part == strings.ToUpper(part) {
			part = strings.ToLower(part)
		}
		b.WriteString(schema.Title(part))
	}
	return b.String()
}
