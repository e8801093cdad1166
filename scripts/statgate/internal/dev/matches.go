package dev

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

// shownMatches is the number of matches that the demo organisation creates.
const shownMatches = 24

// needsOwnMatches reports whether the demo's keys would see no match otherwise: the
// contract hides public matches, and creating a match needs no scope.
func needsOwnMatches(o options) bool {
	_, creates := o.contract.Operations["createMatch"]
	return o.contract.HidePublic && creates && o.contract.Scopes.Style == "role" && !o.empty
}

// createMatches creates matches of the demo organisation over HTTP, with the admin key.
// Matches of an earlier run are a conflict, which it ignores.
func (d *demo) createMatches(ctx context.Context, c *contract.Contract, now time.Time) error {
	path := "/football/matches"
	if named := c.Operations["createMatch"].Path; named != "" {
		path = named
	}
	for _, m := range simulated(now) {
		raw, err := json.Marshal(matchBody(m))
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
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated && resp.StatusCode != c.Condition("conflict").Status {
			return fmt.Errorf("creating a match: %d %s", resp.StatusCode, answer)
		}
	}
	return nil
}

// simulated returns the matches of the simulated league around now. Half of them are
// finished.
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

// matchBody returns the request that creates a match like m, between teams of the
// organisation.
func matchBody(m matches.Match) map[string]any {
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
