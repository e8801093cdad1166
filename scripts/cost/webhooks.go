package main

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"statgate/shared/feed/events"
	"statgate/shared/feed/webhooks"
)

// attempts is after how many a delivery is given up.
var attempts = len(webhooks.Pauses) + 1

// messages is how many a delivery of so many attempts has in the queue: one for each,
// and where it waits for longer one every 15 minutes, as SQS delays none for more.
func messages(attempts int) float64 {
	const usual = 1.1 // pauses are up to a fifth longer
	n := 1.0
	for _, pause := range webhooks.Pauses[:attempts-1] {
		n += math.Ceil(usual * pause.Minutes() / 15)
	}
	return n
}

// batches tell how many changes share a run of fanout, and how many messages a run of
// deliver and a request of the queue.
type batches struct{ changes, messages float64 }

var alone = batches{1, 1}

func (b book) together() batches {
	return batches{b.assume("change_batch"), b.assume("delivery_batch")}
}

// taken is what a million deliveries cost that are taken at the first attempt.
func (b book) taken(t told, d delivery, in batches) []item {
	return append([]item{
		{"put down", b.store(d.Placed), d.Placed.String()},
		{"begun", b.store(d.Begun), d.Begun.String() + ": the delivery, and its webhook as it stands"},
		{"finished", b.store(d.Finished), d.Finished.String()},
	}, b.sent(t, d, 1, "deliver_ms", in)...)
}

// givenUp is what a million cost whose every attempt takes so long and fails.
func (b book) givenUp(t told, d delivery, ms string, in batches) []item {
	return append([]item{{"put down and attempted", b.store(d.GivenUp), d.GivenUp.String()}}, b.sent(t, d, attempts, ms, in)...)
}

// sent is what a million deliveries cost beside their own items, those of attempts that
// take so long each.
func (b book) sent(t told, d delivery, attempts int, ms string, in batches) []item {
	sent, tries := float64(d.Bytes)+b.assume("delivery_head_bytes"), float64(attempts)
	requests := 3 * messages(attempts) / in.messages // each is sent, received and deleted
	early := (messages(attempts) - tries) / in.messages
	items := append(b.fanout(t, in), []item{
		{"putting it down", b.dollars("lambda_gb_second", million*b.assume("put_ms")/1000*b.assume("memory_gb")), fmt.Sprintf("%g ms more of fanout", b.assume("put_ms"))},
		{"queue", b.dollars("queue_request", million*requests) + b.dollars("queue_group", million*requests), fmt.Sprintf("%g requests", requests)},
		{"deliver", b.function(b.assume(ms)) * tries / in.messages, fmt.Sprintf("%g ms", b.assume(ms))},
		{"its logs", b.logs() * tries, fmt.Sprintf("%g bytes", b.assume("log_bytes"))},
		{"transfer", b.dollars("egress_gb", million*tries*sent/1e9), fmt.Sprintf("%g bytes", sent)},
		{"kept", b.kept(d), fmt.Sprintf("%g days", webhooks.Kept.Hours()/24)},
	}...)
	if early > 0 {
		items = append(items, item{"waiting", (b.function(b.assume("early_ms")) + b.logs()) * early, fmt.Sprintf("%g runs of deliver that are early", early)})
	}
	return items
}

// fanout is what a million changes cost that reach it, without what it puts down.
func (b book) fanout(t told, in batches) []item {
	return []item{
		{"stream", 0, "AWS charges nothing for what Lambda reads of it"},
		{"fanout", b.function(b.assume("fanout_ms")) / in.changes, fmt.Sprintf("%g ms", b.assume("fanout_ms"))},
		{"its list of webhooks", b.store(t.Listed) / in.changes, t.Listed.String()},
		{"its logs", b.logs() / in.changes, fmt.Sprintf("%g bytes", b.assume("log_bytes"))},
	}
}

// store is what a million times these units cost.
func (b book) store(u units) float64 {
	return b.dollars("write_unit", million*u.write) + b.dollars("read_unit", million*u.read)
}

// kept is what a million deliveries cost until the table drops them.
func (b book) kept(d delivery) float64 {
	gigabytes := million * (float64(d.Bytes) + b.assume("delivery_item_bytes")) / 1e9
	months := webhooks.Kept.Hours() / (30 * 24 * time.Hour).Hours()
	return months * (b.dollars("table_gb_month", gigabytes) + b.dollars("recovery_gb_month", gigabytes))
}

// news is what is told of matches that are imported.
type news struct {
	what    string
	changes float64
	events  map[string]float64
}

