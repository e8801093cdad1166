// Package rotate is "statgate peppers rotate". It adds a pepper, counts the secrets of
// each pepper, and retires a pepper.
package rotate

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/peppers"
)

const (
	// settle is how long after a rotation a function may still MAC under the previous
	// version: as long as peppers that were read may be used for that, and then the
	// rest of a request.
	settle = apikey.MACFor + 30*time.Second
	// surelySettled is the age from which settle is over even if the clocks differ. AWS refuses
	// signatures whose clock is more than five minutes off, so two clocks differ by at
	// most twice that.
	surelySettled = settle + 2*5*time.Minute
)

// options are the values of the command line.
type options struct {
	operate.Target
	retire string
	status bool
	rate   int // reads per second
}

// Command returns the command "rotate".
func Command() *cobra.Command {
	var o options
	return command(&o, func(c *cobra.Command) error {
		return run(c.Context(), o, operate.SystemClock(), c.OutOrStdout())
	})
}

// command returns a command that fills in and checks o, and then calls run.
func command(o *options, run func(*cobra.Command) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Add a pepper, count secrets per pepper, or retire a pepper",
		Long: `Add a pepper version, which becomes the current one. The command never prints a pepper.

No key changes. Functions read the new version within a minute, or immediately when they
meet a secret that has it. A secret moves to the current version when it is next used.

With --status the command counts the live secrets of each version. With --retire it takes
a version out of use, unless a live secret has it. Webhooks' signing secrets are moved to
the current version first. Counting makes --rate reads per second.`,
		Example: `  statgate peppers rotate --stack Statgate
  statgate peppers rotate --stack Statgate --status
  statgate peppers rotate --stack Statgate --retire 1`,
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
	f.StringVar(&o.retire, "retire", "", "take version `N` out of use, unless a live secret has it")
	f.BoolVar(&o.status, "status", false, "count the live secrets of each version")
	operate.Rate(f, &o.rate, 50)
	return c
}

func (o *options) check() error {
	if o.retire != "" && o.status {
		return usage.Errorf("give --retire or --status, not both")
	}
	if err := operate.CheckRate(o.rate, 1, 1000); err != nil {
		return err
	}
	if err := o.CheckPeppers(); err != nil {
		return err
	}
	if (o.retire != "" || o.status) && !o.HasKeys() {
		return usage.Errorf("--retire and --status count secrets in the keys table: give --dynamodb URL, too")
	}
	return nil
}

func run(ctx context.Context, o options, clock operate.Clock, out io.Writer) error {
	document, err := o.Document(ctx)
	if err != nil {
		return err
	}
	switch {
	case o.status:
		return status(ctx, o, clock, document, out)
	case o.retire != "":
		return retire(ctx, o, clock, document, out)
	}
	return rotate(ctx, document, out)
}

func rotate(ctx context.Context, document peppers.Document, out io.Writer) error {
	raw, before, _, err := operate.ReadPeppers(ctx, document)
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
	fmt.Fprintln(out, "Functions read it within 60 s. Secrets keep working and move to it when they are next used.")
	fmt.Fprintln(out, "Back up the peppers again: statgate peppers export.")
	return nil
}

func status(ctx context.Context, o options, clock operate.Clock, document peppers.Document, out io.Writer) error {
	_, p, _, err := operate.ReadPeppers(ctx, document)
	if err != nil {
		return err
	}
	found, err := census(ctx, o, clock)
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
		fmt.Fprintf(out, "no pepper yet, imported and not used since: %s\n", secrets(unseen))
		delete(found, keys.Unseen)
	}
	for _, version := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(out, "pepper %s, missing from the document: %s, unavailable\n", version, secrets(len(found[version])))
	}
	return nil
}

func secrets(n int) string {
	if n == 1 {
		return "1 live secret"
	}
	return fmt.Sprintf("%d live secrets", n)
}

// retire takes a version out of use. The count that decides is made when no function
// can MAC under the version any more, so it cannot grow. An earlier count fails fast,
// before the wait.
func retire(ctx context.Context, o options, clock operate.Clock, document peppers.Document, out io.Writer) error {
	raw, _, changed, err := operate.ReadPeppers(ctx, document)
	if err != nil {
		return err
	}
	next, err := apikey.RetireVersion(raw, o.retire)
	if err != nil {
		return err
	}
	if err := unused(ctx, o, clock, raw, out); err != nil {
		return err
	}
	// This process has the only open handle on an embedded deployment's tables. A
	// server that starts later reads the new peppers, so there is nothing to wait for.
	if age := clock.Now().Sub(changed); !o.Exclusive() && age < surelySettled {
		fmt.Fprintf(out, "The peppers changed recently: waiting %v until no function uses the previous ones.\n", settle)
		if err := clock.Sleep(ctx, settle); err != nil {
			return fmt.Errorf("waiting for functions to read the peppers: %w", err)
		}
		if err := unused(ctx, o, clock, raw, out); err != nil {
			return err
		}
	}
	if err := document.Replace(ctx, raw, next); err != nil {
		return err
	}
	fmt.Fprintf(out, "Pepper %s is retired: no live secret has it.\n", o.retire)
	return nil
}

// unused returns an error where live secrets have the version, and prints their keys.
// It moves webhooks' signing secrets to the current version first, as those can be
// decrypted.
func unused(ctx context.Context, o options, clock operate.Clock, document []byte, out io.Writer) error {
	moved, err := o.Reseal(ctx, document, clock.Now, operate.Pace(o.rate, clock.Sleep))
	if err != nil {
		return err
	}
	if moved > 0 {
		fmt.Fprintf(out, "Moved the signing secrets of %d webhooks to the current pepper.\n", moved)
	}
	found, err := census(ctx, o, clock)
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
	return fmt.Errorf("%s %s pepper %s: use, rotate or revoke the keys above, end the sessions, or wait until sessions and tokens expire, then run this again", secrets(len(still)), have, o.retire)
}

// listed is the maximum number of keys and sessions that a refusal names.
const listed = 50

func list(out io.Writer, still []keys.Holder) {
	for _, h := range still[:min(len(still), listed)] {
		if until := h.TokensUntil; !until.IsZero() {
			fmt.Fprintf(out, "%s of %s: tokens until %s\n", h.Key, h.Org, until.Format(time.RFC3339))
			continue
		}
		if until := h.SessionUntil; !until.IsZero() {
			fmt.Fprintf(out, "%s of %s: console session, until %s unless its page renews it\n", h.Key, h.Org, until.Format(time.RFC3339))
			continue
		}
		fmt.Fprintf(out, "%s of %s\n", h.Key, h.Org)
	}
	if more := len(still) - listed; more > 0 {
		fmt.Fprintf(out, "… and %d more\n", more)
	}
}

// census counts live secrets at the rate of the option --rate.
func census(ctx context.Context, o options, clock operate.Clock) (keys.Census, error) {
	return o.Census(ctx, clock.Now(), operate.Pace(o.rate, clock.Sleep))
}
