package suite

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// wantError checks that an answer is the contract's error for one of the conditions: its
// status, code, shape and the headers that every error has.
func (t *T) wantError(r Reply, conditions ...string) {
	if err := t.mismatch(r, conditions...); err != nil {
		t.Errorf("%s: got %s: %v", r.asked, r.brief(), err)
	}
}

// endedConditions are the errors for a secret that is no longer valid. The answer depends on
// which rejects it first, the authorizer or the gate.
var endedConditions = []string{api.SecretRevoked, api.SecretExpired, api.SecretUnknown, api.SecretMissing}

// wantInvalidSecret checks that an answer refuses the secret.
func (t *T) wantInvalidSecret(r Reply) { t.wantError(r, endedConditions...) }

// mismatch returns why an answer is not the error of any of the conditions, nil if it is one.
func (t *T) mismatch(r Reply, conditions ...string) error {
	var first error
	for _, name := range conditions {
		err := t.conditionMismatch(r, t.contract.Condition(name))
		if err == nil {
			return nil
		}
		if first == nil {
			first = fmt.Errorf("%s: %w", name, err)
		}
	}
	return first
}

func (t *T) conditionMismatch(r Reply, want contract.Condition) error {
	if t.target.standsFor(want.Status, r) {
		return nil
	}
	if r.Status != want.Status {
		return fmt.Errorf("want %d %s", want.Status, want.Code)
	}
	id := r.Header.Get("X-Request-Id")
	needed := []string{"X-Request-Id", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"}
	if r.ofSessions() {
		if named := t.foreignHeaders(r); len(named) > 0 {
			return fmt.Errorf("it has the CORS headers %v", named)
		}
		needed = needed[:1]
	}
	for _, name := range needed {
		if r.Header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	// Without an edge, API Gateway renames the challenge of a function.
	challenge := r.Header.Get("WWW-Authenticate") + r.Header.Get("X-Amzn-Remapped-Www-Authenticate")
	if r.Status == http.StatusUnauthorized && !strings.HasPrefix(challenge, "Bearer") {
		return fmt.Errorf("WWW-Authenticate is %q", challenge)
	}
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return fmt.Errorf("Content-Type is %q", kind)
	}
	var body any
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return checkShape(t.contract.Shapes.Error, t.replaceLiteral(body, id), want, id)
}

// checkShape compares an error's body with the contract's tree of names.
func checkShape(n *contract.Node, v any, want contract.Condition, requestID string) error {
	switch n.Slot {
	case "":
		return checkFields(n, v, want, requestID)
	case "code":
		return checkValue("code", v, n.Prefix+want.Code)
	case "request_id":
		return checkValue("request id", v, n.Prefix+requestID)
	case "message":
		if want.Message != "" {
			return checkValue("message", v, want.Message)
		}
		if text, _ := v.(string); text == "" {
			return fmt.Errorf("the message is missing")
		}
	}
	return nil
}

func checkFields(n *contract.Node, v any, want contract.Condition, requestID string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the body is not in the error shape")
	}
	known := map[string]bool{}
	for _, f := range n.Fields {
		known[f.Name] = true
		value, there := object[f.Name]
		if !there && f.Node.OmitNull {
			continue
		}
		if !there {
			return fmt.Errorf("the body lacks %q", f.Name)
		}
		if err := checkShape(f.Node, value, want, requestID); err != nil {
			return err
		}
	}
	for name := range object {
		if !known[name] {
			return fmt.Errorf("the body has %q, which is not in the error shape", name)
		}
	}
	return nil
}

func checkValue(what string, got any, want string) error {
	if got != want {
		return fmt.Errorf("the %s is %q, want %q", what, got, want)
	}
	return nil
}

// denied reports whether an answer says that the key lacks the permission.
func (t *T) denied(r Reply) bool { return t.mismatch(r, api.Permission, api.PermissionRole) == nil }

// slot returns the value of an envelope's slot ("items", "next", "total"), nil for none.
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

// plain removes the contract's envelope from answers of key management, so that all cases read
// them alike. An object is returned as it is, a list as {data, total}. It returns nil for all
// other answers.
func (fx *fixture) plain(r request, reply Reply) any {
	route, known := fx.route(r)
	if !known || !route.Management || route.OwnShape(fx.contract) || reply.Status < 200 || reply.Status > 299 {
		return nil
	}
	var v any
	if json.Unmarshal(reply.Body, &v) != nil {
		return nil
	}
	shapes := fx.contract.Shapes
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

// item returns an object of data without its envelope.
func (fx *fixture) item(r Reply) map[string]any {
	v := r.value()
	if shape := fx.contract.Shapes.Item; shape != nil {
		v = slot(shape, v, "item")
	}
	object, _ := v.(map[string]any)
	return object
}
