package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"statgate/scripts/internal/tenant"
	"statgate/shared/access/keys"
	"statgate/shared/access/orgs"
	"statgate/shared/api"
	"statgate/shared/platform/deployment"
)

// demo is what a developer starts with: an organisation, and a key of each kind.
type demo struct{ tenant.Credentials }

// places remembers, in a data directory, which keys are the demo's. It holds no secrets.
type places struct {
	OperatorOrg  string `json:"operator_org"`
	OperatorUser string `json:"operator_user"`
	Org          string `json:"org"`
	Operator     string `json:"operator_key_id"`
	Admin        string `json:"admin_key_id"`
	Client       string `json:"client_key_id"`
	Game         string `json:"game_key_id,omitempty"`
}

const placesFile = "demo.json"

// preparing is one preparation of the demo.
type preparing struct {
	options
	d      *deployment.Deployment
	known  places
	before demo // from the credentials file, where there is one
}

// prepare makes the demo organisation and its keys, or finds them again. Keys
// whose secrets are in the credentials file and still authenticate are reused;
// others are rotated, as a secret cannot be shown twice.
func prepare(ctx context.Context, o options, d *deployment.Deployment) (*demo, error) {
	p := &preparing{options: o, d: d}
	if err := p.remember(); err != nil {
		return nil, err
	}
	got := &demo{}
	var err error
	if got.Operator, err = p.operator(ctx); err != nil {
		return nil, fmt.Errorf("preparing the operator key: %w", err)
	}
	if got.Org, err = p.organisation(ctx); err != nil {
		return nil, fmt.Errorf("preparing the demo organisation: %w", err)
	}
	if got.Admin, err = p.key(ctx, &p.known.Admin, p.before.Admin, tenant.AdminName, tenant.Scopes(p.contract, true)); err != nil {
		return nil, fmt.Errorf("preparing the admin key: %w", err)
	}
	if got.Client, err = p.key(ctx, &p.known.Client, p.before.Client, tenant.ClientName, tenant.Scopes(p.contract, false)); err != nil {
		return nil, fmt.Errorf("preparing the client key: %w", err)
	}
	if err := p.contests(ctx, got); err != nil {
		return nil, fmt.Errorf("preparing the demo's contests: %w", err)
	}
	if _, err := d.Orgs.Update(ctx, p.request(), got.Org, orgs.Edit{Plan: &o.plan}); err != nil {
		return nil, fmt.Errorf("preparing the demo organisation's plan: %w", err)
	}
	return got, p.keep()
}

// remember reads what an earlier run left.
func (p *preparing) remember() error {
	if p.data != "" {
		if err := readJSON(filepath.Join(p.data, placesFile), &p.known); err != nil {
			return err
		}
	}
	if p.credentials == "" {
		return nil
	}
	if err := readJSON(p.credentials, &p.before); err != nil {
		p.before = demo{} // a file that is no credentials file is replaced
	}
	return nil
}

func readJSON(file string, into any) error {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (p *preparing) keep() error {
	if p.data == "" {
		return nil
	}
	return tenant.WriteJSON(filepath.Join(p.data, placesFile), p.known)
}

// request is a call of the operator's own.
func (p *preparing) request() *api.Request {
	return &api.Request{ID: "dev", Now: time.Now(), Caller: &api.Caller{
		Key: p.known.Operator, Org: p.known.OperatorOrg, User: p.known.OperatorUser, Role: api.RoleOperator,
		Permissions: []string{"*:*"}, Environment: p.environment, Contract: p.contract.Name,
	}}
}

func (p *preparing) operator(ctx context.Context) (string, error) {
	if p.known.Operator != "" {
		secret, err := p.again(ctx, p.known.Operator, p.before.Operator)
		switch {
		case err == nil:
			return secret, nil
		case api.AsError(err).Condition == api.NotFound: // the tables that it was in are gone
			p.known = places{}
		case api.AsError(err).Condition != api.ConflictFinal: // revoked or expired: there will be another
			return "", err
		}
	}
	o, owner, minted, err := p.d.Keys.Bootstrap(ctx, time.Now(), tenant.OperatorName, tenant.OperatorEmail)
	if errors.Is(err, keys.ErrBootstrapped) { // by bootstrap-admin, before the first run
		minted, err = p.d.Keys.Recover(ctx, time.Now())
	}
	if err != nil {
		return "", err
	}
	p.known.Operator, p.known.OperatorOrg, p.known.OperatorUser = minted.ID, o.ID, owner.User
	if o.ID == "" {
		caller, err := p.d.Keys.Authenticate(ctx, minted.Secret)
		if err != nil {
			return "", err
		}
		p.known.OperatorOrg, p.known.OperatorUser = caller.Org, caller.User
	}
	return minted.Secret, nil
}

func (p *preparing) organisation(ctx context.Context) (string, error) {
	if p.known.Org != "" {
		return p.known.Org, nil
	}
	o, _, err := p.d.Orgs.Create(ctx, p.request(), orgs.Founding{Name: tenant.Name, Plan: tenant.Plan(p.contract), Owner: tenant.OwnerEmail})
	p.known.Org = o.ID
	return o.ID, err
}

// key finds or makes one of the demo organisation's keys and returns its secret.
// The organisation has the largest plan at first and the chosen one afterwards:
// a smaller plan keeps keys, so that there is a client key on any plan.
func (p *preparing) key(ctx context.Context, id *string, secret, name string, scopes []string) (string, error) {
	if *id != "" {
		if again, err := p.again(ctx, *id, secret); err == nil || api.AsError(err).Condition != api.ConflictFinal {
			return again, err
		}
	}
	minted, err := p.d.Keys.Create(ctx, p.request(), keys.Spec{Name: name, Scopes: scopes, Org: &p.known.Org, ExpiresIn: tenant.Life(p.contract)})
	*id = minted.ID
	return minted.Secret, err
}

// again returns the secret of a key: the one at hand where it still
// authenticates, else a new one.
func (p *preparing) again(ctx context.Context, id, secret string) (string, error) {
	if secret != "" {
		if caller, err := p.d.Keys.Authenticate(ctx, secret); err == nil && caller.Key == id {
			return secret, nil
		}
	}
	rotated, err := p.d.Keys.Rotate(ctx, p.request(), id, "", true)
	return rotated.Secret, err
}

// announce prints what there is and three calls that work when pasted.
func (d *demo) announce(out io.Writer, root string, o options) {
	header := "Authorization: Bearer "
	fmt.Fprintf(out, `Statgate serves the contract %s (%s) with the plan %s.

  Base URL    %s
  Client key  %s
  Admin key   %s
  Docs        %s/api-docs

`, o.contract.Name, o.environment, o.plan, d.Base, d.Client, d.Admin, root)
	for _, route := range api.For(o.contract) {
		if route.Operation == "listMatches" {
			fmt.Fprintf(out, "  curl -s -H '%s%s' '%s%s?limit=3'\n", header, d.Client, root, route.Path)
		}
	}
	var calls strings.Builder
	if d.Game != "" {
		d.announceContests(&calls, o)
	}
	fmt.Fprint(out, calls.String())
	fmt.Fprintf(out, "  curl -s -H '%s%s' %s/keys/self\n", header, d.Client, d.Base)
	fmt.Fprintf(out, "  curl -s -H '%s%s' %s/keys\n\n", header, d.Admin, d.Base)
	fmt.Fprintln(out, "Ctrl-C ends it.")
}
