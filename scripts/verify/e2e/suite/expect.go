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

// This file is what cases outside this package are written with: one request and
// what is wanted of its answer, each on a line.

// In is an operation's input by name.
type In = map[string]any

// Request is one call, below the contract's base path. A body is any value that
// encodes as JSON.
type Request struct {
	request
	root bool
}

// Get asks for a path, which may have a query.
func Get(path string) Request { return ask(http.MethodGet, path, nil) }

// Delete asks for a deletion.
func Delete(path string) Request { return ask(http.MethodDelete, path, nil) }

// Post sends a body; nil sends none.
func Post(path string, body any) Request { return ask(http.MethodPost, path, body) }

// Patch sends a body.
func Patch(path string, body any) Request { return ask(http.MethodPatch, path, body) }

// Put sends a body.
func Put(path string, body any) Request { return ask(http.MethodPut, path, body) }

// Ask sends any method, without a body.
func Ask(method, path string) Request { return ask(method, path, nil) }

func ask(method, path string, body any) Request {
	r := Request{request: request{method: method}}
	path, query, _ := strings.Cut(path, "?")
	r.path = path
	if query != "" {
		r.query, _ = url.ParseQuery(query) // a case's own text
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

// By sends a secret in the contract's first transport.
func (r Request) By(secret string) Request { r.secret = secret; return r }

// Via sends the secret by another transport: bearer, x-api-key or api_key.
func (r Request) Via(transport string) Request { r.via = transport; return r }

// With adds headers, in pairs of name and value.
func (r Request) With(pairs ...string) Request {
	r.headers = append(slices.Clone(r.headers), pairs...)
	return r
}

// AtRoot asks outside the base path, where open routes are.
func (r Request) AtRoot() Request { r.root = true; return r }

// Send sends the request; a deployment that does not answer ends the case.
func (t *T) Send(r Request) Reply {
	if !r.root {
		r.path = t.contract.Base + r.path
	}
	return t.send(r.request)
}

// Expect sends the request and wants a status, a body and headers (pairs of name
// and pattern). Another status ends the case.
//
// The body's pattern is JSON. Text in it stands for itself, but for "<string>",
// "<number>", "<bool>", "<object>", "<list>", "<time>" and "<any>"; with a question
// mark ("<string?>") null will do as well. "~…" is a regular expression. An object
// has all names of its pattern and no others, unless the pattern has the name
// "..."; a list whose pattern is [p, "..."] has any number of p. No pattern, "",
// looks at no body. A header's pattern is a text, "<any>", "~…", or "" for a header
// that must not be there.
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
			t.Fatalf("the pattern %s cannot be read: %v", body, err)
		}
		if err := json.Unmarshal(reply.Body, &got); err != nil {
			t.Errorf("%s: the body is no JSON: %s", reply.asked, reply.brief())
		} else if wrong := unlike(want, got, "body"); wrong != "" {
			t.Errorf("%s: %s, in %s", reply.asked, wrong, reply.brief())
		}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		value := reply.Header.Get(headers[i])
		if wanted := headers[i+1]; (wanted == "") != (value == "") || wanted != "" && unlike(wanted, value, "") != "" {
			t.Errorf("%s: header %s is %q, want %q", reply.asked, headers[i], value, wanted)
		}
	}
	return reply
}

