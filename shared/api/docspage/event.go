package docspage

import (
	_ "embed" // the sample
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// verify is how a receiver tells that a delivery is the deployment's.
//
//go:embed verify.py
var verify string

// event is a type of event that webhooks are sent.
type event struct {
	Type, When string
	Fields     []field
}

// events lists what webhooks are sent, by type; none where nothing is sent.
func (d *document) events() []event {
	var list []event
	for _, kind := range slices.Sorted(maps.Keys(d.Webhooks)) {
		sent := d.Webhooks[kind]["post"]
		if sent.RequestBody == nil {
			continue
		}
		list = append(list, event{Type: kind, When: sent.Description, Fields: d.fields(sent.RequestBody.Content["application/json"].Schema, false, 0)})
	}
	return list
}

// sample is an event as it is sent, made of the example of the match that it is about.
func (d *document) sample() json.RawMessage {
	for _, one := range d.Paths {
		if get, ok := one["get"]; ok && get.OperationID == "getMatch" {
			match := get.Responses["200"].Content["application/json"].Example
			return fmt.Appendf(nil, `{"type":"match.updated","timestamp":"2026-05-02T14:47:12Z","data":{"match":%s,"changed":["status","score"]}}`, match)
		}
	}
	return nil
}
