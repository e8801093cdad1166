package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/sealed"
	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
)

// options are the command line.
type options struct {
	operate.Target
	to                string
	recipients, lists []string
	passphrase        string
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("export-peppers", flag.ContinueOnError)
	f.SetOutput(out)
	o.Flags(f)
	f.StringVar(&o.to, "to", "", "`FILE` to write; it must not be there yet")
	f.Func("recipient", "public `KEY` of age (age1…) to encrypt to; repeatable", func(v string) error {
		o.recipients = append(o.recipients, v)
		return nil
	})
	f.Func("recipients", "`FILE` with public keys of age, one a line; repeatable", func(v string) error {
		o.lists = append(o.lists, v)
		return nil
	})
	f.StringVar(&o.passphrase, "passphrase", "", "`FILE` with a passphrase in its first line, or - for standard input (default "+sealed.PassphraseVariable+")")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.to == "":
		return o, errors.New("give -to FILE")
	case o.passphrase != "" && len(o.recipients)+len(o.lists) > 0:
		return o, errors.New("give recipients or a passphrase")
	}
	return o, o.Check()
}

// locks are what the backup is encrypted to.
func (o options) locks(stdin io.Reader) ([]age.Recipient, error) {
	if len(o.recipients)+len(o.lists) > 0 {
		return sealed.Recipients(o.recipients, o.lists)
	}
	passphrase, err := sealed.Passphrase(o.passphrase, stdin)
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("making a key of the passphrase: %w", err)
	}
	return []age.Recipient{r}, nil
}

func run(ctx context.Context, o options, stdin io.Reader, out io.Writer) error {
	if _, err := os.Lstat(o.to); err == nil {
		return fmt.Errorf("-to: %s is there already: a backup is not written over another", o.to)
	}
	locks, err := o.locks(stdin)
	if err != nil {
		return err
	}
	document, err := o.Document(ctx)
	if err != nil {
		return err
	}
	raw, _, err := document.Read(ctx)
	if err == nil && raw == nil {
		err = fmt.Errorf("%s: there are no peppers", document)
	}
	if err != nil {
		return err
	}
	p, err := apikey.ParsePeppers(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	file, err := sealed.Seal(raw, locks...)
	if err != nil {
		return err
	}
	if err := peppers.WritePrivate(o.to, file); err != nil {
		return fmt.Errorf("-to: %w", err)
	}
	fmt.Fprintf(out, "%s: root %s, peppers %s, current %s\n", o.to, p.Fingerprint(), strings.Join(p.Versions(), " "), p.Current())
	return nil
}
