package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"statgate/shared/contract"
)

// This file is the API for cases outside this package: one request and its expected answer on
// each line.

// In is an operation's input by name.
type In = map[string]any

// Request is one request with a path below the contract's base path. A body is any value that
// encodes as JSON.
type Request struct {
	request
	root bool
}

// Get returns a GET request. The path may have a query.
func Get(path string) Request { return ask(http.MethodGet, path, nil) }

// Delete returns a DELETE request.
func Delete(path string) Request { return ask(http.MethodDelete, path, nil) }

// Post returns a POST request; a nil body sends none.
func Post(path string, body any) Request { return ask(http.MethodPost, path, body) }

// Patch returns a PATCH request.
func Patch(path string, body any) Request { return ask(http.MethodPatch, path, body) }

// Put returns a PUT request.
func Put(path string, body any) Request { return ask(http.MethodPut, path, body) }

// Ask returns a request of any method, without a body.
func Ask(method, path string) Request { return ask(method, path, nil) }

func ask(method, path string, body any) Request {
	r := Request{request: request{method: method}}
	path, query, _ := strings.Cut(path, "?")
	r.path = path
	if query != "" {
		r.query, _ = url.ParseQuery(query) // the query is a constant of the case
	}
	switch b := body.(type) {
	case nil:
	case []byte:
		r.body = b
	default:
		r.body = encode(b)
	}
	return r
}

// By adds a secret, sent in the contract's first transport.
func (r Request) By(secret string) Request { r.secret = secret; return r }

// Via selects another transport for the secret: bearer, x-api-key or api_key.
func (r Request) Via(transport string) Request { r.via = transport; return r }

// With adds headers, in pairs of name and value.
func (r Request) With(pairs ...string) Request {
	r.headers = append(slices.Clone(r.headers), pairs...)
	return r
}

// AtRoot makes the path relative to the root, where the open routes are.
func (r Request) AtRoot() Request { r.root = true; return r }

// Send sends the request. A deployment that does not answer fails the case.
func (t *T) Send(r Request) Reply {
	if !r.root {
		r.path = t.contract.Base + r.path
	}
	return t.send(r.request)
}

// Expect sends the request and compares status, body and headers. Another status ends the case.
//
// The body's pattern is JSON. Strings in it match themselves, except "<string>", "<number>",
// "<bool>", "<object>", "<list>", "<time>" and "<any>". With a question mark ("<string?>") null
// matches too. "~…" is a regular expression. An object must have exactly the names of its
// pattern, unless the pattern has the name "...". A list whose pattern is [p, "..."] may have
// any number of p. The pattern "" accepts any body.
//
// Headers are pairs of name and pattern: a string, "<any>", "~…", or "" for a header that must
// be absent.
func (t *T) Expect(r Request, status int, body string, headers ...string) Reply {
	reply := t.Send(r)
	if t.target.standsFor(status, reply) {
		return reply
	}
	if reply.Status != status {
		t.Fatalf("%s: got %s, want %d %s", reply.asked, reply.brief(), status, body)
	}
	if body != "" {
		var want, got any
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("parsing the pattern %s: %v", body, err)
		}
		if err := json.Unmarshal(reply.Body, &got); err != nil {
			t.Errorf("%s: the body is not JSON: %s", reply.asked, reply.brief())
		} else if wrong := diff(want, got, "body"); wrong != "" {
			t.Errorf("%s: %s, in %s", reply.asked, wrong, reply.brief())
		}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		value := reply.Header.Get(headers[i])
		if wanted := headers[i+1]; (wanted == "") != (value == "") || wanted != "" && diff(wanted, value, "") != "" {
			t.Errorf("%s: header %s is %q, want %q", reply.asked, headers[i], value, wanted)
		}
	}
	return reply
}

// placeholders are the predicates of the placeholders in patterns.
var placeholders = map[string]func(v any) bool{
	"string": func(v any) bool { _, ok := v.(string); return ok },
	"number": func(v any) bool { _, ok := v.(float64); return ok },
	"bool":   func(v any) bool { _, ok := v.(bool); return ok },
	"object": func(v any) bool { _, ok := v.(map[string]any); return ok },
	"list":   func(v any) bool { _, ok := v.([]any); return ok },
	"any":    func(v any) bool { return v != nil },
	"time": func(v any) bool {
		text, _ := v.(string)
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	},
}

// diff describes the first difference of a value from its pattern, "" for none.
func diff(want, got any, at string) string {
	switch w := want.(type) {
	case string:
		return diffText(w, got, at)
	case map[string]any:
		return diffObject(w, got, at)
	case []any:
		return diffList(w, got, at)
	}
	if want != got {
		return fmt.Sprintf("%s is %v, want %v", at, redacted(got), redacted(want))
	}
	return ""
}

