package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// webhooks adds what is sent to whom an operation makes.
func (b *builder) webhooks(r api.Route, h api.Handler) {
	for _, kind := range h.Events {
		if b.doc.Webhooks == nil {
			b.doc.Webhooks = map[string]*huma.PathItem{}
		}
		data := b.registry.Schema(kind.Data, true, "")
		body := &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "timestamp", "data"}, Properties: map[string]*huma.Schema{
			"type":      {Type: huma.TypeString, Enum: []any{kind.Type}},
			"timestamp": {Type: huma.TypeString, Format: "date-time", Description: "When it happened"},
			"data":      data,
		}}
		b.doc.Webhooks[kind.Type] = &huma.PathItem{Post: &huma.Operation{
			OperationID: kind.Type, Summary: kind.Summary, Tags: []string{family(r.Function).tag}, Security: []map[string][]string{},
			Parameters: []*huma.Param{
				sent("webhook-id", "The event's id, the same whenever it is sent"),
				sent("webhook-timestamp", "When this attempt was made, in seconds since 1970"),
				sent("webhook-signature", "`v1,` and the Base64 of the HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` under the signing secret; two of them, with a space between, while a replaced secret signs too"),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
			Responses:   map[string]*huma.Response{"2XX": {Description: "Taken"}, "410": {Description: "Send no more: the webhook is disabled"}},
		}}
	}
}

func sent(name, what string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: true, Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
}
