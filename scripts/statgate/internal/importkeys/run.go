// Package importkeys is "statgate import-keys". It imports keys of another system by the
// SHA-256 of their secrets, and expires imported keys that are not used.
package importkeys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/api"
	"statgate/shared/table"
)

// options are the values of the command line.
type options struct {
	operate.Target
	file                        string
	createOrgs, overCap, dryRun bool
	expireUnseen                bool
	before                      time.Time
	rate                        int // rows or keys per second
}

// Command returns the command "import-keys".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, operate.SystemClock(), c.OutOrStdout())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "import-keys {FILE | --expire-unseen}",
		Short: "Import keys of another system by the SHA-256 of their secrets",
		Long: `Import keys of another system by the SHA-256 of their secrets, so that customers keep
the secrets that they have.

FILE is CSV with a header (.csv) or JSON lines (.jsonl, .ndjson); docs/operations.md
lists the fields. The command prints each refused row with its line and the reason, and
imports the others. Running it again with the same file changes nothing.

With --expire-unseen the command reads no file. It expires the keys that were imported
and not used since. The command handles --rate rows or keys per second.`,
		Example: `  statgate import-keys --stack Statgate --create-orgs --dry-run export.csv
  statgate import-keys --stack Statgate --create-orgs export.csv
  statgate import-keys --stack Statgate --expire-unseen --before 2027-01-31`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return run(c)
		},
	}
	f := c.Flags()
	o.AddFlags(f, operate.KeyOptions...)
	f.BoolVar(&o.createOrgs, "create-orgs", false, "create missing organisations and members")
	f.BoolVar(&o.overCap, "over-cap", false, "import keys beyond the maximum of the organisation's plan, and beyond that of management keys")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be done and refused, and change nothing")
	f.BoolVar(&o.expireUnseen, "expire-unseen", false, "expire the keys that were imported and not used since")
	f.Func("before", "with --expire-unseen: only keys that were imported before this `TIME`, a date (2027-01-31) or RFC 3339, UTC", o.setBefore)
	operate.Rate(f, &o.rate, 100)
	return c
}

func (o *options) setBefore(text string) (err error) {
	if o.before, err = time.Parse(time.DateOnly, text); err == nil {
		return nil
	}
	if o.before, err = api.ParseTime(text); err == nil {
		return nil
	}
	return errors.New("must be a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z")
}

func (o *options) check(args []string) error {
	switch {
	case o.expireUnseen && len(args) > 0:
		return usage.Errorf("--expire-unseen: reads no file, got %q", args[0])
	case o.expireUnseen && (o.createOrgs || o.overCap):
		return usage.Errorf("--expire-unseen: imports nothing; omit --create-orgs and --over-cap")
	case !o.expireUnseen && len(args) != 1:
		return usage.Errorf("give one FILE to import, or --expire-unseen")
	case !o.expireUnseen && !o.before.IsZero():
		return usage.Errorf("--before: use it with --expire-unseen only")
	}
	if len(args) == 1 {
		o.file = args[0]
	}
	if err := operate.CheckRate(o.rate, 1, 10000); err != nil {
		return err
	}
	if err := o.CheckTables(); err != nil || o.file == "" {
		return err
	}
	_, err := os.Stat(o.file)
	return usage.Mark(err)
}

func run(ctx context.Context, o options, clock operate.Clock, out io.Writer) error {
	c, environment, err := o.LoadContract(ctx)
	if err != nil {
		return err
	}
	var list rows
	if !o.expireUnseen {
		raw, err := os.ReadFile(o.file)
		if err != nil {
			return err
		}
		if list, err = read(o.file, raw); err != nil {
			return err
		}
	}
	keysTable, done, err := o.Keys(ctx)
	if err != nil {
		return err
	}
	defer done()
	store := keys.New(keys.Options{Table: keysTable, Gates: gate.New(keysTable, clock.Now), Contract: c, Environment: environment, Now: clock.Now, Rand: rand.Reader})
	if o.expireUnseen {
		return expire(ctx, o, clock, store, keysTable, out)
	}
	return importRows(ctx, o, clock, store, keysTable, list, out)
}

// importRows imports the rows in their order. It skips the rows that are refused.
func importRows(ctx context.Context, o options, clock operate.Clock, store *keys.Store, keysTable table.Table, list rows, out io.Writer) error {
	in, err := store.NewImport(ctx, keys.ImportOptions{Organisations: operate.Organisations(keysTable),
		CreateOrgs: o.createOrgs, OverCap: o.overCap, DryRun: o.dryRun, Now: clock.Now})
	if err != nil {
		return operate.Cause(err)
	}
	pace := operate.Pace(o.rate, clock.Sleep)
	counts, refused := map[string]int{}, 0
	for _, row := range list {
		outcome, err := "", error(row.refusal)
		if row.refusal == nil {
			for _, note := range row.key.Clean() {
				fmt.Fprintf(out, "line %d: note: %s\n", row.line, note)
			}
			outcome, err = in.Row(ctx, row.line, row.key)
		}
		var why keys.Refusal
		switch {
		case errors.As(err, &why):
			refused++
			fmt.Fprintf(out, "line %d: refused: %v\n", row.line, why)
		case err != nil:
			return fmt.Errorf("line %d: %w; run the command again to continue", row.line, operate.Cause(err))
		}
		counts[outcome]++
		if !o.dryRun {
			if err := pace(ctx); err != nil {
				return err
			}
		}
	}
	verb := "imported"
	if o.dryRun {
		verb = "would be imported"
	}
	fmt.Fprintf(out, "%d %s, %d already present, %d refused\n", counts[keys.Imported], verb, counts[keys.Present], refused)
	if refused > 0 {
		return fmt.Errorf("%d of %d rows were refused: correct them and run the command again", refused, len(list))
	}
	return nil
}

// expire expires the keys that were imported and not used since.
func expire(ctx context.Context, o options, clock operate.Clock, store *keys.Store, keysTable table.Table, out io.Writer) error {
	n := 0
	err := store.ExpireUnseen(ctx, keys.Expiry{Before: o.before, DryRun: o.dryRun, Now: clock.Now,
		Organisations: operate.IDs(operate.Organisations(keysTable)), Pace: operate.Pace(o.rate, clock.Sleep)},
		func(h keys.Holder) {
			n++
			fmt.Fprintf(out, "%s of %s\n", h.Key, h.Org)
		})
	if err != nil {
		return operate.Cause(err)
	}
	verb := "expired"
	if o.dryRun {
		verb = "would be expired"
	}
	fmt.Fprintf(out, "%d %s: imported and not used since\n", n, verb)
	return nil
}
