package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/sealed"
	"statgate/shared/access/apikey"
)

// readsPerSecond is the rate at which live secrets are counted.
const readsPerSecond = 50

// options are the command line.
type options struct {
	operate.Target
	from                 string
	identity, passphrase string
	force                bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("import-peppers", flag.ContinueOnError)
	f.SetOutput(out)
	o.Flags(f)
	f.StringVar(&o.from, "from", "", "`FILE` that export-peppers wrote")
	f.StringVar(&o.identity, "identity", "", "`FILE` with a private key of age, or - for standard input")
	f.StringVar(&o.passphrase, "passphrase", "", "`FILE` with a passphrase in its first line, or - for standard input (default "+sealed.PassphraseVariable+")")
	f.BoolVar(&o.force, "force", false, "write the backup although secrets end by that")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.from == "":
		return o, errors.New("give -from FILE")
	case o.identity != "" && o.passphrase != "":
		return o, errors.New("give -identity or -passphrase")
	}
	return o, o.Check()
}

// keys are what opens the backup.
func (o options) keys(stdin io.Reader) ([]age.Identity, error) {
	if o.identity != "" {
		return sealed.Identities(o.identity, stdin)
	}
	passphrase, err := sealed.Passphrase(o.passphrase, stdin)
	if err != nil {
		return nil, err
	}
	i, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("making a key of the passphrase: %w", err)
	}
	return []age.Identity{i}, nil
}

// backup opens the file, which must hold peppers.
func (o options) backup(stdin io.Reader) ([]byte, *apikey.Peppers, error) {
	file, err := os.ReadFile(o.from)
	if err != nil {
		return nil, nil, fmt.Errorf("-from: %w", err)
	}
	keys, err := o.keys(stdin)
	if err != nil {
		return nil, nil, err
	}
	raw, err := sealed.Open(file, keys...)
	if err != nil {
		return nil, nil, fmt.Errorf("-from %s: %w", o.from, err)
	}
	p, err := apikey.ParsePeppers(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("-from %s: %w", o.from, err)
	}
	return raw, p, nil
}

func run(ctx context.Context, o options, stdin io.Reader, out io.Writer) error {
	raw, p, err := o.backup(stdin)
	if err != nil {
		return err
	}
	document, err := o.Document(ctx)
	if err != nil {
		return err
	}
	stands, _, err := document.Read(ctx)
	if err != nil {
		return err
	}
	becomes, ends := raw, ""
	if stands != nil {
		if becomes, ends, err = o.weigh(ctx, stands, raw, p); err != nil {
			return fmt.Errorf("%s: %w", document, err)
		}
	}
	if ends != "" {
		fmt.Fprintln(out, ends)
		if !o.force {
			return fmt.Errorf("%s was left as it is: -force replaces it; export-peppers keeps what stands there now", document)
		}
	}
	if err := document.Replace(ctx, stands, becomes); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: root %s, peppers %s, current %s. Functions notice within 60 s.\n",
		document, p.Fingerprint(), strings.Join(p.Versions(), " "), p.Current())
	return nil
}

// weigh returns what the document becomes, and what ends by that, "" for nothing.
func (o options) weigh(ctx context.Context, stands, raw []byte, p *apikey.Peppers) ([]byte, string, error) {
	before, err := apikey.ParsePeppers(stands)
	if err != nil {
		return raw, fmt.Sprintf("What stands there cannot be read as peppers (%v).", err), nil
	}
	becomes, loss, err := apikey.Restore(stands, raw)
	if err != nil || loss.None() {
		return becomes, "", err
	}
	if loss.Root {
		return becomes, fmt.Sprintf("The root that stands there is %s, the backup's is %s. Every secret made under the first ends (401): %s.",
			before.Fingerprint(), p.Fingerprint(), o.live(ctx, before.Versions())), nil
	}
	return becomes, fmt.Sprintf("The backup lacks pepper %s as it stands there. Secrets that have it are unavailable (503) or refused (401): %s.",
		strings.Join(loss.Versions, " "), o.live(ctx, loss.Versions)), nil
}

// live tells how many live secrets have one of the versions.
func (o options) live(ctx context.Context, versions []string) string {
	if !o.HasKeys() {
		return "not counted, as no keys table was named"
	}
	found, err := o.Census(ctx, time.Now(), operate.Pace(readsPerSecond, operate.Sleep))
	if err != nil {
		return fmt.Sprintf("not counted (%v)", err)
	}
	n := 0
	for _, v := range versions {
		n += len(found[v])
	}
	return fmt.Sprintf("%d live now", n)
}
