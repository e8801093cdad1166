package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

const head = `# Cost

<!-- Computed by "go run ./scripts/cost --write". Do not edit. -->

Dollars, from three things: DynamoDB units as [performance.md](performance.md) measured them, list prices and assumptions as
` + "`scripts/cost/prices.json`" + ` has them, and what tests measure of an import and of webhooks. Change the prices there for your region and run it again.
`

// page writes docs/cost.md.
func page(root string) ([]byte, error) {
	b, t, err := load()
	if err != nil {
		return nil, err
	}
	found, err := measured(root)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"authorizer, no policy cached", "getMatch", "getStandings", "listMatches"} {
		if _, ok := found[name]; !ok {
			return nil, fmt.Errorf("docs/performance.md has no units of %q: run make bench", name)
		}
	}
	var w bytes.Buffer
	w.WriteString(head)
	fmt.Fprintf(&w, "Prices are those of %s as of %s", b.Region, b.AsOf)
	if !b.Checked {
		w.WriteString(", **written down from memory and not checked** against the pages that stand beside them: check them before you rely on a figure")
	}
	w.WriteString(". Taxes, support plans and free tiers are left out unless it says otherwise.\n")
	idlePage(&w, b)
	readsPage(&w, b, found)
	refusalsPage(&w, b, found)
	importPage(&w, b, t.Import)
	webhooksPage(&w, b, t, found["getMatch"].read)
	pricesPage(&w, b)
	return w.Bytes(), nil
}

func idlePage(w *bytes.Buffer, b book) {
	w.WriteString("\n## Idle, a month\n\n| what | $ | with the account's free units | of |\n|---|---:|---:|---|\n")
	all, free := b.idle(false), b.idle(true)
	for i, it := range all {
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %s |\n", it.name, it.dollars, free[i].dollars, it.detail)
	}
	fmt.Fprintf(w, "| **together** | **%.2f** | **%.2f** | |\n\n", total(all), total(free))
	table := million * b.assume("match_bytes") / 1e9
	copies := table * b.assume("table_copies")
	fmt.Fprintf(w, "Data adds $%.2f a GB and month, indexes included, and $%.2f a GB of the tables alone for point-in-time recovery. A million matches\nare about %.1f GB, with their indexes %.1f GB: $%.2f a month.\n",
		b.dollars("table_gb_month", 1), b.dollars("recovery_gb_month", 1), table, copies,
		b.dollars("table_gb_month", copies)+b.dollars("recovery_gb_month", table))
	fmt.Fprintf(w, "`-c waf=true` adds $%.2f a month and $%.2f a million requests.\n", b.dollars("waf_month", 1), b.dollars("waf_request", million))
	w.WriteString("A month in which calls come in every hour adds, however many they are:\n\n| what | $ | of |\n|---|---:|---|\n")
	for _, it := range b.busy() {
		fmt.Fprintf(w, "| %s | %.2f | %s |\n", it.name, it.dollars, it.detail)
	}
}

func readsPage(w *bytes.Buffer, b book, found map[string]units) {
	check := found["authorizer, no policy cached"]
	w.WriteString("\n## A million authorised reads\n\n*Cached* is with API Gateway's policy at hand, which it keeps 300 s for each secret: all but the first call of a\nclient that goes on calling. *Not cached* is a million calls of which each is a secret's first, or `-c edge=false` with several transports.\n\n" +
		"| read | units | cached | not cached | edge, cached | edge, not cached |\n|---|---|---:|---:|---:|---:|\n")
	for _, c := range []call{
		{"getMatch", found["getMatch"], "read_ms", "read_bytes"},
		{"getStandings", found["getStandings"], "read_ms", "page_bytes"},
		{"listMatches", found["listMatches"], "page_ms", "page_bytes"},
	} {
		fmt.Fprintf(w, "| %s | %g W + %g R | $%.2f | $%.2f | $%.2f | $%.2f |\n", c.name, c.units.write, c.units.read,
			total(b.reads(c, check, true, false)), total(b.reads(c, check, false, false)),
			total(b.reads(c, check, true, true)), total(b.reads(c, check, false, true)))
	}
	w.WriteString("\nOf a million `getMatch`, behind the edge and without a cached policy, which has every part:\n\n| part | $ | of each |\n|---|---:|---|\n")
	for _, it := range b.reads(call{"getMatch", found["getMatch"], "read_ms", "read_bytes"}, check, false, true) {
		fmt.Fprintf(w, "| %s | %.3f | %s |\n", it.name, it.dollars, it.detail)
	}
	fmt.Fprintf(w, "\nTimes are assumed, and matter little: ten milliseconds more are $%.2f a million.\n",
		b.dollars("lambda_gb_second", million*10/1000*b.assume("memory_gb")))
}

