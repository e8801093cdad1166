package openapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"statgate/shared/api"
)

// headers are the answer headers that operations refer to, by component name.
func (b *builder) headers() map[string]*huma.Header {
	text := func(description string, example any) *huma.Header {
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{example}}}
	}
	number := func(description string, example any) *huma.Header {
		least := 0.0
		return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Examples: []any{example}}}
	}
	reset, at := "When the window ends and the quota is whole again, in seconds since 1970", 1767261600
	if b.contract.Meter.ResetUnit == "delta" {
		reset, at = "Seconds until the window ends and the quota is whole again", 1800
	}
	return map[string]*huma.Header{
		"RequestId":       text("Names this request; give it when you ask for help", exampleRequest),
		"ETag":            text("Names this answer, for `If-None-Match` and, where something can be changed, `If-Match`", `"3f0c9a7be1d24c58a6b1f027"`),
		"Location":        text("The path of what was made, as this document has it", b.exampleLocation()),
		"RetryAfter":      number("Seconds to wait before the call is worth repeating", 1),
		"QuotaLimit":      number("Calls that the plan allows in a window; absent for keys without a quota", 1000),
		"QuotaRemaining":  number("Calls that are left in this window", 998),
		"QuotaReset":      number(reset, at),
		"RateLimit":       text("The same as a structured field: what is left and the seconds until the window ends", `"requests";r=998;t=1800`),
		"RateLimitPolicy": text("The same as a structured field: the quota and the window's seconds", `"requests";q=1000;w=3600`),
	}
}

// deployed tells whether the contract has an operation.
func (b *builder) deployed(operation string) bool {
	return slices.ContainsFunc(api.For(b.contract), func(r api.Route) bool { return r.Operation == operation })
}

// exampleLocation is where a key is, which every contract makes.
func (b *builder) exampleLocation() string { return b.contract.Base + "/keys/" + exampleKey }

func headerRef(component string) *huma.Header {
	return &huma.Header{Ref: "#/components/headers/" + component}
}

// answerHeaders lists the headers of an answer that the gate had a say in.
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
