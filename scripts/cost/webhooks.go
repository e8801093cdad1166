package main

import (
	"fmt"

	"statgate/scripts/internal/measured"
)

// example is the type of event whose delivery the page shows in detail.
const example = "match.updated"

// batch says how many changes share a run of fanout, and how many messages share a
// run of deliver and a request of the queue.
type batch struct{ changes, messages float64 }

// batch returns full batches, or those of a single event for a single webhook.
func (c costs) batch(full bool) batch {
	if full {
		return batch{c.Assume("change_batch"), c.Assume("delivery_batch")}
	}
	return batch{1, 1}
}

// Example returns the figures of the example's delivery.
func (c costs) Example() measured.Delivery {
	for _, d := range c.Webhooks.Deliveries {
		if d.Type == example {
			return d
		}
	}
	panic("cost: measured.json has no delivery of " + example)
}

// AllUnits returns the units of a delivery that succeeds at the first attempt.
func (c costs) AllUnits(d measured.Delivery) measured.Units {
	return d.Stored.Plus(d.Begun).Plus(d.Finished)
}

// Delivered returns the parts of a delivery that succeeds at the first attempt.
func (c costs) Delivered(d measured.Delivery, full bool) items {
	all := items{
		{Name: "write of the delivery", Dollars: c.units(d.Stored), Detail: d.Stored.String()},
		{Name: "begin of the attempt", Dollars: c.units(d.Begun), Detail: d.Begun.String() + ": the delivery, and a read of its webhook"},
		{Name: "end of the attempt", Dollars: c.units(d.Finished), Detail: d.Finished.String()},
	}
	return append(all, c.sent(d, 1, 1, "deliver_ms", c.batch(full))...)
}

// Failed returns the parts of a delivery whose every attempt fails. ms is the
// assumption for the time of an attempt.
func (c costs) Failed(d measured.Delivery, ms string, full bool) items {
	w := c.Webhooks
	return append(items{{Name: "writes and attempts", Dollars: c.units(d.Failed), Detail: d.Failed.String()}},
		c.sent(d, float64(w.Attempts), float64(w.Messages), ms, c.batch(full))...)
}

// sent returns the parts of a delivery other than the units of its own item.
func (c costs) sent(d measured.Delivery, attempts, messages float64, ms string, in batch) items {
	bytes := float64(d.Bytes) + c.Assume("delivery_head_bytes")
	requests := 3 * messages / in.messages // to send, receive and delete each message
	all := append(c.fanout(in), items{
		{Name: "fanout's time for the delivery", Dollars: c.compute(c.Assume("put_ms")), Detail: c.milliseconds("put_ms") + " more"},
		{Name: "queue", Dollars: c.Dollars("queue_request", million*requests) + c.Dollars("queue_group", million*requests), Detail: fmt.Sprintf("%g requests", requests)},
		{Name: "deliver", Dollars: c.run(c.Assume(ms)) * attempts / in.messages, Detail: c.milliseconds(ms)},
		{Name: "deliver's logs", Dollars: c.logs() * attempts, Detail: c.bytes("log_bytes")},
		{Name: "transfer", Dollars: c.transfer("egress_gb", attempts*bytes), Detail: fmt.Sprintf("%g bytes", bytes)},
		{Name: "storage", Dollars: c.stored(d), Detail: fmt.Sprintf("%d days", c.Webhooks.KeptDays)},
	}...)
	if early := (messages - attempts) / in.messages; early > 0 {
		all = append(all, item{Name: "waiting", Dollars: (c.run(c.Assume("early_ms")) + c.logs()) * early, Detail: fmt.Sprintf("%g runs of deliver that are early", early)})
	}
	return all
}

// fanout returns the parts of a change that reaches fanout, its deliveries aside.
func (c costs) fanout(in batch) items {
	return items{
		{Name: "stream", Detail: "Lambda's reads of the stream are free"},
		{Name: "fanout", Dollars: c.run(c.Assume("fanout_ms")) / in.changes, Detail: c.milliseconds("fanout_ms")},
		{Name: "fanout's read of the webhooks", Dollars: c.units(c.Webhooks.List) / in.changes, Detail: c.Webhooks.List.String()},
		{Name: "fanout's logs", Dollars: c.logs() / in.changes, Detail: c.bytes("log_bytes")},
	}
}

// stored returns what the items of deliveries cost until their TTL deletes them.
func (c costs) stored(d measured.Delivery) float64 {
	gigabytes := million * (float64(d.Bytes) + c.Assume("delivery_item_bytes")) / 1e9
	return float64(c.Webhooks.KeptDays) / 30 * (c.Dollars("table_gb_month", gigabytes) + c.Dollars("recovery_gb_month", gigabytes))
}

// news is what one webhook receives of an import, in full batches, and its price.
type news struct {
	What                string
	Deliveries, Dollars float64
}

// News returns three kinds of imports of n new matches.
func (c costs) News(n float64) []news {
	each := n / float64(c.Webhooks.Reported.Matches)
	changes, reports := each*float64(c.Webhooks.Reported.Changes), map[string]float64{}
	for kind, count := range c.Webhooks.Reported.Events {
		reports[kind] = each * float64(count)
	}
	return []news{
		c.news("finished more than 30 days ago: an archive, with any reports", changes, nil),
		c.news("future matches, or those of the last 30 days", n, map[string]float64{"match.created": n}),
		c.news("the same, with events, lineups and statistics as in the simulated league", changes, reports),
	}
}

func (c costs) news(what string, changes float64, events map[string]float64) news {
	full, n := c.batch(true), news{What: what}
	for _, d := range c.Webhooks.Deliveries {
		n.Deliveries += events[d.Type]
		n.Dollars += events[d.Type] / million * c.Delivered(d, true).Total()
	}
	n.Dollars += (changes - n.Deliveries) / million * c.fanout(full).Total()
	// fanout reads the match that a report belongs to. It is counted for every change.
	n.Dollars += c.Dollars("read_unit", changes*c.operations["getMatch"].Read)
	return n
}