func diffText(want string, got any, at string) string {
	text, isText := got.(string)
	fits := isText && text == want
	if kind, ok := strings.CutPrefix(want, "<"); ok && strings.HasSuffix(kind, ">") {
		kind = strings.TrimSuffix(kind, ">")
		bare := strings.TrimSuffix(kind, "?")
		is, known := placeholders[bare]
		fits = known && (is(got) || got == nil && bare != kind)
	} else if pattern, ok := strings.CutPrefix(want, "~"); ok {
		re, err := regexp.Compile(pattern)
		fits = err == nil && isText && re.MatchString(text)
	}
	if !fits {
		return fmt.Sprintf("%s is %s, want %s", at, redacted(got), want)
	}
	return ""
}

func diffObject(want map[string]any, got any, at string) string {
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Sprintf("%s is %s, want an object", at, redacted(got))
	}
	_, open := want["..."]
	for name, w := range want {
		if name == "..." {
			continue
		}
		g, there := object[name]
		if !there {
			return fmt.Sprintf("%s lacks %q", at, name)
		}
		if wrong := diff(w, g, at+"."+name); wrong != "" {
			return wrong
		}
	}
	for name := range object {
		if _, wanted := want[name]; !wanted && !open {
			return fmt.Sprintf("%s has unexpected field %q", at, name)
		}
	}
	return ""
}

func diffList(want []any, got any, at string) string {
	list, ok := got.([]any)
	if !ok {
		return fmt.Sprintf("%s is %s, want a list", at, redacted(got))
	}
	var each func(i int) any
	switch {
	case len(want) == 2 && want[1] == "...":
		each = func(int) any { return want[0] }
	case len(want) == len(list):
		each = func(i int) any { return want[i] }
	default:
		return fmt.Sprintf("%s has %d items, want %d", at, len(list), len(want))
	}
	for i, g := range list {
		if wrong := diff(each(i), g, fmt.Sprintf("%s.%d", at, i)); wrong != "" {
			return wrong
		}
	}
	return ""
}

// redacted encodes a value for a report, without secrets and cut to 80 bytes.
func redacted(v any) string {
	raw := encode(v)
	if len(raw) > 80 {
		raw = append(raw[:80:80], "…"...)
	}
	return string(secretField.ReplaceAll(raw, []byte(`"$1":"…"`)))
}

// Org is an organisation that a case created or works in.
type Org struct {
	*tenant
	ID    string
	Owner string // user id of the first owner
	Admin string // secret of the owner's management key
}

func orgOf(n *tenant) Org { return Org{tenant: n, ID: n.id, Owner: n.owner, Admin: n.admin} }

// Home returns an organisation that cases share, on the plan with the most keys.
func (t *T) Home() Org { return orgOf(t.home) }

// Org creates an organisation on a plan; "" is the contract's default.
func (t *T) Org(plan string) Org { return orgOf(t.tenant(t.id, plan)) }

// Key is a key that a case created.
type Key struct{ ID, Secret string }

// Key creates a key of the organisation with its admin key. If the contract requires an expiry
// and the input has none, it adds one.
func (t *T) Key(o Org, input In) Key {
	spec := in{"scopes": []string{}}
	maps.Copy(spec, input)
	k := t.key(o.Admin, o.tenant, spec)
	return Key{k.id, k.secret}
}

// OperatorKey returns the secret of the operator's key.
func (t *T) OperatorKey() string { return t.operator }

// Contract returns the contract of the deployment.
func (t *T) Contract() *contract.Contract { return t.contract }

// Op calls an operation by its name in the route table, with the contract's method, path and
// names of parameters.
func (t *T) Op(secret, operation string, input In, headers ...string) Reply {
	return t.op(secret, operation, in(input), headers...)
}

// MustOp calls an operation and fails the case unless it succeeds.
func (t *T) MustOp(secret, operation string, input In, headers ...string) Reply {
	return t.mustOp(secret, operation, in(input), headers...)
}

// Email returns a unique email address.
func (t *T) Email(name string) string { return t.email(name) }

// Each runs f n times concurrently and waits for all.
func (t *T) Each(n int, f func(i int)) { t.each(n, f) }

// Until waits until the deployment's clock reaches a time.
func (t *T) Until(when time.Time) { t.until(when) }

// InWindow runs a check within one window of the plans' quota that still lasts for the needed
// time. If the window ends while the check runs, the check runs again in the next one. So it
// makes the keys that it counts itself.
func (t *T) InWindow(needed time.Duration, check func()) {
	t.inWindow(t.contract.Plans[0].Budgets[contract.Requests], needed, check)
}

// SameAnswer compares two answers byte for byte, except the request id.
func (t *T) SameAnswer(foreign, missing Reply) { t.sameAnswer(foreign, missing) }

// At returns the value at a dotted path of a JSON body ("data.0.id"), nil for none.
func (r Reply) At(path string) any {
	var v any
	if json.Unmarshal(r.Body, &v) != nil {
		return nil
	}
	for name := range strings.SplitSeq(path, ".") {
		switch on := v.(type) {
		case map[string]any:
			v = on[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(on) {
				return nil
			}
			v = on[i]
		default:
			return nil
		}
	}
	return v
}

// Text is [Reply.At] for strings, "" for none.
func (r Reply) Text(path string) string { s, _ := r.At(path).(string); return s }
