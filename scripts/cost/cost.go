package main

import (
	"fmt"
	"time"

	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/telemetry"
)

const million = 1e6

// item is a part of a sum.
type item struct {
	name    string
	dollars float64
	detail  string
}

func total(items []item) float64 {
	sum := 0.0
	for _, i := range items {
		sum += i.dollars
	}
	return sum
}

// call is a kind of request.
type call struct {
	name      string
	units     units
	ms, bytes string // names of assumptions
}

// function is what a million runs of a function cost, with their logs.
func (b book) function(ms float64) float64 {
	return b.dollars("lambda_request", million) + b.dollars("lambda_gb_second", million*ms/1000*b.assume("memory_gb"))
}

func (b book) logs() float64 { return b.dollars("log_gb", million*b.assume("log_bytes")/1e9) }

// reads is what a million calls cost. Without a cached policy each runs the
// authorizer; behind the edge the answer leaves from there.
func (b book) reads(c call, check units, cached, edge bool) []item {
	items := []item{
		{"API Gateway", b.dollars("api_request", million), "a request"},
		{"function", b.function(b.assume(c.ms)), fmt.Sprintf("%g ms", b.assume(c.ms))},
		{"gate", b.dollars("write_unit", million*c.units.write), fmt.Sprintf("%g W", c.units.write)},
		{"data", b.dollars("read_unit", million*c.units.read), fmt.Sprintf("%g R", c.units.read)},
		{"logs", b.logs(), fmt.Sprintf("%g bytes", b.assume("log_bytes"))},
	}
	if !cached {
		items = append(items, b.check(check)...)
	}
	gigabytes := million * b.assume(c.bytes) / 1e9
	if edge {
		return append(items, item{"edge", b.edge(), "a request and a run of its function"},
			item{"transfer", b.dollars("edge_gb", gigabytes), fmt.Sprintf("%g bytes, from the edge", b.assume(c.bytes))})
	}
	return append(items, item{"transfer", b.dollars("egress_gb", gigabytes), fmt.Sprintf("%g bytes", b.assume(c.bytes))})
}

// check is what a million runs of the authorizer cost.
func (b book) check(u units) []item {
	return []item{
		{"authorizer", b.function(b.assume("authorizer_ms")), fmt.Sprintf("%g ms", b.assume("authorizer_ms"))},
		{"its reads", b.dollars("read_unit", million*u.read), fmt.Sprintf("%g R", u.read)},
		{"its logs", b.logs(), fmt.Sprintf("%g bytes", b.assume("log_bytes"))},
	}
}

func (b book) edge() float64 {
	return b.dollars("edge_request", million) + b.dollars("edge_function", million)
}

// refusals are kinds of calls that get nothing, and what a million of each costs.
func (b book) refusals(check units) []item {
	answer := b.dollars("egress_gb", million*b.assume("refusal_bytes")/1e9)
	gate := b.dollars("api_request", million) + b.function(b.assume("refusal_ms")) + b.logs() + answer
	return []item{
		{"429, out of quota, more than a call a second and instance", gate,
			"refused from the instance's memory, which asks the table once a second"},
		{"429, out of quota, now and then", gate + b.dollars("write_unit", million), "a refused write is a write unit"},
		{"401, revoked or expired", total(b.check(check)) + answer, "the authorizer runs each time; without API Gateway's request, which AWS does not charge where authorization fails (check: else it is $3.50 more)"},
		{"401, forged or mistyped", b.function(b.assume("refusal_ms")) + b.logs() + answer, "the tag does not fit, so nothing is read"},
		{"401, malformed, at the edge", b.edge() + b.dollars("edge_gb", million*b.assume("refusal_bytes")/1e9), "the edge's function answers"},
	}
}

// idle is a month in which nobody calls; free tells whether the account's free
// units are unspent.
func (b book) idle(free bool) []item {
	cost := b.dollars
	if free {
		cost = b.above
	}
	functions := functionCount()
	alarms := b.assume("alarm_metrics") + float64(functions)
	return []item{
		{"the peppers' secret", cost("secret_month", 1), "1 secret"},
		{"alarms", cost("alarm_month", alarms), fmt.Sprintf("%g metrics of alarms, of which %d are the functions'", alarms, functions)},
		{"dashboard", cost("dashboard_month", 1), "1 dashboard"},
		{"the webhooks' queue", cost("queue_request", b.assume("queue_polls")), "Lambda asks it for messages day and night"},
		{"API Gateway, Lambda, DynamoDB on demand, logs, edge", 0, "nothing runs and nothing is written"},
	}
}

// functionCount is the number of functions of the default contract's stack that
// answer calls.
func functionCount() int {
	c, err := preset.Load("statgate")
	if err != nil {
		panic("cost: " + err.Error()) // a preset is part of the program
	}
	names := map[string]bool{"authorizer": true}
	for _, r := range api.For(c) {
		names[r.Function] = true
	}
	return len(names)
}

// busy is what a month adds in which calls come in every hour.
func (b book) busy() []item {
	metrics := 0
	for _, m := range telemetry.All {
		metrics++
		for _, by := range m.By {
			if by == "function" {
				metrics += functionCount()
			} else {
				metrics += len(telemetry.Reasons)
			}
		}
	}
	minutes := float64(30 * 24 * time.Hour / time.Minute)
	return []item{
		{"our own metrics", b.dollars("metric_month", float64(metrics)), fmt.Sprintf("%d metrics", metrics)},
		{"peppers read again", b.dollars("secret_call", minutes), "once a minute for each authorizer that is always warm"},
	}
}
