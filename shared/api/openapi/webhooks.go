package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// webhooks adds the events that are sent to the objects that an operation creates.
func (b *builder) webhooks(r api.Route, h api.Handler) {
	for _, kind := range h.Events {
		if b.doc.Webhooks == nil {
			b.doc.Webhooks = map[string]*huma.PathItem{}
		}
		data := b.registry.Schema(kind.Data, true, "")
		body := &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "timestamp", "data"}, Properties: map[string]*huma.Schema{
			"type":      {Type: huma.TypeString, Enum: []any{kind.Type}, Description: "Event type"},
			"timestamp": {Type: huma.TypeString, Format: "date-time", Description: "Time of the event"},
			"data":      described(data, "Content of the event"),
		}}
		b.doc.Webhooks[kind.Type] = &huma.PathItem{Post: &huma.Operation{
			OperationID: kind.Type, Summary: kind.Summary, Description: kind.Description, Tags: []string{tagOf(r.Function).tag}, Security: []map[string][]string{},
			Parameters: []*huma.Param{
				sent("webhook-id", "Id of the event, the same in every attempt"),
				sent("webhook-timestamp", "Time of this attempt, in seconds since 1970"),
				sent("webhook-signature", "`v1,` and the Base64 of the HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` under the signing secret; two signatures separated by a space while a previous secret also signs"),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
			Responses:   map[string]*huma.Response{"2XX": {Description: "Delivered"}, "410": {Description: "Gone: the webhook is disabled"}},
		}}
	}
}

func sent(name, what string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: true, Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
}

// described returns the schema with a description; one that is a reference is copied.
func described(s *huma.Schema, description string) *huma.Schema {
	copied := *s
	copied.Description = description
	return &copied
}
