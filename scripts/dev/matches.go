package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"statgate/scripts/internal/tenant"
	"statgate/shared/contract"
	"statgate/shared/sources/simulation"
	"statgate/shared/stats/matches"
)

// shownMatches is how many matches the demo organisation has of its own.
const shownMatches = 24

// lacking tells whether the demo's keys would see nothing: the contract hides what
// is public, and has a way to make matches that needs no scope.
func lacking(o options) bool {
	_, makes := o.contract.Operations["createMatch"]
	return o.contract.HidePublic && makes && o.contract.Scopes.Style == "role" && !o.empty
}

// play makes matches of the demo organisation's own, as its admin would, over HTTP.
// Those that an earlier run made are there already.
func (d *demo) play(ctx context.Context, c *contract.Contract, now time.Time) error {
	path := "/football/matches"
	if named := c.Operations["createMatch"].Path; named != "" {
		path = named
	}
	for _, m := range simulated(now) {
		raw, err := json.Marshal(body(m))
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Base+path, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+d.Admin)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated && resp.StatusCode != c.Condition("conflict").Status {
			return fmt.Errorf("making a match: %d %s", resp.StatusCode, said)
		}
	}
	return nil
}

// simulated are the matches around now of the simulated league: half of them are over.
func simulated(now time.Time) []matches.Match {
	all := simulation.New(tenant.Seed, now).Matches
	next := 0
	for i, m := range all {
		if m.Status == matches.Finished {
			next = i + 1
		}
	}
	from := max(0, next-shownMatches/2)
	return all[from:min(len(all), from+shownMatches)]
}

// body is what makes a match like this one, between teams of one's own.
func body(m matches.Match) map[string]any {
	b := map[string]any{"home": map[string]any{"name": m.Home.Name}, "away": map[string]any{"name": m.Away.Name}, "status": matches.Scheduled}
	if m.Round != nil {
		b["round"] = *m.Round
	}
	if m.KickoffAt != nil {
		b["kickoff_at"] = *m.KickoffAt
	} else {
		b["date"] = m.Date
	}
	if full := m.Score.FullTime; m.Status == matches.Finished && full != nil {
		b["status"], b["score"] = matches.Finished, map[string]any{"full_time": full}
	}
	return b
}