// imports are ways in which n new matches may come.
func (t told) imports(n float64) []news {
	each := n / float64(t.Reported.Matches)
	whole := news{"the same, with events, lineups and statistics as the simulated league has them", each * float64(t.Reported.Changes), map[string]float64{}}
	for kind, count := range t.Reported.Events {
		whole.events[kind] = each * float64(count)
	}
	return []news{
		{"over for more than 30 days: an archive, whatever is told of them", whole.changes, nil},
		{"to come, or of the last 30 days", n, map[string]float64{events.MatchCreated: n}},
		whole,
	}
}

// telling is what news costs for one webhook that wants all of it, in full batches.
// What lies beside a match has it read.
func (b book) telling(t told, n news, matchRead float64) (deliveries, dollars float64) {
	in := b.together()
	for kind, count := range n.events {
		deliveries += count
		dollars += count / million * total(b.taken(t, t.Deliveries[kind], in))
	}
	silent := n.changes - deliveries
	dollars += silent / million * total(b.fanout(t, in))
	return deliveries, dollars + b.dollars("read_unit", n.changes*matchRead)
}

func webhooksPage(w *bytes.Buffer, b book, m tested, matchRead float64) {
	t := m.Webhooks
	deliveriesPage(w, b, t)
	givenUpPage(w, b, t)
	fmt.Fprintf(w, `
An import tells a webhook that wants everything of its matches too, which comes to this beside the import's own $%.2f, once for each such
webhook:

| 1000 new matches | deliveries | $ |
|---|---:|---:|
`, 1000*b.dollars("write_unit", m.Import.Write)/float64(m.Import.Matches))
	for _, n := range t.imports(1000) {
		deliveries, dollars := b.telling(t, n, matchRead)
		fmt.Fprintf(w, "| %s | %.0f | %.4f |\n", n.what, deliveries, dollars)
	}
}

func deliveriesPage(w *bytes.Buffer, b book, t told) {
	in := b.together()
	fmt.Fprintf(w, `
## A million deliveries of webhooks

An event costs this once for each webhook that wants it. *Alone* is one that comes by itself, for one webhook: it has a run of each function
and its requests of the queue to itself. *Together* is full batches, of %g changes and %g deliveries. Units are DynamoDB Local's
for the longest event of each type that the simulated league has, as the contract `+"`statgate`"+` shows it (`+"`TestDeliveriesConsumeWhatThePageSays`"+`):
a delivery of over 1 KB takes two units each time that it is written.

| taken at the first attempt | bytes | units | alone | together |
|---|---:|---|---:|---:|
`, in.changes, in.messages)
	for _, kind := range events.Types() {
		d, measured := t.Deliveries[kind]
		if !measured {
			continue
		}
		all := d.Placed.plus(d.Begun).plus(d.Finished)
		fmt.Fprintf(w, "| `%s` | %d | %s | $%.2f | $%.2f |\n", kind, d.Bytes, all, total(b.taken(t, d, alone)), total(b.taken(t, d, in)))
	}
	w.WriteString("\nOf a million `" + events.MatchUpdated + "`, alone:\n\n| part | $ | of each |\n|---|---:|---|\n")
	for _, it := range b.taken(t, t.Deliveries[events.MatchUpdated], alone) {
		fmt.Fprintf(w, "| %s | %.3f | %s |\n", it.name, it.dollars, it.detail)
	}
}

func givenUpPage(w *bytes.Buffer, b book, t told) {
	d := t.Deliveries[events.MatchUpdated]
	fmt.Fprintf(w, "\n| `%s`, given up after %d attempts | units | alone | together |\n|---|---|---:|---:|\n", events.MatchUpdated, attempts)
	for _, c := range []struct{ what, ms string }{{"each answered with an error", "deliver_ms"}, {"none answered within 10 s", "unanswered_ms"}} {
		fmt.Fprintf(w, "| %s | %s | $%.2f | $%.2f |\n", c.what, d.GivenUp, total(b.givenUp(t, d, c.ms, alone)), total(b.givenUp(t, d, c.ms, b.together())))
	}
	day := b.dollars("lambda_gb_second", 86400*b.assume("memory_gb")*b.assume("webhook_concurrency"))
	fmt.Fprintf(w, `
Each has %g messages, as SQS delays none for more than 15 minutes. Whoever does not answer keeps an instance waiting, which is most of the
last row, and is not called each time once three attempts in a row had no answer, which the row leaves out. At most %g instances deliver at
once (`+"`-c webhook_concurrency=`"+`), so all of their waiting is $%.2f a day at most; a webhook that takes nothing for three days is disabled.
`, messages(attempts), b.assume("webhook_concurrency"), day)
}
