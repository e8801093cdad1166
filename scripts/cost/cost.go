package main

import (
	"fmt"
	"time"

	"statgate/scripts/internal/measured"
)

const (
	million    = 1e6
	authorizer = "authorizer, no policy cached" // its row in docs/performance.md
)

// item is a row of a table. In [costs.Idle], Free is the price less free units.
type item struct {
	Name          string
	Dollars, Free float64
	Detail        string
}

type items []item

// Total returns the sum of the dollars.
func (all items) Total() float64 {
	sum := 0.0
	for _, i := range all {
		sum += i.Dollars
	}
	return sum
}

// TotalFree returns the sum of the dollars less free units.
func (all items) TotalFree() float64 {
	sum := 0.0
	for _, i := range all {
		sum += i.Free
	}
	return sum
}

// costs computes the page. Where nothing else is said, its methods return dollars
// for a million calls.
type costs struct {
	prices
	measured.Figures
	operations map[string]measured.Units // as docs/performance.md has them
}

func load(root string) (c costs, err error) {
	if c.prices, err = loadPrices(); err != nil {
		return c, err
	}
	if c.Figures, err = measured.Load(); err != nil {
		return c, err
	}
	c.operations, err = readUnits(root)
	return c, err
}

// run is the price of runs of a function that take ms milliseconds, without its logs.
func (c costs) run(ms float64) float64 {
	return c.Dollars("lambda_request", million) + c.compute(ms)
}

func (c costs) compute(ms float64) float64 {
	return c.Dollars("lambda_gb_second", million*ms/1000*c.Assume("memory_gb"))
}

func (c costs) logs() float64 { return c.Dollars("log_gb", million*c.Assume("log_bytes")/1e9) }

func (c costs) units(u measured.Units) float64 {
	return c.Dollars("write_unit", million*u.Write) + c.Dollars("read_unit", million*u.Read)
}

func (c costs) transfer(name string, bytes float64) float64 {
	return c.Dollars(name, million*bytes/1e9)
}

// Edge is the price of the requests of the edge and the runs of its function.
func (c costs) Edge() float64 {
	return c.Dollars("edge_request", million) + c.Dollars("edge_function", million)
}

// milliseconds and bytes name an assumption in the words of the page.
func (c costs) milliseconds(name string) string { return fmt.Sprintf("%g ms", c.Assume(name)) }
func (c costs) bytes(name string) string        { return fmt.Sprintf("%g bytes", c.Assume(name)) }

// read is an authorised read, with the assumptions for its time and its answer.
type read struct{ Name, ms, bytes string }

var reads = []read{{"getMatch", "read_ms", "read_bytes"}, {"getStandings", "read_ms", "page_bytes"}, {"listMatches", "page_ms", "page_bytes"},
	{"listChanges (nothing new)", "read_ms", "read_bytes"}}

// Read returns the parts of a read. Without a cached policy each request runs the
// authorizer; behind the edge the answer is transferred from there.
func (c costs) Read(r read, cached, edge bool) items {
	u := c.operations[r.Name]
	all := items{
		{Name: "API Gateway", Dollars: c.Dollars("api_request", million), Detail: "a request"},
		{Name: "function", Dollars: c.run(c.Assume(r.ms)), Detail: c.milliseconds(r.ms)},
		{Name: "gate", Dollars: c.Dollars("write_unit", million*u.Write), Detail: fmt.Sprintf("%g W", u.Write)},
		{Name: "data", Dollars: c.Dollars("read_unit", million*u.Read), Detail: fmt.Sprintf("%g R", u.Read)},
		{Name: "logs", Dollars: c.logs(), Detail: c.bytes("log_bytes")},
	}
	if !cached {
		all = append(all, c.authorizer()...)
	}
	if edge {
		return append(all, item{Name: "edge", Dollars: c.Edge(), Detail: "a request and a run of the edge's function"},
			item{Name: "transfer", Dollars: c.transfer("edge_gb", c.Assume(r.bytes)), Detail: c.bytes(r.bytes) + ", from the edge"})
	}
	return append(all, item{Name: "transfer", Dollars: c.transfer("egress_gb", c.Assume(r.bytes)), Detail: c.bytes(r.bytes)})
}

func (c costs) authorizer() items {
	return items{
		{Name: "authorizer", Dollars: c.run(c.Assume("authorizer_ms")), Detail: c.milliseconds("authorizer_ms")},
		{Name: "authorizer's reads", Dollars: c.units(c.operations[authorizer]), Detail: c.operations[authorizer].String()},
		{Name: "authorizer's logs", Dollars: c.logs(), Detail: c.bytes("log_bytes")},
	}
}

// Refusals returns a row for each kind of refused request.
func (c costs) Refusals() items {
	answer := c.transfer("egress_gb", c.Assume("refusal_bytes"))
	function := c.run(c.Assume("refusal_ms")) + c.logs() + answer
	gate := c.Dollars("api_request", million) + function
	return items{
		{Name: "429, quota exceeded, more than one request a second to an instance", Dollars: gate,
			Detail: "the instance refuses from memory and asks the table once a second"},
		{Name: "429, quota exceeded, occasional requests", Dollars: gate + c.Dollars("write_unit", million), Detail: "a refused conditional write is a write unit"},
		{Name: "401, key revoked or expired", Dollars: c.authorizer().Total() + answer,
			Detail: "the authorizer runs each time. AWS does not charge for the API Gateway request where authorization fails (check this: otherwise it is $3.50 more)"},
		{Name: "401, secret forged or mistyped", Dollars: function, Detail: "the tag does not match, so nothing is read"},
		{Name: "401, secret malformed, at the edge", Dollars: c.Edge() + c.transfer("edge_gb", c.Assume("refusal_bytes")), Detail: "the edge's function answers"},
	}
}

// Idle returns what a month without requests costs.
func (c costs) Idle() items {
	row := func(name, price string, n float64, detail string) item {
		return item{name, c.Dollars(price, n), c.afterFree(price, n), detail}
	}
	alarms := c.Assume("alarm_metrics") + float64(c.Stack.Functions)
	return items{
		row("the peppers' secret", "secret_month", 1, "1 secret"),
		row("alarms", "alarm_month", alarms, fmt.Sprintf("%g metrics with alarms, %d of them the functions'", alarms, c.Stack.Functions)),
		row("dashboard", "dashboard_month", 1, "1 dashboard"),
		row("the webhooks' queue", "queue_request", c.Assume("queue_polls"), "Lambda polls it all the time"),
		{Name: "API Gateway, Lambda, DynamoDB on demand, logs, edge", Detail: "no request, no write"},
	}
}

// Busy returns what a month with requests in every hour costs on top of Idle.
func (c costs) Busy() items {
	minutes := float64(30 * 24 * time.Hour / time.Minute)
	return items{
		{Name: "custom metrics", Dollars: c.Dollars("metric_month", float64(c.Stack.Metrics)), Detail: fmt.Sprintf("%d metrics", c.Stack.Metrics)},
		{Name: "reads of the peppers", Dollars: c.Dollars("secret_call", minutes), Detail: "once a minute for each authorizer instance that stays warm"},
	}
}

// ImportOf returns what an import of n new matches costs at most, its deliveries aside.
func (c costs) ImportOf(n float64) float64 {
	return n * (c.Dollars("write_unit", c.Import.Write) / float64(c.Import.Matches))
}
