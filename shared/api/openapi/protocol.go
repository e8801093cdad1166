package openapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// protocolStatuses are the statuses with which an operation that has a protocol of its own
// refuses a request in every contract.
var protocolStatuses = map[string][]int{
	api.CallMCP: {http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable, http.StatusUnsupportedMediaType},
	"streamMCP": {http.StatusForbidden},
}

// protocolExample is an error of JSON-RPC.
const protocolExample = `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"batches are not accepted: send one message per request"}}`

// ofProtocol reports whether the body of an error may be one of the handler's protocol. What
// concerns the key, and faults, keep the contract's error.
func ofProtocol(h api.Handler, status int) bool {
	return h.Protocol != nil && status < http.StatusInternalServerError && status != http.StatusUnauthorized
}

// protocolFailures adds the responses to bad requests of an operation that has a protocol. Their
// body is one open object, because client generators cannot tell apart two alternatives that
// are both objects.
func (b *builder) protocolFailures(op *huma.Operation, r api.Route, h api.Handler, byStatus map[int][]string) {
	statuses := slices.Clone(protocolStatuses[r.Operation])
	for status := range byStatus {
		if ofProtocol(h, status) && !slices.Contains(statuses, status) {
			statuses = append(statuses, status)
		}
	}
	for _, status := range statuses {
		response := b.failureResponse(r, status, byStatus[status])
		examples := response.Content["application/json"].Examples
		examples["protocol"] = &huma.Example{Summary: "The message is refused by the protocol", Value: json.RawMessage(protocolExample)}
		body := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true,
			Description: "Error of JSON-RPC, or the body of every error where the request does not reach the server"}
		response.Content["application/json"] = &huma.MediaType{Schema: body, Examples: examples}
		op.Responses[strconv.Itoa(status)] = response
	}
}
