// Package tenant is what a developer starts with on every target: the demo's
// organisation of the largest plan, a management key and a client key of its owner,
// and the simulated league. How a target makes them, in process or by HTTP, is its own.
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

// Who is there, and what the keys are called.
const (
	OperatorName  = "Operator"
	OperatorEmail = "operator@example.com"
	Name          = "Demo"
	OwnerEmail    = "owner@example.com"
	AdminName     = "Demo admin"
	ClientName    = "Demo client"
)

// life is how long the keys live where the contract wants keys to end: one of the
// lives that contracts offer by name.
const life = "30d"

// Credentials are the demo's keys. Their JSON is the credentials file.
type Credentials struct {
	Base     string `json:"base_url"` // ends with the contract's base path
	Org      string `json:"org"`
	Operator string `json:"operator_key"`
	Admin    string `json:"admin_key"`
	Client   string `json:"client_key"`
	Game     string `json:"game_key,omitempty"` // bound to a game, where the contract has those
}

// Write writes the credentials file, whole or not at all.
func (c Credentials) Write(file string) error {
	if err := WriteJSON(file, c); err != nil {
		return fmt.Errorf("writing the keys: %w", err)
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
		return Credentials{}, fmt.Errorf("reading the keys: %w", err)
	}
	return c, nil
}

// WriteJSON writes a file of mode 0600, whole or not at all.
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

// Plan is the contract's plan with the most keys.
func Plan(c *contract.Contract) string {
	return slices.MaxFunc(c.Plans, func(a, b contract.Plan) int { return a.Keys - b.Keys }).Name
}

// Life is what the keys are asked to live, nil where they need no end.
func Life(c *contract.Contract) *string {
	if !c.Keys.ExpiryRequired {
		return nil
	}
	asked := life
	return &asked
}

// Scopes lists the management scopes, or every data scope that reads and needs
// nobody's approval.
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
		reads := !slices.ContainsFunc(patterns, func(q string) bool { return !strings.HasSuffix(q, ":read") && !strings.HasSuffix(q, ":current") })
		if management || reads {
			names = append(names, s.Name)
		}
	}
	return names
}

// Fill stores the simulated league; again it changes nothing but what time has.
func Fill(ctx context.Context, stats table.Table, clock func() time.Time) error {
	if _, err := importer.Put(ctx, stats, clock, importer.Simulated(simulation.New(Seed, clock()))); err != nil {
		return fmt.Errorf("storing the simulated league: %w", err)
	}
	return nil
}
