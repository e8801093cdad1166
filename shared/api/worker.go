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
)

// Worker is a Lambda function that serves no requests. Like the others, it is a folder of
// functions/.
type Worker struct {
	Function string
	Source   Source
	Needs    []string   // the functions that require the worker; without a route of any of them it is not deployed
	Keys     []Action   // actions on the keys table
	Stats    []Action   // actions on the stats table, without those on its stream
	Writes   Partitions // what it writes
	Secrets  bool       // reads the peppers
	Sends    bool       // sends deliveries to the queue
	Streams  []Action   // actions on the stream
}

// The actions that reading a stream requires. Lambda uses the function's role for them.
const (
	DescribeStream   Action = "DescribeStream"
	GetRecords       Action = "GetRecords"
	GetShardIterator Action = "GetShardIterator"
	ListStreams      Action = "ListStreams"
)

var readStream = []Action{DescribeStream, GetRecords, GetShardIterator, ListStreams}

// duties has a row for each function that needs a worker, with what the worker does for it.
// A deployment without the function's routes gives the worker no such grants.
var duties = []Worker{
	{Function: "fanout", Source: StatsStream, Needs: []string{Webhooks}, Keys: []Action{PutItem, Query}, Stats: []Action{BatchGetItem},
		Writes: Partitions{Keys: patterns("WEBHOOK")}, Sends: true, Streams: readStream},
	{Function: "fanout", Source: StatsStream, Needs: []string{Changes}, Stats: []Action{BatchGetItem, PutItem, Query},
		Writes: Partitions{Stats: patterns("CHANGES")}, Streams: readStream},
	{Function: "deliver", Source: WebhookQueue, Needs: []string{Webhooks}, Keys: []Action{GetItem, PutItem, UpdateItem},
		Writes: Partitions{Keys: patterns("AUDIT", "WEBHOOK", "WEBHOOKS")}, Secrets: true, Sends: true},
}

// The functions that need workers.
const (
	Changes  = "changes"
	Webhooks = "webhooks"
)

// Workers lists all workers, each with all its duties.
var Workers = united(duties)

// WorkersFor returns the workers of a deployment of the contract, with their duties in it.
func WorkersFor(c *contract.Contract) []Worker {
	return united(slices.DeleteFunc(slices.Clone(duties), func(w Worker) bool { return !Serves(c, w.Needs[0]) }))
}

// Serves reports whether a deployment of the contract has routes of the function.
func Serves(c *contract.Contract, function string) bool {
	return slices.ContainsFunc(For(c), func(r Route) bool { return r.Function == function })
}

// united returns one worker for the duties of each.
func united(duties []Worker) []Worker {
	var all []Worker
	for _, d := range duties {
		i := slices.IndexFunc(all, func(w Worker) bool { return w.Function == d.Function })
		if i < 0 {
			all = append(all, d)
			continue
		}
		w := &all[i]
		w.Needs = slices.Concat(w.Needs, d.Needs)
		w.Keys, w.Stats, w.Streams = union(w.Keys, d.Keys), union(w.Stats, d.Stats), union(w.Streams, d.Streams)
		w.Writes = Partitions{Keys: union(w.Writes.Keys, d.Writes.Keys), Stats: union(w.Writes.Stats, d.Writes.Stats)}
		w.Secrets, w.Sends = w.Secrets || d.Secrets, w.Sends || d.Sends
	}
	return all
}

// union returns the elements of both lists, sorted and without duplicates.
func union[T ~string](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
