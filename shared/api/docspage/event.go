package docspage

import (
	_ "embed" // verify.py
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// verify is sample code that checks the signature of a delivery.
//
//go:embed verify.py
var verify string

// event is a type of webhook event.
type event struct {
	Type, When string
	Fields     []field
	Example    json.RawMessage // of the body; nil if the document has none
}

// events lists the webhook events by type.
func (d *document) events() []event {
	sent := map[string]operation{}
	for _, methods := range d.Paths {
		for _, op := range methods {
			for kind, receivers := range op.Callbacks {
				for _, receiver := range receivers {
					sent[kind] = receiver["post"]
				}
			}
		}
	}
	var list []event
	for _, kind := range slices.Sorted(maps.Keys(sent)) {
		if body := sent[kind].RequestBody; body != nil {
			list = append(list, event{Type: kind, When: sent[kind].Description, Fields: d.fields(body.Content["application/json"].Schema, false), Example: body.Content["application/json"].Example})
		}
	}
	return list
}

// reference is the id of an operation and its summary.
type reference struct{ ID, Summary string }

// redeliver returns the operation that sends an event again.
func (d *document) redeliver() reference {
	for _, methods := range d.Paths {
		if op := methods["post"]; op.OperationID == "createDelivery" || op.OperationID == "replayDelivery" {
			return reference{op.OperationID, op.Summary}
		}
	}
	return reference{}
}

// sample returns an example event, made of the example of getMatch. Without this operation
// it is the document's example of the first event that has one, or nil.
func (d *document) sample() json.RawMessage {
	if match := d.sampleOfMatch(); match != nil {
		return match
	}
	for _, e := range d.events() {
		if e.Example != nil {
			return e.Example
		}
	}
	return nil
}

func (d *document) sampleOfMatch() json.RawMessage {
	for _, one := range d.Paths {
		if get, ok := one["get"]; ok && get.OperationID == "getMatch" {
			match := get.Responses["200"].Content["application/json"].Example
			return fmt.Appendf(nil, `{"type":"match.updated","timestamp":"2026-05-02T14:47:12Z","data":{"match":%s,"changed":["status","score"]}}`, match)
		}
	}
	return nil
}
