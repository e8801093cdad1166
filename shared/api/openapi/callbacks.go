package openapi

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
	"statgate/shared/api/schema"
	"statgate/shared/contract"
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
		if kind.Type = b.contract.Webhooks.Name(kind.Type); kind.Type == "" {
			continue
		}
		all[kind.Type] = map[string]*huma.PathItem{receiver: {Post: b.callback(kind)}}
	}
	return all
}

func (b *builder) callback(kind api.EventKind) *huma.Operation {
	data := b.registry.Schema(kind.Data, true, "")
	envelope := schema.Envelope(b.contract, b.contract.Webhooks.Envelope(), data, func(n *contract.Node) *huma.Schema {
		return eventSlot(n.Slot, kind.Type, data)
	})
	body := b.registry.Add(camel(kind.Type)+"Event", envelope)
	media := &huma.MediaType{Schema: body}
	if b.contract.Webhooks.Body != nil {
		media.Example = b.example(body, "")
	}
	answers := map[string]*huma.Response{"2XX": {Description: "Delivered"}, "410": {Description: "Gone: the webhook is disabled"}}
	if b.contract.Webhooks.FinalRefusals {
		answers["4XX"] = &huma.Response{Description: "Refused: the delivery ends without a retry, except after 408, 425 and 429"}
	}
	return &huma.Operation{
		OperationID: kind.Type, Summary: kind.Summary, Description: kind.Description, Tags: []string{eventTag}, Security: []map[string][]string{},
		Parameters:  b.eventHeaders(),
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": media}},
		Responses:   answers,
	}
}

// eventSlot returns the schema of a slot of an event's envelope.
func eventSlot(slot, kind string, data *huma.Schema) *huma.Schema {
	switch slot {
	case "id":
		return &huma.Schema{Type: huma.TypeString, Description: "Id of the event, the same in every attempt"}
	case "type":
		return &huma.Schema{Type: huma.TypeString, Enum: []any{kind}, Description: "Event type"}
	case "time":
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "Time of the event"}
	case "time_ms":
		return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Description: "Time of the event, in milliseconds since 1970"}
	}
	return schema.Described(data, "Content of the event")
}

// eventHeaders lists the headers of a delivery.
func (b *builder) eventHeaders() []*huma.Param {
	all := []*huma.Param{
		sent("webhook-id", "Id of the event, the same in every attempt"),
		sent("webhook-timestamp", "Time of this attempt, in seconds since 1970"),
		sent("webhook-signature", "`v1,` and the Base64 of the HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` under the signing secret; two signatures separated by a space while a previous secret also signs"),
	}
	own := b.contract.Webhooks.Headers
	for _, name := range slices.Sorted(maps.Keys(own)) {
		all = append(all, sent(name, map[string]string{"id": "Id of the event", "type": "Event type"}[own[name]]))
	}
	return all
}

func sent(name, what string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: true, Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
}
