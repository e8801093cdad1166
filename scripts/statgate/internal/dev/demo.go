package dev

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

// demo has the demo organisation and its keys.
type demo struct{ tenant.Credentials }

// demoIDs are the ids of the demo's keys and organisations. A data directory keeps them.
// They hold no secrets.
type demoIDs struct {
	OperatorOrg  string `json:"operator_org"`
	OperatorUser string `json:"operator_user"`
	Org          string `json:"org"`
	Operator     string `json:"operator_key_id"`
	Admin        string `json:"admin_key_id"`
	Client       string `json:"client_key_id"`
	Game         string `json:"game_key_id,omitempty"`
}

const idsFile = "demo.json"

// preparation creates the demo, or finds that of an earlier run.
type preparation struct {
	options
	d       *deployment.Deployment
	ids     demoIDs
	secrets demo // of the credentials file, where there is one
}

// prepare creates the demo organisation and its keys, or finds those of an earlier run.
// It reuses keys whose secrets are in the credentials file and still authenticate. It
// rotates the others, as a secret cannot be shown twice.
func prepare(ctx context.Context, o options, d *deployment.Deployment) (*demo, error) {
	p := &preparation{options: o, d: d}
	if err := p.load(); err != nil {
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
	if got.Admin, err = p.key(ctx, &p.ids.Admin, p.secrets.Admin, tenant.AdminName, tenant.Scopes(p.contract, true)); err != nil {
		return nil, fmt.Errorf("preparing the admin key: %w", err)
	}
	if got.Client, err = p.key(ctx, &p.ids.Client, p.secrets.Client, tenant.ClientName, tenant.Scopes(p.contract, false)); err != nil {
		return nil, fmt.Errorf("preparing the client key: %w", err)
	}
	if err := p.contests(ctx, got); err != nil {
		return nil, fmt.Errorf("preparing the demo's contests: %w", err)
	}
	if _, err := d.Orgs.Update(ctx, p.request(), got.Org, orgs.Edit{Plan: &o.plan}); err != nil {
		return nil, fmt.Errorf("preparing the demo organisation's plan: %w", err)
	}
	return got, p.save()
}

// load reads the ids and the secrets of an earlier run.
func (p *preparation) load() error {
	if p.Data != "" {
		if err := readJSON(filepath.Join(p.Data, idsFile), &p.ids); err != nil {
			return fmt.Errorf("%w; remove it to get new demo keys: the data stays", err)
		}
	}
	if p.credentials == "" {
		return nil
	}
	if err := readJSON(p.credentials, &p.secrets); err != nil {
		p.secrets = demo{} // any other file is overwritten
	}
	return nil
}

// readJSON decodes a file. A missing file changes nothing.
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

// save stores the ids for the next run.
func (p *preparation) save() error {
	if p.Data == "" {
		return nil
	}
	return tenant.WriteJSON(filepath.Join(p.Data, idsFile), p.ids)
}

// request returns a request of the operator.
func (p *preparation) request() *api.Request {
	return &api.Request{ID: "dev", Now: time.Now(), Caller: &api.Caller{
		Key: p.ids.Operator, Org: p.ids.OperatorOrg, User: p.ids.OperatorUser, Role: api.RoleOperator,
		Permissions: []string{"*:*"}, Environment: p.environment, Contract: p.contract.Name,
	}}
}

// operator finds or creates the operator key, and returns its secret.
func (p *preparation) operator(ctx context.Context) (string, error) {
	if p.ids.Operator != "" {
		secret, err := p.secretOf(ctx, p.ids.Operator, p.secrets.Operator)
		switch {
		case err == nil:
			return secret, nil
		case api.ErrorOf(err).Condition == api.NotFound: // the tables were deleted
			p.ids = demoIDs{}
		case api.ErrorOf(err).Condition != api.ConflictFinal: // a conflict says that it is revoked or expired
			return "", err
		}
	}
	o, owner, minted, err := p.d.Keys.Bootstrap(ctx, time.Now(), tenant.OperatorName, tenant.OperatorEmail)
	if errors.Is(err, keys.ErrBootstrapped) { // by "statgate bootstrap", before the first run
		minted, err = p.d.Keys.Recover(ctx, time.Now())
	}
	if err != nil {
		return "", err
	}
	p.ids.Operator, p.ids.OperatorOrg, p.ids.OperatorUser = minted.ID, o.ID, owner.User
	if o.ID == "" {
		caller, err := p.d.Keys.Authenticate(ctx, minted.Secret)
		if err != nil {
			return "", err
		}
		p.ids.OperatorOrg, p.ids.OperatorUser = caller.Org, caller.User
	}
	return minted.Secret, nil
}

// organisation finds or creates the demo organisation, and returns its id.
func (p *preparation) organisation(ctx context.Context) (string, error) {
	if p.ids.Org != "" {
		return p.ids.Org, nil
	}
	o, _, err := p.d.Orgs.Create(ctx, p.request(), orgs.Spec{Name: tenant.Name, Plan: tenant.Plan(p.contract), Owner: tenant.OwnerEmail})
	p.ids.Org = o.ID
	return o.ID, err
}

// key finds or creates one of the demo organisation's keys, and returns its secret. The
// organisation is created on the largest plan and gets the chosen plan after its keys. A
// change to a smaller plan keeps keys, so there is a client key on every plan.
func (p *preparation) key(ctx context.Context, id *string, secret, name string, scopes []string) (string, error) {
	if *id != "" {
		if secret, err := p.secretOf(ctx, *id, secret); err == nil || api.ErrorOf(err).Condition != api.ConflictFinal {
			return secret, err
		}
	}
	minted, err := p.d.Keys.Create(ctx, p.request(), keys.Spec{Name: name, Scopes: scopes, Org: &p.ids.Org, ExpiresIn: tenant.Life(p.contract)})
	*id = minted.ID
	return minted.Secret, err
}

// secretOf returns the secret of a key: the given one where it still authenticates, else
// a new one.
func (p *preparation) secretOf(ctx context.Context, id, secret string) (string, error) {
	if secret != "" {
		if caller, err := p.d.Keys.Authenticate(ctx, secret); err == nil && caller.Key == id {
			return secret, nil
		}
	}
	rotated, err := p.d.Keys.Rotate(ctx, p.request(), id, "", true)
	return rotated.Secret, err
}

// announce prints the contract, the keys, and curl lines that work when pasted.
func (d *demo) announce(out io.Writer, root string, o options) {
	header := "Authorization: Bearer "
	fmt.Fprintf(out, `Statgate serves the contract %s (%s) with the plan %s.

  Base URL    %s
  Client key  %s
  Admin key   %s
  Docs        %s/api-docs
  Console     %s/console

`, o.contract.Name, o.environment, o.plan, d.Base, d.Client, d.Admin, root, root)
	for _, route := range api.For(o.contract) {
		switch route.Operation {
		case "listMatches":
			fmt.Fprintf(out, "  curl -s -H '%s%s' '%s%s?limit=3'\n", header, d.Client, root, route.Path)
		case api.CallMCP:
			fmt.Fprintf(out, "  claude mcp add --transport http %s %s%s --header '%s%s'\n", o.contract.Name, root, route.Path, header, d.Client)
		}
	}
	var calls strings.Builder
	if d.Game != "" {
		d.announceContests(&calls, o)
	}
	fmt.Fprint(out, calls.String())
	fmt.Fprintf(out, "  curl -s -H '%s%s' %s/keys/self\n", header, d.Client, d.Base)
	fmt.Fprintf(out, "  curl -s -H '%s%s' %s/keys\n\n", header, d.Admin, d.Base)
	fmt.Fprintln(out, "Ctrl-C stops it.")
}
