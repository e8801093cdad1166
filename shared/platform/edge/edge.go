// Package edge makes the CloudFront function that stands before API Gateway. It
// moves a secret from any transport of the contract into Authorization, which is
// the authorizer's one identity source, and answers what cannot be a secret.
//
// Package transport says the same in Go for the local gateway; both pass one
// table of requests.
package edge

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/contract"
)

//go:embed edge.js
var source string

// MaxBytes is the most that CloudFront takes as a function's code.
const MaxBytes = 10 << 10

// requestID stands for the request's id in the answers' templates.
const requestID = "$context.requestId"

type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

type config struct {
	Base          string            `json:"base"`
	Transports    []string          `json:"transports"`
	Form          string            `json:"form"`
	RequestID     string            `json:"requestId"`
	AnswerMissing bool              `json:"answerMissing"`
	Answers       map[string]answer `json:"answers"`
}

// Needed tells whether a deployment of the contract has an edge unless it is told
// otherwise: where there are several HTTP transports, of which API Gateway can
// read one, or where a missing secret is answered differently from a bad one, for
// which API Gateway has one template.
func Needed(c *contract.Contract) bool {
	return len(c.HTTPTransports()) > 1 || TellsMissing(c)
}

// TellsMissing tells whether the contract answers a missing secret differently.
func TellsMissing(c *contract.Contract) bool {
	return c.Condition(api.SecretMissing) != c.Condition(api.SecretUnknown)
}

// Function returns the code of the CloudFront function (cloudfront-js-2.0) for
// the HTTP channel of a contract.
func Function(c *contract.Contract) (string, error) {
	cfg := config{Base: c.Base, Transports: c.Transports[transport.HTTP], Form: form(c.Secret), RequestID: requestID,
		AnswerMissing: TellsMissing(c), Answers: map[string]answer{}}
	enc := api.Encoder{Contract: c}
	for _, condition := range []string{api.SecretMissing, api.SecretMalformed, api.SecretConflict} {
		a := enc.Error(requestID, api.Fail(condition, "%s", messages[condition]))
		headers := map[string]string{}
		for name, value := range a.Header {
			headers[strings.ToLower(name)] = value
		}
		cfg.Answers[condition] = answer{Status: a.Status, Headers: headers, Body: string(a.Body)}
	}
	raw, err := json.Marshal(cfg)
	if err != nil {
		return "", fmt.Errorf("edge: %w", err)
	}
	code := strings.Replace(source, "{/*CONFIG*/}", string(raw), 1)
	if len(code) > MaxBytes {
		return "", fmt.Errorf("edge: the function has %d bytes; CloudFront takes %d", len(code), MaxBytes)
	}
	return code, nil
}

var messages = map[string]string{
	api.SecretMissing:   "an API key is required",
	api.SecretMalformed: "malformed API key",
	api.SecretConflict:  "two different API keys in one request; send only one",
}

// form is a regular expression of what can be a secret: it holds no key to read a tag with.
func form(rules contract.SecretRules) string {
	var prefixes []string
	for _, p := range rules.Prefixes {
		prefixes = append(prefixes, regexp.QuoteMeta(p))
	}
	slices.Sort(prefixes)
	letters := map[string]string{"base62": "[0-9A-Za-z]", "hex": "[0-9a-f]"}[rules.Alphabet]
	return fmt.Sprintf("^(?:%s)%s{%d,%d}$", strings.Join(prefixes, "|"), letters, rules.Accept[0], rules.Accept[1])
}
