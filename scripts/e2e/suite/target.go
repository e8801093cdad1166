package suite

import (
	"fmt"
	"strings"
)

// Target is a kind of deployment, and all in which it is known to differ from
// what the API promises. Nothing else may differ.
type Target struct {
	Name string
	// Skip names the cases that are not run there, each with its reason.
	Skip map[string]string
	// Own are answers that the target's gateway gives in a shape of its own.
	// Their status must be right; their shape and headers are not looked at.
	Own []OwnAnswer
}

// OwnAnswer is an answer in the target's own shape.
type OwnAnswer struct {
	Status int
	Body   string // as it is, without the space around it
	Reason string
}

// Targets lists the known differences of every target. An empty one is held to
// everything.
var Targets = []Target{
	{Name: "gateway"}, // the default: this repository's own gateway, and any deployed stage
	{Name: "ministack"},
	{Name: "sam"},
}

// FindTarget returns the target of that name.
func FindTarget(name string) (Target, error) {
	var names []string
	for _, t := range Targets {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Target{}, fmt.Errorf("no target %q; there are %s", name, strings.Join(names, ", "))
}

// own returns the index of the target's own answer that this is, -1 for none.
func (t Target) own(status int, body []byte) int {
	for i, o := range t.Own {
		if o.Status == status && o.Body == strings.TrimSpace(string(body)) {
			return i
		}
	}
	return -1
}
