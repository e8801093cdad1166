package suite

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Target is a kind of deployment, and all in which it is known to differ from
// what the API promises. Nothing else may differ.
type Target struct {
	Name string
	// Skip names the cases that are not run there, each with its reason.
	Skip map[string]string
	// Own are answers that the target's gateway gives in a shape of its own, and
	// perhaps with a status of its own. Their shape and headers are not looked at.
	Own []OwnAnswer
	// Literal is a text that the target's gateway leaves in bodies where the
	// request's id belongs, "" for none. All else about such an answer must be right.
	Literal, LiteralReason string
	// Lossy is why answers of its stores are lost now and then, "" where none are. A
	// call may then be counted twice, as the documentation says, or be a 503 that is to
	// be repeated: so often at most in a run, and never without being told.
	Lossy string
	// OneID is why all requests have the same id there, "" where each has its own.
	// Nothing that a request left behind can then be found by its id.
	OneID string
}

// OwnAnswer is an answer in the target's own shape.
type OwnAnswer struct {
	Status int
	Body   string // as it is, without the space around it
	For    int    // the promised status that it is let pass for; 0 for its own
	Reason string
}

func (o OwnAnswer) promised() int { return cmp.Or(o.For, o.Status) }

// Targets lists the known differences of every target. An empty one is held to
// everything.
var Targets = []Target{
	{Name: "gateway"}, // the default: this repository's own gateway, and any deployed stage
	{Name: "ministack", Lossy: lossy, Literal: requestID, LiteralReason: mocks, Skip: ministackSkip},
	// With an edge the API itself takes the one transport that the edge leaves, and
	// the emulator's edge cannot reach the API.
	{Name: "ministack-edge", Lossy: lossy, Literal: requestID, LiteralReason: mocks, Skip: plus(ministackSkip, map[string]string{
		"transport.x-api-key": "the edge moves X-API-Key into Authorization, and the emulator's cannot reach the API behind it",
	})},
	{Name: "sam", Lossy: lossy, Own: samOwn, Skip: samSkip, OneID: "SAM gives every request the id of the first"},
}

// What the emulator does not render. Its mocks send templates and header
// mappings as they are; its gateway responses know the request's id, the resource's
// path and the error, and no other variable.
const (
	requestID = "$context.requestId"
	lossy     = "the emulator's tables answer late, or not at all, once in some thousand calls"
	mocks     = "the emulator's mocks send their templates as they are"
)

var ministackSkip = map[string]string{
	"scope.named": "the emulator's gateway responses keep $context.httpMethod and $context.authorizer.scopes as they are",
}

// What SAM CLI does otherwise. It passes those variables only that the template
// declares, and asks the authorizer for every request: neither is to be seen here.
var (
	samOwn = []OwnAnswer{
		{Status: 502, Body: `{"message":"Internal server error"}`, For: 401, Reason: "SAM takes an authorizer that throws Unauthorized for one that failed"},
		{Status: 401, Body: `{"message":"Unauthorized"}`, Reason: "SAM has no gateway responses; this is its own, where the identity source is missing"},
		{Status: 403, Body: `{"message":"User is not authorized to access this resource"}`, Reason: "SAM has no gateway responses; this is its own, where the policy denies"},
		{Status: 403, Body: `{"message":"Missing Authentication Token"}`, For: 404, Reason: "SAM has no mocks; this is its own for what is no route"},
	}
	samSkip = plus(skips("SAM calls a function for requests alone, and for no stream or queue", "webhook.sent", "webhook.sent.report", "webhook.sent.filter",
		"webhook.sent.test", "webhook.sent.again", "webhook.sent.gone", "webhook.sent.rotate", "webhook.sent.ended"), map[string]string{
		"preflight":     "SAM answers preflights itself, with 200, and only where there is a route",
		"refuse.method": "SAM has no mocks: it answers a wrong method as it does an unknown path",
		"refuse.head":   "SAM takes HEAD for GET's route and then finds no function for it",
		"scope.named":   "SAM has no gateway responses: its 403 names nothing",
	})
)

// skips are cases that are not run for one reason.
func skips(why string, ids ...string) map[string]string {
	all := map[string]string{}
	for _, id := range ids {
		all[id] = why
	}
	return all
}

func plus(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
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

// standsFor tells whether an answer is the target's own for a promised status.
func (t Target) standsFor(status int, r Reply) bool {
	return slices.ContainsFunc(t.Own, func(o OwnAnswer) bool {
		return o.promised() == status && o.Status == r.Status && o.Body == strings.TrimSpace(string(r.Body))
	})
}

// unknown tells whether an answer refuses the secret.
func (t Target) unknown(r Reply) bool {
	return r.Status == http.StatusUnauthorized || t.standsFor(http.StatusUnauthorized, r)
}

// named puts the request's id into a body where the target has left its literal.
func (w *world) named(body any, id string) any {
	switch v := body.(type) {
	case string:
		if v == w.target.Literal && v != "" {
			w.literals.Add(1)
			return id
		}
	case map[string]any:
		for name := range v {
			v[name] = w.named(v[name], id)
		}
	}
	return body
}

// lostAtMost is how many answers a target may lose in a run.
const lostAtMost = 10

// lose tells whether so many more answers may have been lost.
func (w *world) lose(n int64) bool { return w.target.Lossy != "" && w.lost.Add(n) <= lostAtMost }

// unanswered tells whether a 503 is one that the target's stores are known for.
func (w *world) unanswered(r Reply) bool {
	return r.Status == http.StatusServiceUnavailable && w.lose(1)
}
