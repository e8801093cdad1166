package suite

import (
	"encoding/json"
	"fmt"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// refused wants an error of the contract: the status, code and shape that it
// gives to one of the conditions, and the headers that every error carries.
func (t *T) refused(r Reply, conditions ...string) {
	if err := t.wrong(r, conditions...); err != nil {
		t.Errorf("%s: got %s: %v", r.asked, r.brief(), err)
	}
}

// endings are the conditions of a secret that is no longer good. Which of them
// is told depends on who notices first, the authorizer or the gate.
var endings = []string{api.SecretRevoked, api.SecretExpired, api.SecretUnknown, api.SecretMissing}

// dead wants a secret to be refused.
func (t *T) dead(r Reply) { t.refused(r, endings...) }

// wrong tells why an answer is none of the conditions' errors.
func (t *T) wrong(r Reply, conditions ...string) error {
	var first error
	for _, name := range conditions {
		err := t.wrongly(r, t.contract.Condition(name))
		if err == nil {
			return nil
		}
		if first == nil {
			first = fmt.Errorf("no %s: %w", name, err)
		}
	}
	return first
}

func (t *T) wrongly(r Reply, want contract.Condition) error {
	if t.target.standsFor(want.Status, r) {
		return nil
	}
	if r.Status != want.Status {
		return fmt.Errorf("want %d %s", want.Status, want.Code)
	}
	id := r.Header.Get("X-Request-Id")
	for _, name := range []string{"X-Request-Id", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"} {
		if r.Header.Get(name) == "" {
			return fmt.Errorf("it has no %s", name)
		}
	}
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return fmt.Errorf("its Content-Type is %q", kind)
	}
	var body any
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return fmt.Errorf("its body is no JSON: %w", err)
	}
	return shaped(t.contract.Shapes.Error, t.named(body, id), want, id)
}

// shaped holds an error's body to the contract's tree of names.
func shaped(n *contract.Node, v any, want contract.Condition, requestID string) error {
	switch n.Slot {
	case "":
		return shapedFields(n, v, want, requestID)
	case "code":
		return same("code", v, n.Prefix+want.Code)
	case "request_id":
		return same("request id", v, n.Prefix+requestID)
	case "message":
		if want.Message != "" {
			return same("message", v, want.Message)
		}
		if text, _ := v.(string); text == "" {
			return fmt.Errorf("it has no message")
		}
	}
	return nil
}

func shapedFields(n *contract.Node, v any, want contract.Condition, requestID string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("it is not in the error shape")
	}
	known := map[string]bool{}
	for _, f := range n.Fields {
		known[f.Name] = true
		value, there := object[f.Name]
		if !there && f.Node.OmitNull {
			continue
		}
		if !there {
			return fmt.Errorf("it lacks %q", f.Name)
		}
		if err := shaped(f.Node, value, want, requestID); err != nil {
			return err
		}
	}
	for name := range object {
		if !known[name] {
			return fmt.Errorf("it has %q, which the error shape has not", name)
		}
	}
	return nil
}

func same(what string, got any, want string) error {
	if got != want {
		return fmt.Errorf("its %s is %q, want %q", what, got, want)
	}
	return nil
}

// denied tells whether an answer says that the key may not do this.
func (t *T) denied(r Reply) bool { return t.wrong(r, api.Permission, api.PermissionRole) == nil }

// slot returns what an envelope has in a slot ("items", "next", "total"), nil for nothing.
func slot(n *contract.Node, v any, name string) any {
	if n == nil {
		return nil
	}
	if n.Slot == name {
		return v
	}
	for _, f := range n.Fields {
		if found := slot(f.Node, within(v, f.Name), name); found != nil {
			return found
		}
	}
	return nil
}

// plain takes key management's answers out of the contract's envelopes, so that
// all cases read them alike: an object as it is, a list as {data, total}.
func (w *world) plain(r request, reply Reply) any {
	route, known := w.route(r)
	if !known || !route.Management || route.OwnShape(w.contract) || reply.Status < 200 || reply.Status > 299 {
		return nil
	}
	var v any
	if json.Unmarshal(reply.Body, &v) != nil {
		return nil
	}
	shapes := w.contract.Shapes
	if items, listed := slot(shapes.List, v, "items").([]any); listed {
		return map[string]any{"data": items, "total": slot(shapes.List, v, "total")}
	}
	if shapes.Item == nil {
		return nil
	}
	return slot(shapes.Item, v, "item")
}

// items returns the items of a list of data.
func (t *T) items(r Reply) []map[string]any {
	return objects(slot(t.contract.Shapes.List, r.value(), "items"))
}

// item returns an object of data out of its envelope.
func (w *world) item(r Reply) map[string]any {
	v := r.value()
	if shape := w.contract.Shapes.Item; shape != nil {
		v = slot(shape, v, "item")
	}
	object, _ := v.(map[string]any)
	return object
}
