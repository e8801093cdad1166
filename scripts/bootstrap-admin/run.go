package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"statgate/shared/access/gate"
	"statgate/shared/access/keys"
	"statgate/shared/api"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// options are the command line.
type options struct {
	data, dynamodb, prefix, peppers, secret, stack string
	contract, environment, org, email              string
	recover                                        bool
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bootstrap-admin", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.stack, "stack", "", "`NAME` of a deployed stack, whose outputs name the rest")
	flags.StringVar(&o.data, "data", "", "data `DIR` of an embedded deployment")
	flags.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB endpoint, or \"aws\" for the account and region of the AWS profile")
	flags.StringVar(&o.prefix, "prefix", "statgate", "what the names of the DynamoDB tables begin with: `NAME`-keys")
	flags.StringVar(&o.peppers, "peppers", "", "`FILE` with the peppers of a DynamoDB deployment; made where it is missing")
	flags.StringVar(&o.secret, "secret", "", "`NAME` or ARN of the peppers in Secrets Manager, instead of -peppers")
	flags.StringVar(&o.contract, "contract", "", "contract: a preset's `NAME` or a file (default the stack's, else statgate)")
	flags.StringVar(&o.environment, "environment", "", "environment of the deployment (default the stack's, else the contract's first)")
	flags.StringVar(&o.org, "org", "", "`NAME` of the operator's organisation")
	flags.StringVar(&o.email, "email", "", "`ADDRESS` of its owner")
	flags.BoolVar(&o.recover, "recover", false, "make another operator key; the audit trail says so")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.stack != "" && o.data+o.dynamodb+o.peppers+o.secret != "":
		return errors.New("-stack names everything: -data, -dynamodb, -peppers and -secret are for deployments without one")
	case o.stack == "" && (o.data == "") == (o.dynamodb == ""):
		return errors.New("give -stack NAME, -data DIR or -dynamodb URL")
	case o.dynamodb != "" && (o.peppers == "") == (o.secret == ""):
		return errors.New("-dynamodb needs -peppers FILE or -secret NAME")
	case o.data != "" && (o.peppers != "" || o.secret != ""):
		return errors.New("with -data the peppers lie in DIR: -peppers and -secret are for -dynamodb")
	case o.recover && (o.org != "" || o.email != ""):
		return errors.New("-recover is for the organisation that is there: -org and -email are not")
	case !o.recover && (o.org == "" || o.email == ""):
		return errors.New("give -org NAME and -email ADDRESS")
	}
	return nil
}

// run makes the key. Only the key goes to out.
func run(ctx context.Context, o options, out, says io.Writer) error {
	e, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer e.close()
	c, environment, err := o.speaks(e)
	if err != nil {
		return err
	}
	gates := gate.New(e.keys, time.Now)
	store := keys.New(keys.Options{Table: e.keys, Gates: gates, Peppers: e.peppers, Contract: c,
		Environment: environment, Now: time.Now, Rand: rand.Reader})
	var m keys.Minted
	if o.recover {
		m, err = store.Recover(ctx, time.Now())
	} else {
		m, err = bootstrap(ctx, store, o, says)
	}
	if err != nil {
		return plain(err)
	}
	fmt.Fprintf(says, "operator key %s (%s), shown this once:\n", m.ID, m.Environment)
	fmt.Fprintln(out, m.Secret)
	return nil
}

func bootstrap(ctx context.Context, store *keys.Store, o options, says io.Writer) (keys.Minted, error) {
	org, owner, m, err := store.Bootstrap(ctx, time.Now(), o.org, o.email)
	if err == nil {
		fmt.Fprintf(says, "organisation %s (%s), owner %s (%s)\n", org.ID, org.Name, owner.User, owner.Email)
	}
	return m, err
}

// speaks loads the contract and picks the environment: those given, else the
// deployment's own, else the usual ones.
func (o options) speaks(e *engine) (*contract.Contract, string, error) {
	c, err := preset.Load(cmp.Or(o.contract, e.contract, "statgate"))
	if err != nil {
		return nil, "", err
	}
	environment := cmp.Or(o.environment, e.environment, c.Environments[0])
	if !c.HasEnvironment(environment) {
		return nil, "", fmt.Errorf("-environment: contract %s has %v, not %q", c.Name, c.Environments, environment)
	}
	return c, environment, nil
}

// plain says in one line what a person can do about an error.
func plain(err error) error {
	var e *api.Error
	switch {
	case errors.Is(err, keys.ErrBootstrapped):
		return errors.New("this deployment has its operator already; -recover makes another operator key")
	case errors.Is(err, keys.ErrNotBootstrapped):
		return errors.New("this deployment has no operator yet; give -org and -email instead of -recover")
	case errors.As(err, &e) && e.Cause == nil:
		for field, wrong := range e.Fields {
			return fmt.Errorf("%s: %s", map[string]string{"name": "-org", "owner": "-email"}[field], wrong[0])
		}
	}
	return err
}
