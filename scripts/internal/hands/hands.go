// Package hands is what time or an operator does to a deployment while it is
// tested, and no client can: it closes hours, reports of matches, and moves peppers.
package hands

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

// Report tells of a goal in a match, as a source of reports would.
func Report(ctx context.Context, stats table.Table, match string) error {
	_, err := reports.NewStore(stats, time.Now).Put(ctx, match, reports.Report{Types: reports.Goals,
		Events: []reports.Event{{Type: reports.Goal, Team: reports.Home, Minute: 1}}})
	return err
}

const hour = 3600 // seconds

// CloseHours makes a key's calls of this hour those of the hour before the last
// one, so that its next call closes an hour and keeps another one's usage.
func CloseHours(ctx context.Context, keys table.Table, key string) error {
	at := gate.Address(key)
	it, err := keys.Get(ctx, at, true)
	if err != nil {
		return fmt.Errorf("reading the gate of %s: %w", key, err)
	}
	now, _ := it.At("h.w").(int64)
	calls, _ := it.At("h.o").(map[string]any)
	if now == 0 || len(calls) == 0 {
		return errors.New("the key " + key + " has made no call yet")
	}
	_, err = keys.Write(ctx, table.Update(at, []table.Action{
		table.Set("p", map[string]any{"w": now - 2*hour, "o": calls}),
		table.Set("h", map[string]any{"w": now - hour, "o": map[string]any{}}),
	}, table.Eq("total", it.Int("total"))))
	if err != nil {
		return fmt.Errorf("closing the hours of %s: %w", key, err)
	}
	return nil
}

// Rotate adds a pepper, which is the current one from now on.
func Rotate(ctx context.Context, d peppers.Document) error {
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

// Alone leaves the current pepper alone while do runs. Nothing is rotated meanwhile.
func Alone(ctx context.Context, d peppers.Document, do func() error) error {
	whole, _, err := d.Read(ctx)
	if err != nil {
		return err
	}
	p, err := apikey.ParsePeppers(whole)
	if err != nil {
		return err
	}
	alone := whole
	for _, version := range p.Versions() {
		if version == p.Current() {
			continue
		}
		if alone, err = apikey.RetireVersion(alone, version); err != nil {
			return err
		}
	}
	if err := d.Replace(ctx, whole, alone); err != nil {
		return err
	}
	return errors.Join(do(), d.Replace(context.WithoutCancel(ctx), alone, whole))
}
