// Package restore is "statgate peppers import". It restores a backup of a deployment's
// peppers.
package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/sealed"
	"statgate/shared/access/apikey"
	"statgate/shared/access/peppers"
)

// readsPerSecond is the rate at which live secrets are counted.
const readsPerSecond = 50

// options are the values of the command line.
type options struct {
	operate.Target
	from                 string
	identity, passphrase string
	force                bool
}

// Command returns the command "import".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, c.InOrStdin(), c.OutOrStdout())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "import --from FILE",
		Short: "Restore a backup of the peppers",
		Long: `Restore a backup that "statgate peppers export" wrote.

The command prints which secrets would stop working and counts them. If there are any,
it changes nothing unless --force is given. A backup with another root ends every
secret that was made under the current root. The command never prints a pepper.`,
		Example: `  statgate peppers import --stack Statgate --identity key.txt --from peppers.age
  statgate peppers import --data .dev --passphrase - --from peppers.age`,
		Args: usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return run(c)
		},
	}
	f := c.Flags()
	o.AddFlags(f, operate.PepperOptions...)
	f.StringVar(&o.from, "from", "", "`FILE` that \"statgate peppers export\" wrote")
	f.StringVar(&o.identity, "identity", "", "`FILE` with private keys of age, or - for standard input")
	sealed.PassphraseFlag(f, &o.passphrase)
	f.BoolVar(&o.force, "force", false, "restore the backup even if secrets stop working")
	return c
}

func (o *options) check() error {
	switch {
	case o.from == "":
		return usage.Errorf("give --from FILE")
	case o.identity != "" && o.passphrase != "":
		return usage.Errorf("give --identity or --passphrase, not both")
	}
	return o.CheckPeppers()
}

// decryptBy returns the identities that decrypt the backup.
func (o *options) decryptBy(stdin io.Reader) ([]age.Identity, error) {
	if o.identity != "" {
		return sealed.Identities(o.identity, stdin)
	}
	passphrase, err := sealed.Passphrase(o.passphrase, stdin)
	if err != nil {
		return nil, err
	}
	i, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("deriving a key from the passphrase: %w", err)
	}
	return []age.Identity{i}, nil
}

// backup decrypts the file, which must hold peppers.
func (o *options) backup(stdin io.Reader) ([]byte, *apikey.Peppers, error) {
	file, err := os.ReadFile(o.from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage.Errorf("--from: %w", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--from: %w", err)
	}
	identities, err := o.decryptBy(stdin)
	if err != nil {
		return nil, nil, err
	}
	raw, err := sealed.Open(file, identities...)
	if err != nil {
		return nil, nil, fmt.Errorf("--from %s: %w", o.from, err)
	}
	p, err := apikey.ParsePeppers(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("--from %s: %w", o.from, err)
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
	current, _, err := document.Read(ctx)
	if err != nil {
		return err
	}
	next, loss := raw, ""
	if current == nil {
		loss = o.compareWithTable(ctx, p)
	} else if next, loss, err = o.compare(ctx, current, raw, p); err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	if loss != "" {
		fmt.Fprintln(out, loss)
		if !o.force {
			return fmt.Errorf("%s was not changed: --force replaces it; \"statgate peppers export\" backs up the current peppers first", document)
		}
		if err := o.forget(ctx); err != nil {
			return fmt.Errorf("%s was not changed: %w", document, err)
		}
	}
	if err := document.Replace(ctx, current, next); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s. Functions read them within 60 s.\n", document, operate.DescribePeppers(p))
	return nil
}

// compare returns the document after the restore, and a sentence about the secrets that
// stop working, "" for none.
func (o *options) compare(ctx context.Context, current, raw []byte, p *apikey.Peppers) (next []byte, lost string, err error) {
	before, err := apikey.ParsePeppers(current)
	if err != nil {
		return raw, fmt.Sprintf("The current document cannot be read as peppers (%v).", err), nil
	}
	next, loss, err := apikey.Restore(current, raw)
	if err != nil || loss.None() {
		return next, "", err
	}
	if loss.Root {
		return next, fmt.Sprintf("The current root is %s, the backup's is %s. Every secret made under the current root ends (401): %s.",
			before.Fingerprint(), p.Fingerprint(), o.live(ctx, before.Versions())), nil
	}
	return next, fmt.Sprintf("The backup lacks the current value of pepper %s. Its secrets are unavailable (503) or refused (401): %s.",
		strings.Join(loss.Versions, " "), o.live(ctx, loss.Versions)), nil
}

// compareWithTable returns a sentence about the secrets that the peppers cannot prove, ""
// for none, by the record in the keys table. It is for lost peppers, which cannot be
// compared themselves. A table that cannot be read says nothing.
func (o *options) compareWithTable(ctx context.Context, p *apikey.Peppers) (lost string) {
	if !o.HasKeys() || !o.HasData() {
		return ""
	}
	at, done, err := o.Keys(ctx)
	if err != nil {
		return ""
	}
	defer done()
	var misfit *peppers.Misfit
	if errors.As(peppers.CheckFit(ctx, at, p), &misfit) {
		return fmt.Sprintf("The backup does not fit the data: %s.", misfit.Problem())
	}
	return ""
}

// forget makes the keys table accept other peppers, if the options name it.
func (o *options) forget(ctx context.Context) error {
	if !o.HasKeys() {
		return nil
	}
	at, done, err := o.Keys(ctx)
	if err != nil {
		return err
	}
	defer done()
	return peppers.Forget(ctx, at)
}

// live counts the live secrets that have one of the versions, in words.
func (o *options) live(ctx context.Context, versions []string) string {
	if !o.HasKeys() {
		return "not counted, as no keys table is named"
	}
	found, err := o.Census(ctx, operate.SystemClock().Now(), operate.Pace(readsPerSecond, operate.Sleep))
	if err != nil {
		return fmt.Sprintf("not counted (%v)", err)
	}
	n := 0
	for _, v := range versions {
		n += len(found[v])
	}
	return fmt.Sprintf("%d live now", n)
}
