package api

import (
	"slices"

	"statgate/shared/contract"
)

// Source is the event source of a worker.
type Source string

// The sources of workers.
const (
	StatsStream  Source = "stats stream"  // changes of the stats table
	WebhookQueue Source = "webhook queue" // due deliveries
	ReplayQueue  Source = "replay queue"  // due steps of replays
)

// Worker is a Lambda function that serves no requests. Like the others, it is a folder of
// functions/.
type Worker struct {
	Function string
	Source   Source
	Needs    string   // the function that requires the worker; without one of its routes the worker is not deployed
	Keys     []Action // actions on the keys table
	Stats    []Action // actions on the stats table, without those on its stream
	Secrets  bool     // reads the peppers
	Sends    bool     // sends deliveries to the queue
	Plays    bool     // sends steps of replays to their queue
	Streams  []Action // actions on the stream
}

// The actions that reading a stream requires. Lambda uses the function's role for them.
const (
	DescribeStream   Action = "DescribeStream"
	GetRecords       Action = "GetRecords"
	GetShardIterator Action = "GetShardIterator"
	ListStreams      Action = "ListStreams"
)

// Workers lists all workers.
var Workers = []Worker{
	{Function: "fanout", Source: StatsStream, Needs: "webhooks", Keys: []Action{PutItem, Query}, Stats: []Action{BatchGetItem}, Sends: true,
		Streams: []Action{DescribeStream, GetRecords, GetShardIterator, ListStreams}},
	{Function: "deliver", Source: WebhookQueue, Needs: "webhooks", Keys: []Action{GetItem, PutItem, UpdateItem}, Secrets: true, Sends: true},
	{Function: "play", Source: ReplayQueue, Needs: "replays", Stats: []Action{BatchGetItem, ConditionCheck, DeleteItem, GetItem, PutItem, Query}, Plays: true},
}

// WorkersFor returns the workers of a deployment of the contract.
func WorkersFor(c *contract.Contract) []Worker {
	routes := For(c)
	return slices.DeleteFunc(slices.Clone(Workers), func(w Worker) bool {
		return !slices.ContainsFunc(routes, func(r Route) bool { return r.Function == w.Needs })
	})
}