// kinds tells what a placeholder stands for.
var kinds = map[string]func(v any) bool{
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

// unlike says where a value differs from its pattern, "" where it does not.
func unlike(want, got any, at string) string {
	switch w := want.(type) {
	case string:
		return unlikeText(w, got, at)
	case map[string]any:
		return unlikeObject(w, got, at)
	case []any:
		return unlikeList(w, got, at)
	}
	if want != got {
		return fmt.Sprintf("%s is %v, want %v", at, shown(got), shown(want))
	}
	return ""
}

func unlikeText(want string, got any, at string) string {
	text, isText := got.(string)
	fits := isText && text == want
	if kind, ok := strings.CutPrefix(want, "<"); ok && strings.HasSuffix(kind, ">") {
		kind = strings.TrimSuffix(kind, ">")
		bare := strings.TrimSuffix(kind, "?")
		is, known := kinds[bare]
		fits = known && (is(got) || got == nil && bare != kind)
	} else if pattern, ok := strings.CutPrefix(want, "~"); ok {
		re, err := regexp.Compile(pattern)
		fits = err == nil && isText && re.MatchString(text)
	}
	if !fits {
		return fmt.Sprintf("%s is %s, want %s", at, shown(got), want)
	}
	return ""
}

func unlikeObject(want map[string]any, got any, at string) string {
	object, ok := got.(map[string]any)
	if !ok {
		return fmt.Sprintf("%s is %s, want an object", at, shown(got))
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
		if wrong := unlike(w, g, at+"."+name); wrong != "" {
			return wrong
		}
	}
	for name := range object {
		if _, wanted := want[name]; !wanted && !open {
			return fmt.Sprintf("%s has %q, which nobody wants", at, name)
		}
	}
	return ""
}

func unlikeList(want []any, got any, at string) string {
	list, ok := got.([]any)
	if !ok {
		return fmt.Sprintf("%s is %s, want a list", at, shown(got))
	}
	var each func(i int) any
	switch {
	case len(want) == 2 && want[1] == "...":
		each = func(int) any { return want[0] }
	case len(want) == len(list):
		each = func(i int) any { return want[i] }
	default:
		return fmt.Sprintf("%s has %d, want %d", at, len(list), len(want))
	}
	for i, g := range list {
		if wrong := unlike(each(i), g, fmt.Sprintf("%s.%d", at, i)); wrong != "" {
			return wrong
		}
	}
	return ""
}

// shown is a value as a report may have it: a body's secret is not among them.
func shown(v any) string {
	raw := encode(v)
	if len(raw) > 80 {
		raw = append(raw[:80:80], "…"...)
	}
	return string(secretField.ReplaceAll(raw, []byte(`"secret":"…"`)))
}

// Org is an organisation that a case made, or works in.
type Org struct {
	*tenant
	ID    string
	Owner string // user id of its first owner
	Admin string // secret of a management key of the owner's
}

func orgOf(n *tenant) Org { return Org{tenant: n, ID: n.id, Owner: n.owner, Admin: n.admin} }

// Home is an organisation that cases share: its plan is the one with the most keys.
func (t *T) Home() Org { return orgOf(t.home) }

// Org makes an organisation on a plan; "" is the contract's default.
func (t *T) Org(plan string) Org { return orgOf(t.tenant(t.id, plan)) }

// Key is a key that a case made.
type Key struct{ ID, Secret string }

// Key makes a key of the organisation with its admin's key. What the contract
// requires of every key (an expiry) is added where the input says nothing of it.
func (t *T) Key(o Org, input In) Key {
	spec := in{"scopes": []string{}}
	maps.Copy(spec, input)
	k := t.key(o.Admin, o.tenant, spec)
	return Key{k.id, k.secret}
}

// OperatorKey is the secret of the operator's key.
func (t *T) OperatorKey() string { return t.operator }

// Contract is the contract that the deployment speaks.
func (t *T) Contract() *contract.Contract { return t.contract }

// Op calls an operation by its name in the route table, with the contract's
// method, path and names.
func (t *T) Op(secret, operation string, input In, headers ...string) Reply {
	return t.op(secret, operation, in(input), headers...)
}

// Does calls an operation that must succeed.
func (t *T) Does(secret, operation string, input In, headers ...string) Reply {
	return t.does(secret, operation, in(input), headers...)
}

// Email is an address that nobody else has.
func (t *T) Email(name string) string { return t.email(name) }

// Each runs n calls of f side by side and waits for them.
func (t *T) Each(n int, f func(i int)) { t.each(n, f) }

// Until waits until the deployment's clock has reached the moment.
func (t *T) Until(moment time.Time) { t.until(moment) }

// Calm waits for the key's next quota window where the present one ends within
// the time that the case needs.
func (t *T) Calm(secret string, needed time.Duration) { t.calm(secret, needed) }

// Alike wants two answers to be the same, byte for byte but the request id.
func (t *T) Alike(foreign, missing Reply) { t.alike(foreign, missing) }

// At returns what lies at a dotted path of a JSON body ("data.0.id"), nil for nothing.
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

// Text is [Reply.At] of a string, "" where there is none.
func (r Reply) Text(path string) string { s, _ := r.At(path).(string); return s }
