package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/scripts/internal/progress"
	"statgate/shared/platform/outputs"
	"statgate/shared/sources/importer"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/local"
)

// Exit codes.
const (
	exitClean  = 0
	exitFaulty = 1 // a row could not be read, or the store failed
	exitUsage  = 2
)

// options are the command's flags.
type options struct {
	data, dynamodb, prefix string
	stack                  string
	rate                   int // writes a second, 0 for as fast as it goes
	aws, bar               bool
	imports                importer.Options
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("import", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.data, "data", "", "data `DIR` of the local server, which must not be running")
	f.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB emulator; tables that are missing are made")
	f.BoolVar(&o.aws, "aws", false, "the tables of a deployment on AWS, with the credentials that the AWS CLI would take")
	f.StringVar(&o.stack, "stack", "", "`NAME` of a deployed stack, whose outputs name its table")
	f.IntVar(&o.rate, "rate", 0, "writes a second at most; 0 is as fast as it goes. An import that was broken off is begun again: what is stored is not written twice")
	f.StringVar(&o.prefix, "prefix", "statgate", "what the names of the tables begin with, as in `PREFIX`-stats")
	f.BoolVar(&o.bar, "progress", progress.IsTerminal(out), "show a progress bar")
	f.Func("clubs", "`PATH` of openfootball's clubs files; repeatable", into(&o.imports.Clubs))
	f.Func("openfootball", "`PATH` of a football.json tree; repeatable", into(&o.imports.Openfootball))
	f.Func("wyscout", "`DIR` of Wyscout's open data (matches/*.json, players.json, teams.json, events/*.json): lineups, cards, substitutions and statistics of matches that are stored or come in the same run; repeatable", into(&o.imports.Wyscout))
	f.Func("adjustments", "CSV `FILE` of points adjustments (league,season,team,points,reason); repeatable", into(&o.imports.Adjustments))
	if err := f.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(f.Args())
}

func into(list *[]string) func(string) error {
	return func(v string) error {
		*list = append(*list, v)
		return nil
	}
}

func (o *options) check(rest []string) error {
	stores := 0
	for _, named := range []bool{o.data != "", o.dynamodb != "", o.aws, o.stack != ""} {
		if named {
			stores++
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.rate < 0:
		return fmt.Errorf("-rate %d: writes a second, or 0", o.rate)
	case stores != 1:
		return errors.New("name one store: -data DIR, -dynamodb URL, -stack NAME or -aws")
	case o.imports.Empty():
		return errors.New("nothing to import: name -clubs, -openfootball, -adjustments or -wyscout")
	}
	return importer.Check(o.imports)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitClean
	}
	if err != nil {
		fmt.Fprintln(stderr, "import:", err)
		return exitUsage
	}
	stats, closeStore, err := open(ctx, o)
	if err != nil {
		fmt.Fprintln(stderr, "import:", err)
		return exitFaulty
	}
	defer closeStore()
	if o.rate > 0 {
		stats = &paced{Table: stats, pause: time.Second / time.Duration(o.rate)}
	}
	if o.bar {
		o.imports.Progress = progress.Bar(stderr, "matches")
	}
	report, err := importer.Run(ctx, stats, time.Now, o.imports)
	tell(report, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "import:", err)
	}
	if err != nil || len(report.Problems) > 0 {
		return exitFaulty
	}
	return exitClean
}

// open opens the stats table that the options name.
func open(ctx context.Context, o options) (table.Table, func(), error) {
	if o.data != "" {
		if err := os.MkdirAll(o.data, 0o700); err != nil {
			return nil, nil, fmt.Errorf("-data: %w", err)
		}
		db, err := local.Open(filepath.Join(o.data, "statgate.db"), table.Keys, table.Stats)
		if err != nil {
			return nil, nil, err
		}
		return db.Table(table.Stats.Name), func() { db.Close() }, nil
	}
	if o.stack != "" {
		found, cfg, err := outputs.Of(ctx, o.stack)
		if err != nil {
			return nil, nil, err
		}
		return dynamo.New(dynamodb.NewFromConfig(cfg), found.StatsTable, table.Stats), func() {}, nil
	}
	client, err := connect.Client(ctx, o.dynamodb)
	if err != nil {
		return nil, nil, err
	}
	if o.dynamodb != "" {
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := dynamo.CreateTables(within, client, o.prefix+"-", table.Keys, table.Stats); err != nil {
			return nil, nil, fmt.Errorf("-dynamodb %s: %w", o.dynamodb, err)
		}
	}
	return dynamo.New(client, o.prefix+"-"+table.Stats.Name, table.Stats), func() {}, nil
}

// tell prints what was done on stdout, and what to look at on stderr.
func tell(r importer.Report, stdout, stderr io.Writer) {
	for _, p := range r.Problems {
		fmt.Fprintln(stderr, p)
	}
	for _, a := range r.Ambiguous {
		fmt.Fprintln(stderr, "ambiguous:", a)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(stderr, "note:", n)
	}
	m := r.Matches
	fmt.Fprintf(stdout, "%d files in %s", r.Files, r.Elapsed.Round(time.Millisecond))
	if s := r.Elapsed.Seconds(); s > 0 && m.Rows > 0 {
		fmt.Fprintf(stdout, ", %.0f matches a second", float64(m.Rows)/s)
	}
	fmt.Fprintf(stdout, "\nclubs:       %d listed\nteams:       %d new, %d changed, %d merged\n", r.Clubs, r.Teams.New, r.Teams.Changed, r.Teams.Merged)
	fmt.Fprintf(stdout, "matches:     %d rows: %d new, %d changed, %d unchanged, %d repeated; %d moved to another team or name\n",
		m.Rows, m.New, m.Changed, m.Unchanged, len(r.Duplicates), m.Moved)
	fmt.Fprintf(stdout, "reports:     %d told, %d changed\n", r.Reports.Told, r.Reports.Changed)
	fmt.Fprintf(stdout, "adjustments: %d\nproblems:    %d\n", r.Adjustments, len(r.Problems))
}
