// Package operatorkey is "statgate bootstrap". It creates the operator's organisation and
// the first operator key of a deployment.
package operatorkey

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/api"
)

// options are the values of the command line.
type options struct {
	operate.Target
	org, email string
	recover    bool
}

// Command returns the command "bootstrap".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "bootstrap {--org NAME --email ADDRESS | --recover}",
		Short: "Create the first organisation and the operator key, or another operator key",
		Long: `Create the first organisation of an empty deployment, which is the operator's, with its
owner and an operator key. This works once per deployment.

With --recover the command creates another operator key. It is for operators who lost the
first key and have the store's credentials. The audit trail records it (key.recover).

Standard output has the key and nothing else. The key cannot be shown again. The command
makes the data directory, the file with the peppers, and the tables at a DynamoDB
endpoint where they are missing.`,
		Example: `  statgate bootstrap --stack Statgate --org "Example Ltd" --email root@example.com
  statgate bootstrap --stack Statgate --recover`,
		Args: usage.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return run(c)
		},
	}
	f := c.Flags()
	o.AddFlags(f, operate.KeyOptions...)
	f.StringVar(&o.org, "org", "", "`NAME` of the operator's organisation")
	f.StringVar(&o.email, "email", "", "email `ADDRESS` of the organisation's owner")
	f.BoolVar(&o.recover, "recover", false, "create another operator key; the audit trail records it")
	return c
}

func (o *options) check() error {
	if err := o.CheckWhole(); err != nil {
		return err
	}
	switch {
	case o.recover && (o.org != "" || o.email != ""):
		return usage.Errorf("--recover: uses the existing organisation; omit --org and --email")
	case !o.recover && (o.org == "" || o.email == ""):
		return usage.Errorf("give --org NAME and --email ADDRESS, or --recover")
	}
	return nil
}

// run creates the key. It writes the key to out, and everything else to notes.
func run(ctx context.Context, o options, out, notes io.Writer) error {
	c, environment, err := o.LoadContract(ctx)
	if err != nil {
		return err
	}
	if err := o.Create(ctx); err != nil {
		return err
	}
	keysTable, done, err := o.Keys(ctx)
	if err != nil {
		return err
	}
	defer done()
	now := operate.SystemClock().Now
	source, err := o.FittingPeppers(ctx, keysTable, now)
	if err != nil {
		return err
	}
	store := keys.New(keys.Options{Table: keysTable, Gates: gate.New(keysTable, now), Peppers: source, Contract: c,
		Environment: environment, Now: now, Rand: rand.Reader})
	minted, err := mint(ctx, store, o, notes)
	if err != nil {
		return advise(err)
	}
	fmt.Fprintf(notes, "operator key %s (%s); its secret is shown only once:\n", minted.ID, minted.Environment)
	fmt.Fprintln(out, minted.Secret)
	return nil
}

// mint creates the operator key, and its organisation unless --recover is given.
func mint(ctx context.Context, store *keys.Store, o options, notes io.Writer) (keys.Minted, error) {
	if o.recover {
		return store.Recover(ctx, operate.SystemClock().Now())
	}
	org, owner, minted, err := store.Bootstrap(ctx, operate.SystemClock().Now(), o.org, o.email)
	if err == nil {
		fmt.Fprintf(notes, "organisation %s (%s), owner %s (%s)\n", org.ID, org.Name, owner.User, owner.Email)
	}
	return minted, err
}

// advise returns an error in one line that says what to do.
func advise(err error) error {
	var e *api.Error
	switch {
	case errors.Is(err, keys.ErrBootstrapped):
		return errors.New("this deployment has its operator already: use --recover to create another operator key")
	case errors.Is(err, keys.ErrNotBootstrapped):
		return errors.New("this deployment has no operator yet: give --org and --email instead of --recover")
	case errors.As(err, &e) && e.Cause == nil:
		for field, problems := range e.Fields {
			return usage.Errorf("%s: %s", map[string]string{"name": "--org", "owner": "--email"}[field], problems[0])
		}
	}
	return err
}
