package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"statgate/scripts/internal/tenant"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
	"statgate/shared/platform/outputs"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

// demo is the credentials of the demo organisation, and calls the API with them.
type demo struct{ tenant.Credentials }

// fill stores the simulated league. It is idempotent.
func (t target) fill(ctx context.Context, s outputs.Stack) error {
	stats := dynamo.New(dynamodb.NewFromConfig(t.emulator.config()), s.StatsTable, table.Stats)
	return tenant.Fill(ctx, stats, time.Now)
}

// credentials creates the operator's key with a command and the other keys through the
// API, and returns the path of the file that it writes. It keeps a file whose keys work.
func (t target) credentials(ctx context.Context, s outputs.Stack) (string, error) {
	file := t.credentialsFile()
	c, err := preset.Load(t.contract)
	if err != nil {
		return "", err
	}
	d := demo{}
	if d.Base, err = t.emulator.base(s); err != nil {
		return "", err
	}
	if keysWork(ctx, file, d.Base) {
		return file, nil
	}
	if d.Operator, err = t.operator(ctx); err != nil {
		return "", err
	}
	if err := d.create(ctx, c); err != nil {
		return "", err
	}
	return file, d.Write(file)
}

// keysWork reports whether a file's keys are valid in the deployment.
func keysWork(ctx context.Context, file, base string) bool {
	var d demo
	if d.read(file) != nil || d.Base != base {
		return false
	}
	for _, key := range []string{d.Operator, d.Admin, d.Client} {
		if _, err := d.call(ctx, key, http.MethodGet, "/keys/self", nil); err != nil {
			return false
		}
	}
	return true
}

// read reads a credentials file.
func (d *demo) read(file string) (err error) {
	d.Credentials, err = tenant.Read(file)
	return err
}

// operator runs "statgate bootstrap" as a person would.
func (t target) operator(ctx context.Context) (string, error) {
	run := []string{"run", "./scripts/statgate", "bootstrap", "--stack", t.stack}
	key, err := t.output(ctx, "go", append(run, "--org", tenant.OperatorName, "--email", tenant.OperatorEmail)...)
	if err != nil && strings.Contains(err.Error(), "has its operator already") {
		key, err = t.output(ctx, "go", append(run, "--recover")...)
	}
	return strings.TrimSpace(key), err
}

// create creates the demo organisation on the plan with the most keys, its owner's
// management key, and a client key that can only read.
func (d *demo) create(ctx context.Context, c *contract.Contract) error {
	org, err := d.call(ctx, d.Operator, http.MethodPost, "/orgs", map[string]any{"name": tenant.Name, "plan": tenant.Plan(c), "owner": tenant.OwnerEmail})
	if err != nil {
		return err
	}
	d.Org, _ = org["id"].(string)
	for _, k := range []struct {
		name, by   string
		into       *string
		management bool
	}{{tenant.AdminName, d.Operator, &d.Admin, true}, {tenant.ClientName, d.Operator, &d.Client, false}} {
		spec := map[string]any{"name": k.name, "org": d.Org, "scopes": tenant.Scopes(c, k.management)}
		if life := tenant.Life(c); life != nil {
			spec["expires_in"] = *life
		}
		made, err := d.call(ctx, k.by, http.MethodPost, "/keys", spec)
		if err != nil {
			return err
		}
		*k.into, _ = made["secret"].(string)
	}
	return nil
}

// call sends a request and returns the body of the answer. Errors do not contain the key.
func (d *demo) call(ctx context.Context, key, method, path string, body map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if body == nil {
		raw = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, d.Base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	var answer map[string]any
	if got.StatusCode > 299 || json.Unmarshal(text, &answer) != nil {
		return nil, fmt.Errorf("%s %s: got %d %.300s", method, path, got.StatusCode, text)
	}
	return answer, nil
}
