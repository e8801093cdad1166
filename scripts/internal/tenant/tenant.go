// Package tenant defines the demo that every local target begins with: an organisation on
// the largest plan, a management key and a client key of its owner, and the simulated
// league. Each target creates them in its own way, in process or over HTTP.
package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"statgate/shared/contract"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
)

// Seed makes the simulated league the same on every machine.
const Seed = 1

// The names of the demo's organisations, owners and keys.
const (
	OperatorName  = "Operator"
	OperatorEmail = "operator@example.com"
	Name          = "Demo"
	OwnerEmail    = "owner@example.com"
	AdminName     = "Demo admin"
	ClientName    = "Demo client"
)

// lifetime is how long the keys are valid where the contract requires an expiry. It is one
// of the lifetimes that contracts name.
const lifetime = "30d"

// Credentials are the secrets of the demo's keys. Their JSON is the credentials file.
type Credentials struct {
	Base     string `json:"base_url"` // ends with the contract's base path
	Org      string `json:"org"`
	Operator string `json:"operator_key"`
	Admin    string `json:"admin_key"`
	Client   string `json:"client_key"`
	Game     string `json:"game_key,omitempty"` // bound to a game, where the contract has games
}

// Write replaces the credentials file atomically.
func (c Credentials) Write(file string) error {
	if err := WriteJSON(file, c); err != nil {
		return fmt.Errorf("writing the credentials file: %w", err)
	}
	return nil
}

// Read reads a credentials file.
func Read(file string) (Credentials, error) {
	var c Credentials
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("reading the credentials file: %w", err)
	}
	return c, nil
}

// WriteJSON replaces a file atomically by one of mode 0600.
func WriteJSON(file string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(raw, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// Plan returns the name of the contract's plan with the most keys.
func Plan(c *contract.Contract) string {
	return slices.MaxFunc(c.Plans, func(a, b contract.Plan) int { return a.Keys - b.Keys }).Name
}

// Life returns the lifetime to request for a key, or nil where the contract requires no
// expiry.
func Life(c *contract.Contract) *string {
	if !c.Keys.ExpiryRequired {
		return nil
	}
	value := lifetime
	return &value
}

// Scopes returns the contract's management scopes, or its data scopes that only read and
// need no approval.
func Scopes(c *contract.Contract, management bool) []string {
	names := []string{}
	for _, s := range c.Scopes.Scopes() {
		if c.Scopes.IsManagementScope(s.Name) != management {
			continue
		}
		patterns, err := c.Scopes.Permissions([]string{s.Name})
		if err != nil || s.Needs != "" || len(patterns) == 0 && c.Scopes.Style == "levels" {
			continue
		}
		reads := !slices.ContainsFunc(patterns, func(q string) bool {
			return !strings.HasSuffix(q, ":read") && !strings.HasSuffix(q, ":current") && q != "mcp:invoke" // tools only read
		})
		if management || reads {
			names = append(names, s.Name)
		}
	}
	return names
}

// Fill stores the simulated league. Running it again updates only the matches that the
// time has changed.
func Fill(ctx context.Context, stats table.Table, clock func() time.Time) error {
	if _, err := importer.Put(ctx, stats, clock, importer.Simulated(simulation.New(Seed, clock()))); err != nil {
		return fmt.Errorf("storing the simulated league: %w", err)
	}
	return nil
}
