package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/schema"
)

// eventTag is the tag of the callbacks. No operation has it, because client generators
// write one file per tag.
const eventTag = "Events"

// receiver is the address to which an operation's callbacks are sent: a runtime
// expression, with the input's field.
const receiver = "{$request.body#/url}"

// callbacks returns the events that are sent to the object that an operation creates.
// They are callbacks of the operation and not webhooks of the document: client
// generators write methods that call a document's webhooks, and drop the schemas that
// no path reaches.
func (b *builder) callbacks(h api.Handler) map[string]map[string]*huma.PathItem {
	if len(h.Events) == 0 {
		return nil
	}
	all := map[string]map[string]*huma.PathItem{}
	for _, kind := range h.Events {
		all[kind.Type] = map[string]*huma.PathItem{receiver: {Post: b.callback(kind)}}
	}
	return all
}

func (b *builder) callback(kind api.EventKind) *huma.Operation {
	data := b.registry.Schema(kind.Data, true, "")
	order := []string{"type", "timestamp", "data"}
	body := b.registry.Add(camel(kind.Type)+"Event", &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: order, Extensions: map[string]any{"x-order": order},
		Properties: map[string]*huma.Schema{
			"type":      {Type: huma.TypeString, Enum: []any{kind.Type}, Description: "Event type"},
			"timestamp": {Type: huma.TypeString, Format: "date-time", Description: "Time of the event"},
			"data":      schema.Described(data, "Content of the event"),
		}})
	return &huma.Operation{
		OperationID: kind.Type, Summary: kind.Summary, Description: kind.Description, Tags: []string{eventTag}, Security: []map[string][]string{},
		Parameters: []*huma.Param{
			sent("webhook-id", "Id of the event, the same in every attempt"),
			sent("webhook-timestamp", "Time of this attempt, in seconds since 1970"),
			sent("webhook-signature", "`v1,` and the Base64 of the HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` under the signing secret; two signatures separated by a space while a previous secret also signs"),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
		Responses:   map[string]*huma.Response{"2XX": {Description: "Delivered"}, "410": {Description: "Gone: the webhook is disabled"}},
	}
}

func sent(name, what string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: true, Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
}
