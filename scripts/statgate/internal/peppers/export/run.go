// Package export is "statgate peppers export". It writes an encrypted backup of a
// deployment's peppers.
package export

import (
	"context"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/sealed"
	"statgate/shared/access/peppers"
)

// options are the values of the command line.
type options struct {
	operate.Target
	to                         string
	recipients, recipientFiles []string
	passphrase                 string
}

// Command returns the command "export".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, c.InOrStdin(), c.OutOrStdout())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "export --to FILE {--recipient KEY | --passphrase FILE}",
		Short: "Write an encrypted backup of the peppers",
		Long: `Write an encrypted backup of a deployment's peppers to a new file of mode 0600.

Without the peppers no key can be verified. Keep the backup with the backups of the
tables, but protect the two in different ways. The file is encrypted by age, to
recipients or with a passphrase. "statgate peppers import" restores it.`,
		Example: `  statgate peppers export --stack Statgate --recipient age1… --to peppers.age
  statgate peppers export --data .dev --passphrase - --to peppers.age`,
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
	f.StringVar(&o.to, "to", "", "`FILE` to write, which must not exist")
	f.StringArrayVar(&o.recipients, "recipient", nil, "public `KEY` of age (age1…) to encrypt to; repeatable")
	f.StringArrayVar(&o.recipientFiles, "recipients", nil, "`FILE` with public keys of age, one per line; repeatable")
	sealed.PassphraseFlag(f, &o.passphrase)
	return c
}

func (o *options) check() error {
	switch {
	case o.to == "":
		return usage.Errorf("give --to FILE, and --recipient KEY, --recipients FILE or --passphrase FILE")
	case o.passphrase != "" && len(o.recipients)+len(o.recipientFiles) > 0:
		return usage.Errorf("give --recipient and --recipients, or --passphrase, not both")
	}
	if err := o.CheckPeppers(); err != nil {
		return err
	}
	if o.passphrase == "" && len(o.recipients)+len(o.recipientFiles) == 0 && os.Getenv(sealed.PassphraseVariable) == "" {
		return usage.Errorf("give --recipient KEY, --recipients FILE or --passphrase FILE, or set %s", sealed.PassphraseVariable)
	}
	return nil
}

// encryptTo returns the recipients of the backup.
func (o *options) encryptTo(stdin io.Reader) ([]age.Recipient, error) {
	if len(o.recipients)+len(o.recipientFiles) > 0 {
		return sealed.Recipients(o.recipients, o.recipientFiles)
	}
	passphrase, err := sealed.Passphrase(o.passphrase, stdin)
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("deriving a key from the passphrase: %w", err)
	}
	return []age.Recipient{r}, nil
}

func run(ctx context.Context, o options, stdin io.Reader, out io.Writer) error {
	if _, err := os.Lstat(o.to); err == nil {
		return fmt.Errorf("--to: %s exists: name a new file, as backups are never overwritten", o.to)
	}
	recipients, err := o.encryptTo(stdin)
	if err != nil {
		return err
	}
	document, err := o.Document(ctx)
	if err != nil {
		return err
	}
	raw, p, _, err := operate.ReadPeppers(ctx, document)
	if err != nil {
		return err
	}
	file, err := sealed.Seal(raw, recipients...)
	if err != nil {
		return err
	}
	if err := peppers.WritePrivate(o.to, file); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	fmt.Fprintf(out, "%s: %s\n", o.to, operate.DescribePeppers(p))
	return nil
}
