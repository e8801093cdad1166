package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/peppers"
)

const (
	// settle is how long after a rotation somebody may still MAC under the version
	// before: as long as peppers are good for that, and then the rest of a call.
	settle = apikey.MACFor + 30*time.Second
	// doubt is the age from which a rotation is long enough ago, whatever the two
	// clocks say: AWS refuses signatures that are five minutes off.
	doubt = settle + 2*5*time.Minute
)

// options are the command line.
type options struct {
	operate.Target
	retire string
	status bool
	rate   int
}

// world is what the command needs of the machine.
type world struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("rotate-pepper", flag.ContinueOnError)
	f.SetOutput(out)
	o.Flags(f)
	f.StringVar(&o.retire, "retire", "", "take version `N` out of use, unless a live secret has it")
	f.BoolVar(&o.status, "status", false, "count the live secrets of each version")
	f.IntVar(&o.rate, "rate", 50, "reads a second, at most, while counting")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.retire != "" && o.status:
		return o, errors.New("give -retire or -status")
	case o.rate < 1 || o.rate > 1000:
		return o, errors.New("-rate must be 1 to 1000")
	}
	if err := o.Check(); err != nil {
		return o, err
	}
	if (o.retire != "" || o.status) && !o.HasKeys() {
		return o, errors.New("counting secrets needs the keys table: give -dynamodb URL too")
	}
	return o, nil
}

func run(ctx context.Context, o options, w world, out io.Writer) error {
	document, err := o.Document(ctx)
	if err != nil {
		return err
	}
	switch {
	case o.status:
		return status(ctx, o, w, document, out)
	case o.retire != "":
		return retire(ctx, o, w, document, out)
	}
	return rotate(ctx, document, out)
}

// read returns the document, which must be there.
func read(ctx context.Context, document peppers.Document) ([]byte, *apikey.Peppers, time.Time, error) {
	raw, changed, err := document.Read(ctx)
	if err == nil && raw == nil {
		err = fmt.Errorf("%s: there are no peppers", document)
	}
	if err != nil {
		return nil, nil, changed, err
	}
	p, err := apikey.ParsePeppers(raw)
	if err != nil {
		return nil, nil, changed, fmt.Errorf("%s: %w", document, err)
	}
	return raw, p, changed, nil
}

func rotate(ctx context.Context, document peppers.Document, out io.Writer) error {
	raw, before, _, err := read(ctx, document)
	if err != nil {
		return err
	}
	next, err := apikey.AddVersion(raw, rand.Reader)
	if err != nil {
		return err
	}
	after, err := apikey.ParsePeppers(next)
	if err != nil {
		return err
	}
	if err := document.Replace(ctx, raw, next); err != nil {
		return err
	}
	fmt.Fprintf(out, "Pepper %s is the current one; before it was %s.\n", after.Current(), before.Current())
	fmt.Fprintln(out, "Functions notice within 60 s. Secrets keep working and move over when next used.")
	fmt.Fprintln(out, "Back the peppers up again: export-peppers.")
	return nil
}

func status(ctx context.Context, o options, w world, document peppers.Document, out io.Writer) error {
	_, p, _, err := read(ctx, document)
	if err != nil {
		return err
	}
	found, err := census(ctx, o, w)
	if err != nil {
		return err
	}
	for _, version := range p.Versions() {
		is := ""
		if version == p.Current() {
			is = ", the current one"
		}
		fmt.Fprintf(out, "pepper %s%s: %s\n", version, is, secrets(len(found[version])))
		delete(found, version)
	}
	for _, version := range p.Retired() {
		fmt.Fprintf(out, "pepper %s, retired: %s\n", version, secrets(len(found[version])))
		delete(found, version)
	}
	if unseen := len(found[keys.Unseen]); unseen > 0 {
		fmt.Fprintf(out, "no pepper yet, imported and not seen since: %s\n", secrets(unseen))
		delete(found, keys.Unseen)
	}
	for _, version := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(out, "pepper %s, which these peppers lack: %s, unavailable\n", version, secrets(len(found[version])))
	}
	return nil
}

func secrets(n int) string {
	if n == 1 {
		return "1 live secret"
	}
	return fmt.Sprintf("%d live secrets", n)
}

// retire takes a version out of use. What counts is counted once nobody can MAC
// under the version any more, so that it cannot grow; the count before is for
// those who would wait in vain.
func retire(ctx context.Context, o options, w world, document peppers.Document, out io.Writer) error {
	raw, _, changed, err := read(ctx, document)
	if err != nil {
		return err
	}
	next, err := apikey.RetireVersion(raw, o.retire)
	if err != nil {
		return err
	}
	if err := unused(ctx, o, w, raw, out); err != nil {
		return err
	}
	// An embedded deployment's table is open in one process, which is this one:
	// whoever starts later reads the peppers anew.
	if age := w.now().Sub(changed); !o.Alone() && age < doubt {
		fmt.Fprintf(out, "The peppers changed lately: waiting %v, until nobody goes by those before.\n", settle)
		if err := w.sleep(ctx, settle); err != nil {
			return fmt.Errorf("waiting: %w", err)
		}
		if err := unused(ctx, o, w, raw, out); err != nil {
			return err
		}
	}
	if err := document.Replace(ctx, raw, next); err != nil {
		return err
	}
	fmt.Fprintf(out, "Pepper %s is retired: no live secret had it.\n", o.retire)
	return nil
}

// unused refuses a version that live secrets still have, and names their keys. What
// signs for webhooks is moved, as it can be read.
func unused(ctx context.Context, o options, w world, document []byte, out io.Writer) error {
	moved, err := o.Reseal(ctx, document, w.now, operate.Pace(o.rate, w.sleep))
	if err != nil {
		return err
	}
	if moved > 0 {
		fmt.Fprintf(out, "The signing secrets of %d webhooks are under the current pepper now.\n", moved)
	}
	found, err := census(ctx, o, w)
	if err != nil {
		return err
	}
	still := found[o.retire]
	if len(still) == 0 {
		return nil
	}
	list(out, still)
	have := "still have"
	if len(still) == 1 {
		have = "still has"
	}
	return fmt.Errorf("%s %s pepper %s: use, rotate or revoke the keys above, or wait for the end of their tokens, then run this again", secrets(len(still)), have, o.retire)
}

// listed is how many keys a refusal names.
const listed = 50

func list(out io.Writer, still []keys.Holder) {
	for _, h := range still[:min(len(still), listed)] {
		if until := h.TokensUntil; !until.IsZero() {
			fmt.Fprintf(out, "%s of %s: tokens until %s\n", h.Key, h.Org, until.Format(time.RFC3339))
			continue
		}
		fmt.Fprintf(out, "%s of %s\n", h.Key, h.Org)
	}
	if more := len(still) - listed; more > 0 {
		fmt.Fprintf(out, "… and %d more\n", more)
	}
}

// census counts live secrets at the rate that was asked for.
func census(ctx context.Context, o options, w world) (keys.Census, error) {
	return o.Census(ctx, w.now(), operate.Pace(o.rate, w.sleep))
}
