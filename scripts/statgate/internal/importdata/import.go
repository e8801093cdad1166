// Package importdata is "statgate import". It imports leagues, teams, matches and reports
// from files into the stats table of a deployment.
package importdata

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/progress"
	"statgate/shared/sources/importer"
)

// options are the values of the command line.
type options struct {
	operate.Target
	aws     bool
	rate    int // table writes per second, 0 for no limit
	bar     bool
	imports importer.Options
}

// Command returns the command "import".
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "import",
		Short: "Import leagues, teams, matches and reports from open data files",
		Long: `Import leagues, teams, matches and reports from open data files into a stats table.

The command prints rows that it cannot read, imports the others, and then exits with 1.
An import that was interrupted can be run again: rows that are stored are not written
twice. The command makes the data directory, and the tables at a DynamoDB endpoint, where
they are missing. It makes at most --rate table writes per second; 0 sets no limit.`,
		Example: `  statgate import --data .dev --clubs clubs --openfootball football.json
  statgate import --stack Statgate --rate 200 --openfootball worldcup.json --wyscout wyscout`,
		Args: usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("progress") {
				o.bar = progress.IsTerminal(c.ErrOrStderr())
			}
			if err := o.check(); err != nil {
				return err
			}
			return run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	o.AddFlags(f, "stack", "data", "dynamodb", "prefix")
	operate.Rate(f, &o.rate, 0)
	f.BoolVar(&o.aws, "aws", false, "the same as --dynamodb aws")
	f.BoolVar(&o.bar, "progress", false, "show a progress bar; default on a terminal")
	f.StringArrayVar(&o.imports.Clubs, "clubs", nil, "`PATH` of openfootball's clubs files; repeatable")
	f.StringArrayVar(&o.imports.Openfootball, "openfootball", nil, "`PATH` of a tree of football.json files; repeatable")
	f.StringArrayVar(&o.imports.Wyscout, "wyscout", nil, "`DIR` of Wyscout's open data (matches/*.json, players.json, teams.json, events/*.json): players with their seasons, and lineups, cards, substitutions and statistics of matches that are stored or imported in the same run; repeatable")
	f.StringArrayVar(&o.imports.Adjustments, "adjustments", nil, "CSV `FILE` of points adjustments (league,season,team,points,reason); repeatable")
	return c
}

func (o *options) check() error {
	if o.aws {
		if o.DynamoDB != "" {
			return usage.Errorf("give --aws or --dynamodb, not both")
		}
		o.DynamoDB = operate.AWS
	}
	switch {
	case o.rate < 0:
		return usage.Errorf("--rate: must not be negative, got %d", o.rate)
	case o.imports.Empty():
		return usage.Errorf("nothing to import: give --clubs, --openfootball, --adjustments or --wyscout")
	}
	if err := o.CheckTables(); err != nil {
		return err
	}
	return usage.Mark(importer.Check(o.imports))
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if err := o.Create(ctx); err != nil {
		return err
	}
	stats, done, err := o.Stats(ctx)
	if err != nil {
		return err
	}
	defer done()
	if o.rate > 0 {
		stats = &paced{Table: stats, pause: time.Second / time.Duration(o.rate)}
	}
	if o.bar {
		o.imports.Progress = progress.Bar(stderr, "matches")
	}
	report, err := importer.Run(ctx, stats, time.Now, o.imports)
	printReport(report, stdout, stderr)
	if err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	if n := len(report.Problems); n > 0 {
		return fmt.Errorf("%d problems: see the lines above; everything else is imported", n)
	}
	return nil
}

// printReport prints the counts on stdout, and problems, ambiguities and notes on stderr.
func printReport(r importer.Report, stdout, stderr io.Writer) {
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
	fmt.Fprintf(stdout, "reports:     %d read, %d changed\n", r.Reports.Total, r.Reports.Changed)
	p := r.Players
	fmt.Fprintf(stdout, "players:     %d read: %d new, %d changed; statistics of %d matches read, of %d changed\n", p.Total, p.New, p.Changed, p.Matches, p.Recorded)
	fmt.Fprintf(stdout, "adjustments: %d\nproblems:    %d\n", r.Adjustments, len(r.Problems))
}
