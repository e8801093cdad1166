// Package outofband changes a deployment under test in ways that no API client can.
// It closes the hours of a key's usage, stores match reports, and replaces peppers.
package outofband

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"statgate/shared/access/apikey"
	"statgate/shared/access/gate"
	"statgate/shared/access/peppers"
	"statgate/shared/stats/reports"
	"statgate/shared/table"
)

// PutReport stores a match report with one goal, as an import of reports does.
func PutReport(ctx context.Context, stats table.Table, match string) error {
	_, err := reports.NewStore(stats, time.Now).Put(ctx, match, reports.Report{Types: reports.Goals,
		Events: []reports.Event{{Type: reports.Goal, Team: reports.Home, Minute: 1}}})
	return err
}

const hour = 3600 // seconds

// CloseHours moves a key's counts of the current hour two hours back and starts an
// empty count for the previous hour. The key's next request then closes an hour and
// stores the usage of the hour before it.
func CloseHours(ctx context.Context, keys table.Table, key string) error {
	at := gate.Address(key)
	item, err := keys.Get(ctx, at, true)
	if err != nil {
		return fmt.Errorf("reading the gate of %s: %w", key, err)
	}
	now, _ := item.At("h.w").(int64)
	calls, _ := item.At("h.o").(map[string]any)
	if now == 0 || len(calls) == 0 {
		return errors.New("the key " + key + " has made no call yet")
	}
	_, err = keys.Write(ctx, table.Update(at, []table.Action{
		table.Set("p", map[string]any{"w": now - 2*hour, "o": calls}),
		table.Set("h", map[string]any{"w": now - hour, "o": map[string]any{}}),
	}, table.Eq("total", item.Int("total"))))
	if err != nil {
		return fmt.Errorf("closing the hours of %s: %w", key, err)
	}
	return nil
}

// DropGate deletes the gate of a key that has made no request, so that the key is as a creation
// leaves it that stops before the gate.
func DropGate(ctx context.Context, keys table.Table, key string) error {
	if _, err := keys.Write(ctx, table.Delete(gate.Address(key), table.Eq("total", int64(0)))); err != nil {
		return fmt.Errorf("deleting the gate of %s: %w", key, err)
	}
	return nil
}

// RotatePepper adds a pepper version, which becomes the current one.
func RotatePepper(ctx context.Context, d peppers.Document) error {
	raw, _, err := d.Read(ctx)
	if err != nil {
		return err
	}
	next, err := apikey.AddVersion(raw, rand.Reader)
	if err != nil {
		return err
	}
	return d.Replace(ctx, raw, next)
}

// WithCurrentPepperOnly removes every pepper but the current one while do runs, and
// restores the document afterwards. No other rotation may run at the same time.
func WithCurrentPepperOnly(ctx context.Context, d peppers.Document, do func() error) error {
	full, _, err := d.Read(ctx)
	if err != nil {
		return err
	}
	p, err := apikey.ParsePeppers(full)
	if err != nil {
		return err
	}
	reduced := full
	for _, version := range p.Versions() {
		if version == p.Current() {
			continue
		}
		if reduced, err = apikey.RetireVersion(reduced, version); err != nil {
			return err
		}
	}
	if err := d.Replace(ctx, full, reduced); err != nil {
		return err
	}
	return errors.Join(do(), d.Replace(context.WithoutCancel(ctx), reduced, full))
}
