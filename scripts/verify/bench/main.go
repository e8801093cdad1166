// Command bench measures Statgate's performance and prints one table. It measures what
// the authorizer and the gate add to their store calls, the read and write units of
// every operation, and requests a second. It also measures imports, pages of small and
// large tables, deliveries of webhooks, the change feed, and cold starts. With --write it rewrites the
// table in docs/performance.md, with the machine and the day.
//
// No figure fails a run. The tests of this package check what must hold exactly, the
// units and the order of store calls, with the same instruments.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"statgate/scripts/verify/internal/rig"
)

func main() {
	rig.Main("bench", run)
}

// options are the command's flags.
type options struct {
	write bool
	only  string
	doc   string
	sizes sizes
}

// sizes are the amounts of work. Tests use smaller ones than [full].
type sizes struct {
	repetitions  int           // of each benchmark, interleaved
	benchTime    time.Duration // of one repetition
	load         time.Duration // duration of one load
	small, large int           // matches in the two tables that are paged
	largeDynamo  int           // matches in the larger table on DynamoDB Local
	pages        int           // of each kind and size
	starts       int           // cold starts of each function
	hooks        int           // webhooks in the larger fan-out
	rounds       int           // of each fan-out
}

var full = sizes{repetitions: 15, benchTime: 60 * time.Millisecond, load: 3 * time.Second,
	small: 1_000, large: 200_000, largeDynamo: 20_000, pages: 200, starts: 15, hooks: 100, rounds: 5}

// document is the file with the table, relative to the module's root.
const document = "docs/performance.md"

func parse(args []string) (options, error) {
	o := options{sizes: full}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.write, "write", false, "rewrite the table in the document")
	f.StringVar(&o.doc, "doc", document, "`FILE` that --write rewrites")
	f.StringVar(&o.only, "only", "", "measure only the `PARTS`, separated by commas: "+strings.Join(partNames(), ", "))
	f.IntVar(&o.sizes.largeDynamo, "dynamodb-matches", full.largeDynamo, "matches of the larger table on DynamoDB Local")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.write && o.only != "" {
		return o, fmt.Errorf("--write rewrites the whole table: leave --only out")
	}
	return o, nil
}

// part is one group of figures.
type part struct {
	name    string
	title   string
	measure func(ctx context.Context, s sizes) ([]figure, error)
}

func parts() []part {
	return []part{
		{"overhead", "Authorizer and gate, per call", overhead},
		{"units", "Units of each operation, policy cached (DynamoDB Local)", unitsOfOperations},
		{"load", "Requests through the gateway, policy cached, over HTTP on loopback", load},
		{"import", "Import", imports},
		{"pages", "A page of 50 matches", pages},
		{"webhooks", "Webhooks: storing and attempting deliveries", deliveries},
		{"feed", "Change feed: appending, DynamoDB Local does one write at a time", changeFeed},
		{"mcp", "MCP server, warm", mcpServer},
		{"cold", "Cold start, to the first poll of the runtime API", coldStarts},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	r := report{machine: describeMachine(), day: time.Now(), load: [2]string{loadAverage()}}
	for _, p := range parts() {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+p.name+",") {
			continue
		}
		start := time.Now()
		fmt.Fprintf(os.Stderr, "%s … ", p.title)
		figures, err := p.measure(ctx, o.sizes)
		if err != nil {
			fmt.Fprintln(os.Stderr)
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(os.Stderr, "%.0f s\n", time.Since(start).Seconds())
		r.sections = append(r.sections, section{p.title, figures})
	}
	r.load[1] = loadAverage()
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	if o.write {
		return r.rewrite(o.doc)
	}
	return nil
}
