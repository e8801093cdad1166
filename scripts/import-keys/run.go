package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/table"
)

// options are the command line.
type options struct {
	operate.Target
	file, contract, environment string
	createOrgs, overCap, dryRun bool
	expireUnseen                bool
	before                      time.Time
	rate                        int
}

// world is what the command needs of the machine.
type world struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("import-keys", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		fmt.Fprintln(out, "usage: import-keys -data DIR|-stack NAME|-dynamodb URL [flags] FILE.csv|FILE.jsonl")
		f.PrintDefaults()
	}
	o.Flags(f)
	f.StringVar(&o.contract, "contract", "", "contract: a preset's `NAME` or a file (default the stack's, else statgate)")
	f.StringVar(&o.environment, "environment", "", "environment of the deployment (default the stack's, else the contract's first)")
	f.BoolVar(&o.createOrgs, "create-orgs", false, "make the organisations and members that are missing")
	f.BoolVar(&o.overCap, "over-cap", false, "import keys beyond what the organisation's plan allows, and beyond the cap of management keys")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done and refused, and change nothing")
	f.BoolVar(&o.expireUnseen, "expire-unseen", false, "end the keys that were imported and not used since")
	f.Func("before", "with -expire-unseen: only those imported before this `DATE` (2027-01-31) or moment, UTC", o.setBefore)
	f.IntVar(&o.rate, "rate", 100, "rows, or keys, a second at most")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(f.Args())
}

func (o *options) setBefore(text string) (err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if o.before, err = time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return errors.New("give a date such as 2027-01-31 or a moment such as 2027-01-31T12:00:00Z")
}

func (o *options) check(rest []string) error {
	switch {
	case o.expireUnseen && (len(rest) > 0 || o.createOrgs || o.overCap):
		return errors.New("-expire-unseen reads no file and makes nothing")
	case !o.expireUnseen && len(rest) != 1:
		return errors.New("give one file to import")
	case !o.expireUnseen && !o.before.IsZero():
		return errors.New("-before goes with -expire-unseen")
	case o.rate < 1 || o.rate > 10000:
		return errors.New("-rate must be 1 to 10000")
	}
	if len(rest) == 1 {
		o.file = rest[0]
	}
	return o.CheckKeys()
}

func run(ctx context.Context, o options, w world, out io.Writer) error {
	c, environment, err := o.Speaks(ctx, o.contract, o.environment)
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
	at, done, err := o.Keys(ctx)
	if err != nil {
		return err
	}
	defer done()
	store := keys.New(keys.Options{Table: at, Gates: gate.New(at, w.now), Contract: c, Environment: environment, Now: w.now, Rand: rand.Reader})
	if o.expireUnseen {
		return expire(ctx, o, w, store, at, out)
	}
	return bring(ctx, o, w, store, at, list, out)
}

// bring imports the rows in their order. Refused ones do not keep the others out.
func bring(ctx context.Context, o options, w world, store *keys.Store, at table.Table, list rows, out io.Writer) error {
	in, err := store.NewImport(ctx, keys.ImportOptions{Organisations: operate.Organisations(at),
		CreateOrgs: o.createOrgs, OverCap: o.overCap, DryRun: o.dryRun, Now: w.now})
	if err != nil {
		return operate.Plain(err)
	}
	pace := operate.Pace(o.rate, w.sleep)
	counts, refused := map[string]int{}, 0
	for _, row := range list {
		outcome, err := "", error(row.wrong)
		if row.wrong == nil {
			outcome, err = in.Row(ctx, row.line, row.key)
		}
		var why keys.Refusal
		switch {
		case errors.As(err, &why):
			refused++
			fmt.Fprintf(out, "line %d: refused: %v\n", row.line, why)
		case err != nil:
			return fmt.Errorf("line %d: %w; run the command again to go on", row.line, operate.Plain(err))
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
	fmt.Fprintf(out, "%d %s, %d here already, %d refused\n", counts[keys.Imported], verb, counts[keys.Present], refused)
	if refused > 0 {
		return fmt.Errorf("%d of %d rows were refused", refused, len(list))
	}
	return nil
}

// expire ends the keys that nobody has used since they came in.
func expire(ctx context.Context, o options, w world, store *keys.Store, at table.Table, out io.Writer) error {
	n := 0
	err := store.ExpireUnseen(ctx, keys.Expiry{Before: o.before, DryRun: o.dryRun, Now: w.now,
		Organisations: operate.IDs(operate.Organisations(at)), Pace: operate.Pace(o.rate, w.sleep)},
		func(h keys.Holder) {
			n++
			fmt.Fprintf(out, "%s of %s\n", h.Key, h.Org)
		})
	if err != nil {
		return operate.Plain(err)
	}
	verb := "expired"
	if o.dryRun {
		verb = "would be expired"
	}
	fmt.Fprintf(out, "%d %s: imported and not used since\n", n, verb)
	return nil
}
