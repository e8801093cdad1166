// Package edge generates the CloudFront function that runs before API Gateway. The
// function moves the secret from any transport of the contract into the Authorization
// header, which is the authorizer's only identity source. It refuses requests whose
// secret is malformed.
//
// Package transport implements the same rules in Go for the local gateway. Both are
// tested with the same table of requests.
package edge

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

//go:embed edge.js
var source string

// maxBytes is CloudFront's limit on the size of a function's code.
const maxBytes = 10 << 10

// requestID is the placeholder for the request id in the answers.
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

// Needed reports whether a deployment of the contract has an edge by default. It does
// if the contract has several HTTP transports, as API Gateway can read only one. It
// also does if a missing secret has another answer than an invalid one, as API
// Gateway has one template for both.
func Needed(c *contract.Contract) bool {
	return len(c.HTTPTransports()) > 1 || DistinguishesMissing(c)
}

// DistinguishesMissing reports whether the contract answers a missing secret differently from
// an invalid one.
func DistinguishesMissing(c *contract.Contract) bool {
	return c.Condition(api.SecretMissing) != c.Condition(api.SecretUnknown)
}

// RenamedChallenge is the name that API Gateway gives to WWW-Authenticate in the answers of
// functions.
const RenamedChallenge = "X-Amzn-Remapped-Www-Authenticate"

// Headers that the edge function sets on every request. It replaces what the client sent. At API
// Gateway's own address, which bypasses the edge, a client can send any value.
const (
	HostHeader   = "X-Statgate-Host"   // the Host that the viewer called; API Gateway requires its own in Host
	ViewerHeader = "X-Statgate-Viewer" // the IP address of the viewer
)

// Function returns the code of the CloudFront function (cloudfront-js-2.0) for the
// HTTP channel of a contract. It returns an error if the code is over CloudFront's
// limit of 10 KB.
func Function(c *contract.Contract) (string, error) {
	cfg := config{Base: c.Base, Transports: c.HTTPTransports(), Form: pattern(c.Secret), RequestID: requestID,
		AnswerMissing: DistinguishesMissing(c), Answers: map[string]answer{}}
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
		return "", fmt.Errorf("edge: encoding the configuration: %w", err)
	}
	code := strings.Replace(source, "{/*CONFIG*/}", string(raw), 1)
	if len(code) > maxBytes {
		return "", fmt.Errorf("edge: the function has %d bytes, and CloudFront allows %d", len(code), maxBytes)
	}
	return code, nil
}

var messages = map[string]string{
	api.SecretMissing:   "an API key is required",
	api.SecretMalformed: "malformed API key",
	api.SecretConflict:  "two different API keys in one request; send only one",
}

// pattern returns a regular expression that matches well-formed secrets. It does not
// check a secret's tag, as that would need a key at the edge.
func pattern(rules contract.SecretRules) string {
	var prefixes []string
	for _, p := range rules.Prefixes {
		prefixes = append(prefixes, regexp.QuoteMeta(p))
	}
	slices.Sort(prefixes)
	letters := map[string]string{"base62": "[0-9A-Za-z]", "hex": "[0-9a-f]"}[rules.Alphabet]
	return fmt.Sprintf("^(?:%s)%s{%d,%d}$", strings.Join(prefixes, "|"), letters, rules.Accept[0], rules.Accept[1])
}
