package contract

import (
	"maps"
	"slices"
	"strings"
)

// Webhooks sets which events the webhooks of a contract receive, and in which form.
type Webhooks struct {
	// Events maps Statgate's types of events to the contract's names. Other types are not
	// sent. If it is empty, the events of matches are sent under Statgate's names.
	Events map[string]string `json:"events,omitempty"`
	// Explicit requires each webhook to list the types that it receives.
	Explicit bool `json:"explicit,omitempty"`
	// Overlap is the time in seconds for which the previous signing secret also signs after
	// every rotation; 0 leaves it to the request.
	Overlap int64 `json:"overlap,omitempty"`
	// Body is the envelope of an event, with the slots id, type, time, time_ms and data;
	// nil is [EventBody].
	Body *Node `json:"body,omitempty"`
	// Headers are headers of a delivery besides those of Standard Webhooks, with the slot
	// of each: id or type.
	Headers map[string]string `json:"headers,omitempty"`
	// FinalRefusals ends a delivery without a retry if the receiver answers 400–499, except
	// 408, 425 and 429.
	FinalRefusals bool `json:"final_refusals,omitempty"`
}

// EventBody is the envelope of events in contracts that do not have their own.
var EventBody = &Node{Fields: []Field{
	{Name: "type", Node: &Node{Slot: "type"}},
	{Name: "timestamp", Node: &Node{Slot: "time"}},
	{Name: "data", Node: &Node{Slot: "data"}},
}}

// ContestEvents begins Statgate's types of the events of contests.
const ContestEvents = "contest."

// Name returns the contract's name of a type of events; "" if its webhooks do not receive it.
func (w *Webhooks) Name(kind string) string {
	if len(w.Events) == 0 && !isContest(kind) {
		return kind
	}
	return w.Events[kind]
}

// Matches reports whether webhooks receive events of matches.
func (w *Webhooks) Matches() bool {
	return len(w.Events) == 0 || slices.ContainsFunc(w.kinds(), func(kind string) bool { return !isContest(kind) })
}

// Contests reports whether webhooks receive events of contests.
func (w *Webhooks) Contests() bool { return slices.ContainsFunc(w.kinds(), isContest) }

func (w *Webhooks) kinds() []string { return slices.Collect(maps.Keys(w.Events)) }

func isContest(kind string) bool { return strings.HasPrefix(kind, ContestEvents) }

// Envelope returns the envelope of an event.
func (w *Webhooks) Envelope() *Node {
	if w.Body == nil {
		return EventBody
	}
	return w.Body
}
