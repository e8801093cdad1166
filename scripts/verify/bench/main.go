// Command bench measures what Statgate promises and prints it as one table: what
// the authorizer and the gate add to the store calls that they make, read and
// write units of every operation, requests a second, import, pages of small and
// large tables, deliveries of webhooks, cold starts. With -write it rewrites the
// table in docs/performance.md, with the machine and the day.
//
// Nothing in it is a test: no figure fails a run. What must hold exactly, units
// and the order of store calls, is held by the tests beside it, from the same
// observations.
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

// sizes bound what is measured, so that a test can run all of it in little.
type sizes struct {
	repetitions  int           // of each benchmark, interleaved
	benchTime    time.Duration // of one repetition
	load         time.Duration // of one load
	small, large int           // matches of the two tables that are paged
	largeDynamo  int           // the larger of them on DynamoDB Local
	pages        int           // of each kind and size
	starts       int           // cold starts of each function
	hooks        int           // webhooks of the larger fan-out
	rounds       int           // of each fan-out
}

var full = sizes{repetitions: 15, benchTime: 60 * time.Millisecond, load: 3 * time.Second,
	small: 1_000, large: 200_000, largeDynamo: 20_000, pages: 200, starts: 15, hooks: 100, rounds: 5}

// document is where the figures are kept, in the root of the tree.
const document = "docs/performance.md"

func parse(args []string) (options, error) {
	o := options{sizes: full}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.write, "write", false, "rewrite the table in the document")
	f.StringVar(&o.doc, "doc", document, "`FILE` that -write rewrites")
	f.StringVar(&o.only, "only", "", "measure only the `PARTS`, separated by commas: "+strings.Join(partNames(), ", "))
	f.IntVar(&o.sizes.largeDynamo, "dynamodb-matches", full.largeDynamo, "matches of the larger table on DynamoDB Local")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.write && o.only != "" {
		return o, fmt.Errorf("-write keeps the whole table: leave -only out")
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
		{"overhead", "Authorizer and gate, a call", overhead},
		{"units", "Units of each operation, policy cached (DynamoDB Local)", unitsOfOperations},
		{"load", "Requests through the gateway, policy cached, over HTTP on loopback", load},
		{"import", "Import", imports},
		{"pages", "A page of 50 matches", pages},
		{"webhooks", "Webhooks: putting down and attempting deliveries", deliveries},
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
	r := report{machine: describe(), day: time.Now(), load: [2]string{busy()}}
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
	r.load[1] = busy()
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	if o.write {
		return r.rewrite(o.doc)
	}
	return nil
}
