package api

import (
	"slices"

	"statgate/shared/contract"
)

// Source is what hands a worker its events.
type Source string

// The sources of workers.
const (
	StatsStream  Source = "stats stream"  // changes of the stats table
	WebhookQueue Source = "webhook queue" // deliveries that are due
)

// Worker is a Lambda function that no call reaches. It is a folder of functions/
// like the others.
type Worker struct {
	Function string
	Source   Source
	Needs    string   // the function whose routes it works for: without one of them it is not deployed
	Keys     []Action // actions on the keys table
	Stats    []Action // actions on the stats table, beside the reading of its stream
	Secrets  bool     // reads the peppers
	Sends    bool     // puts deliveries into the queue
	Streams  []Action // actions on the stream
}

// The actions of whoever reads a stream. Lambda asks them of the function's role.
const (
	DescribeStream   Action = "DescribeStream"
	GetRecords       Action = "GetRecords"
	GetShardIterator Action = "GetShardIterator"
	ListStreams      Action = "ListStreams"
)

// Workers is every worker.
var Workers = []Worker{
	{Function: "fanout", Source: StatsStream, Needs: "webhooks", Keys: []Action{PutItem, Query}, Stats: []Action{BatchGetItem}, Sends: true,
		Streams: []Action{DescribeStream, GetRecords, GetShardIterator, ListStreams}},
	{Function: "deliver", Source: WebhookQueue, Needs: "webhooks", Keys: []Action{GetItem, PutItem, UpdateItem}, Secrets: true, Sends: true},
}

// WorkersFor returns the workers that a deployment of the contract has.
func WorkersFor(c *contract.Contract) []Worker {
	routes := For(c)
	return slices.DeleteFunc(slices.Clone(Workers), func(w Worker) bool {
		return !slices.ContainsFunc(routes, func(r Route) bool { return r.Function == w.Needs })
	})
}
