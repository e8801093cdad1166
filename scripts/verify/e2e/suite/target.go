package suite

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Target is a kind of deployment with all its known differences from the API's guarantees. No
// other difference is accepted.
type Target struct {
	Name string
	// Skip lists the cases that are not run there, with the reason by case id.
	Skip map[string]string
	// Own lists answers that the target's gateway gives in a shape of its own, possibly with a
	// status of its own. Their shape and headers are not checked.
	Own []OwnAnswer
	// Literal is text that the target's gateway leaves in bodies instead of the request id, ""
	// for none. The rest of such an answer is checked.
	Literal, LiteralReason string
	// Lossy is the reason why the target's stores occasionally lose answers, "" where they do
	// not. A request may then be counted twice, as the documentation says, or get a 503 and be
	// repeated. A run accepts at most maxLostAnswers of them and reports their number.
	Lossy string
	// OneID is the reason why all requests have the same id there, "" where each has its own.
	// With one id, the suite cannot find audit entries by request id.
	OneID string
	// NoScheme is the reason why functions there take http for https, "" where they do not.
	NoScheme string
	// AddsCORS is the reason why the target's gateway adds CORS headers to every answer, "" where
	// it does not. Then no answer can show that a path has none.
	AddsCORS string
}

// OwnAnswer is an answer in the target's own shape.
type OwnAnswer struct {
	Status int
	Body   string // exact body, without surrounding space
	For    int    // the promised status that it stands for; 0 for Status itself
	Reason string
}

func (o OwnAnswer) promised() int { return cmp.Or(o.For, o.Status) }

// Targets lists every target with its known differences. A target without differences must keep
// every guarantee.
var Targets = []Target{
	{Name: "gateway"}, // the default: this repository's own gateway, and any deployed stage
	{Name: "ministack", NoScheme: noScheme, Lossy: lossy, Literal: requestID, LiteralReason: mocks, Skip: ministackSkip},
	// With an edge, the API itself accepts only the transport that the edge forwards. The
	// emulator's edge cannot reach the API.
	{Name: "ministack-edge", NoScheme: noScheme, Lossy: lossy, Literal: requestID, LiteralReason: mocks, Skip: merged(ministackSkip, map[string]string{
		"transport.x-api-key": "the edge moves X-API-Key into Authorization, and the emulator's cannot reach the API behind it",
	})},
	{Name: "sam", Lossy: lossy, Own: samOwn, Skip: samSkip, OneID: "SAM gives every request the id of the first",
		AddsCORS: "SAM adds CORS headers to every answer of a path that has a preflight"},
}

// Known differences of the emulator. Its mocks send templates and header mappings unrendered.
// Its gateway responses render the request id, the resource path and the error, and no other
// variable.
const (
	requestID = "$context.requestId"
	lossy     = "the emulator's tables answer late or not at all once in some thousand requests"
	noScheme  = "the emulator's events lack X-Forwarded-Proto, which API Gateway sets"
	mocks     = "the emulator's mocks send their templates unrendered"
)

var ministackSkip = map[string]string{
	"document.compressed": "the emulator stores the API's minimumCompressionSize and compresses nothing",
	"scope.named":         "the emulator's gateway responses do not render $context.httpMethod and $context.authorizer.scopes",
}

// Known differences of SAM CLI. It also passes only the variables that the template declares,
// and calls the authorizer for every request; no case depends on either.
var (
	samOwn = []OwnAnswer{
		{Status: 502, Body: `{"message":"Internal server error"}`, For: 401, Reason: "SAM treats an authorizer that throws Unauthorized as a failed one"},
		{Status: 401, Body: `{"message":"Unauthorized"}`, Reason: "SAM has no gateway responses; this is its answer to a missing identity source"},
		{Status: 403, Body: `{"message":"User is not authorized to access this resource"}`, Reason: "SAM has no gateway responses; this is its answer when the policy denies"},
		{Status: 403, Body: `{"message":"Missing Authentication Token"}`, For: 404, Reason: "SAM has no mocks; this is its answer to an unknown route"},
	}
	samSkip = merged(skipAll("SAM calls functions for requests only, not for streams or queues", "webhook.sent", "webhook.sent.report", "webhook.sent.filter",
		"webhook.sent.test", "webhook.sent.again", "webhook.sent.gone", "webhook.sent.rotate", "webhook.sent.ended", "webhook.sent.feed",
		"changes.fed", "changes.fed.report", "changes.fed.filter", "changes.fed.tenant", "replay.play", "replay.pause", "replay.sent",
		"teambattles.webhook.test", "teambattles.webhook.events", "teambattles.webhook.scores", "teambattles.webhook.readers", "teambattles.webhook.withdrawn", "teambattles.webhook.refused", "teambattles.webhook.replay", "teambattles.webhook.rotate"), map[string]string{
		"document.compressed": "SAM compresses nothing",
		"mcp.methods":         "SAM has no mocks: it answers a wrong method like an unknown path",
		"preflight":           "SAM answers preflights itself, with 200, and only for known routes",
		"refuse.method":       "SAM has no mocks: it answers a wrong method like an unknown path",
		"root":                "SAM has no mocks: it answers 502 to a redirect of the API itself",
		"refuse.utf8":         "SAM answers 502 to a body that is not UTF-8, and does not call the function",
		"scope.named":         "SAM has no gateway responses: its 403 names neither route nor scopes",
	})
)

// skipAll returns cases that are skipped for one reason.
func skipAll(why string, ids ...string) map[string]string {
	all := map[string]string{}
	for _, id := range ids {
		all[id] = why
	}
	return all
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// FindTarget returns the target with the name, or an error that lists the names.
func FindTarget(name string) (Target, error) {
	var names []string
	for _, t := range Targets {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Target{}, fmt.Errorf("unknown target %q: use one of %s", name, strings.Join(names, ", "))
}

// own returns the index in t.Own of an answer, -1 for none.
func (t Target) own(status int, body []byte) int {
	for i, o := range t.Own {
		if o.Status == status && o.Body == strings.TrimSpace(string(body)) {
			return i
		}
	}
	return -1
}

// standsFor reports whether the target gives this answer instead of one with the promised
// status.
func (t Target) standsFor(status int, r Reply) bool {
	return slices.ContainsFunc(t.Own, func(o OwnAnswer) bool {
		return o.promised() == status && o.Status == r.Status && o.Body == strings.TrimSpace(string(r.Body))
	})
}

// refusesSecret reports whether an answer refuses the secret.
func (t Target) refusesSecret(r Reply) bool {
	return r.Status == http.StatusUnauthorized || t.standsFor(http.StatusUnauthorized, r)
}

// replaceLiteral replaces the target's literal in a body by the request id.
func (fx *fixture) replaceLiteral(body any, id string) any {
	switch v := body.(type) {
	case string:
		if v == fx.target.Literal && v != "" {
			fx.literalAnswers.Add(1)
			return id
		}
	case map[string]any:
		for name := range v {
			v[name] = fx.replaceLiteral(v[name], id)
		}
	}
	return body
}

// maxLostAnswers is how many answers a target may lose in a run.
const maxLostAnswers = 10

// allowLost counts n more lost answers and reports whether the target may lose that number.
func (fx *fixture) allowLost(n int64) bool {
	return fx.target.Lossy != "" && fx.lostAnswers.Add(n) <= maxLostAnswers
}

// unanswered reports whether a 503 is one of the target's known lost answers.
func (fx *fixture) unanswered(r Reply) bool {
	return r.Status == http.StatusServiceUnavailable && fx.allowLost(1)
}