func refusalsPage(w *bytes.Buffer, b book, found map[string]units) {
	w.WriteString("\n## A key that gets nothing and goes on calling\n\n| answer | $ a million | $ a day at 10 a second | at 1,000 a second | why |\n|---|---:|---:|---:|---|\n")
	for _, it := range b.refusals(found["authorizer, no policy cached"]) {
		day := it.dollars / million * 86400
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %.2f | %s |\n", it.name, it.dollars, day*10, day*1000, it.detail)
	}
	fmt.Fprintf(w, `
The edge adds $%.2f a million to those that reach the API. A key that is out of quota costs what API Gateway charges for any request:
`+"`-c throttle=`"+` bounds how many that are a second, for the whole stage, and `+"`-c waf=true`"+` by address. Revoke a key that hammers, and its
calls end in the authorizer, which is a fraction; suspend its member, and they end at the gate, which is not.
`, b.edge())
}

func importPage(w *bytes.Buffer, b book, i imported) {
	each := b.dollars("write_unit", i.Write) / float64(i.Matches)
	fmt.Fprintf(w, `
## An import

The simulated league, %d matches with their teams, seasons and counters, takes at most %g write units, %.1f a match: a match lies in
its table and in seven indexes, two units in each where it is over 1 KB, and all of that is counted twice, as it is written in
transactions. This is DynamoDB Local's account of each write by itself, doubled (`+"`TestImportConsumesWhatThePageSays`"+`); of a
transaction with many writes it leaves out most.

| new matches | $ at most |
|---:|---:|
`, i.Matches, i.Write, i.Write/float64(i.Matches))
	for _, n := range []float64{1000, 100000, million} {
		fmt.Fprintf(w, "| %.0f | %.2f |\n", n, n*each)
	}
	w.WriteString("\nImporting the same again reads, and writes only what has changed.\n")
}

func pricesPage(w *bytes.Buffer, b book) {
	fmt.Fprintf(w, "\n## Prices and assumptions\n\n%s, %s.\n\n| $ | for | of | free a month | source |\n|---:|---:|---|---:|---|\n", b.Region, b.AsOf)
	for _, name := range slices.Sorted(maps.Keys(b.Prices)) {
		p := b.Prices[name]
		free := ""
		if p.Free > 0 {
			free = fmt.Sprintf("%.0f", p.Free)
		}
		fmt.Fprintf(w, "| %s | %.0f | %s | %s | <%s> |\n", short(p.USD), p.Per, p.Unit, free, p.Source)
	}
	w.WriteString("\n| assumed | value | why |\n|---|---:|---|\n")
	for _, name := range slices.Sorted(maps.Keys(b.Assumed)) {
		fmt.Fprintf(w, "| %s | %g | %s |\n", name, b.Assumed[name].Value, b.Assumed[name].Why)
	}
}

// short writes a price with as many digits as it has, two at least.
func short(usd float64) string {
	if usd < 0.001 {
		return fmt.Sprintf("%.10f", usd)
	}
	if text := fmt.Sprintf("%.3f", usd); text[len(text)-1] != '0' {
		return text
	}
	return fmt.Sprintf("%.2f", usd)
}
