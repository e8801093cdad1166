package openapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// headers returns the response headers that operations refer to, by component name.
func (b *builder) headers() map[string]*huma.Header {
	text := func(description string, example any) *huma.Header {
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{example}}}
	}
	number := func(description string, example any) *huma.Header {
		least := 0.0
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Examples: []any{example}}}
	}
	reset, at := "End of the quota window, in seconds since 1970", 1767261600
	if b.contract.Meter.ResetUnit == "delta" {
		reset, at = "Seconds until the end of the quota window", 1800
	}
	return map[string]*huma.Header{
		"RequestId":       text("Id of the request; give it when you contact support", exampleRequest),
		"ETag":            text("Version of this response, for `If-None-Match` and, for objects that can change, `If-Match`", `"3f0c9a7be1d24c58a6b1f027"`),
		"Location":        text("Path of the created object", b.exampleLocation()),
		"RetryAfter":      number("Seconds to wait before a retry", 1),
		"QuotaLimit":      number("Requests that the plan allows per window; absent for keys without a quota", 1000),
		"QuotaRemaining":  number("Requests left in the current window", 998),
		"QuotaReset":      number(reset, at),
		"RateLimit":       text("The quota as a structured field: requests left, and seconds until the end of the window. Responses of key management list its own budget as a second item", `"requests";r=998;t=1800`),
		"RateLimitPolicy": text("The quota policy as a structured field: requests per window, and seconds per window. Responses of key management list its own policy as a second item", `"requests";q=1000;w=3600`),
	}
}

// deployed reports whether the contract has an operation.
func (b *builder) deployed(operation string) bool {
	return slices.ContainsFunc(api.For(b.contract), func(r api.Route) bool { return r.Operation == operation })
}

// exampleLocation returns the path of a key: every contract can create keys.
func (b *builder) exampleLocation() string { return b.contract.Base + "/keys/" + exampleKey }

func headerRef(component string) *huma.Header {
	return &huma.Header{Ref: "#/components/headers/" + component}
}

// answerHeaders returns the headers of a response that has passed the gate.
func (b *builder) answerHeaders(r api.Route, tagged bool) map[string]*huma.Header {
	h := map[string]*huma.Header{"X-Request-Id": headerRef("RequestId")}
	if tagged {
		h["ETag"] = headerRef("ETag")
	}
	if r.Open {
		return h
	}
	m := b.contract.Meter
	for name, component := range map[string]string{m.Limit: "QuotaLimit", m.Remaining: "QuotaRemaining", m.Reset: "QuotaReset"} {
		if name != "" {
			h[name] = headerRef(component)
		}
	}
	if m.IETF {
		h["RateLimit"], h["RateLimit-Policy"] = headerRef("RateLimit"), headerRef("RateLimitPolicy")
	}
	return h
}
