package deployment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	changefeed "statgate/shared/feed/changes"
	"statgate/shared/feed/events"
	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/stats/matches"
)

func TestAnExpiredCursorOfTheChangeFeedIsGoneAndSaysWhereToBegin(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	secret := reader(t, w)
	feed(t, w, 3)
	first := ok(t, w.Call(t, secret, "GET", "/football/changes?limit=2", ""), 200)
	after := first["next_cursor"].(string)
	w.Clock.Advance(29 * 24 * time.Hour)
	if late := ok(t, w.Call(t, secret, "GET", "/football/changes?after="+after, ""), 200); len(late["data"].([]any)) != 1 {
		t.Errorf("after 29 days: got %v, want the third change", late)
	}
	w.Clock.Advance(3 * 24 * time.Hour)
	gone := w.Call(t, secret, "GET", "/football/changes?after="+after, "")
	isError(t, gone, 410, "cursor_expired")
	if body := string(gone.Body); !strings.Contains(body, "after: has expired") || !strings.Contains(body, "then start without it") {
		t.Errorf("got %s, want a message that names the parameter and says where to begin", body)
	}
	fresh := ok(t, w.Call(t, secret, "GET", "/football/changes", ""), 200)
	if len(fresh["data"].([]any)) != 0 || fresh["next_cursor"] == nil {
		t.Errorf("without the cursor: got %v, want an empty page with a cursor", fresh)
	}
}

func TestAPollOfTheChangeFeedWithoutChangesIsNotModified(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	secret := reader(t, w)
	feed(t, w, 1)
	after := ok(t, w.Call(t, secret, "GET", "/football/changes", ""), 200)["next_cursor"].(string)
	poll := func(tag string) deploymenttest.Reply {
		return w.Call(t, secret, "GET", "/football/changes?after="+after, "", "If-None-Match", tag)
	}
	var tag string
	for range 2 { // unless the hour ends in between
		tag = poll("").Header.Get("ETag")
		if r := poll(tag); r.Status == 304 {
			break
		} else if after = ok(t, r, 200)["next_cursor"].(string); tag == "" {
			t.Fatal("the page has no ETag")
		}
		tag = ""
	}
	if tag == "" {
		t.Error("got no 304 for a poll without changes")
	}
	feed(t, w, 1)
	if got := ok(t, poll(tag), 200)["data"].([]any); len(got) != 1 {
		t.Errorf("after a change: got %v, want it", got)
	}
}

func TestAMisspeltFilterOfTheChangeFeedIsRefused(t *testing.T) {
	t.Parallel()
	w := deploymenttest.New(t, "statgate")
	w.Simulate(t)
	secret := reader(t, w)
	isError(t, w.Call(t, secret, "GET", "/football/changes?league=sim.2", ""), 404, "not_found")
	isError(t, w.Call(t, secret, "GET", "/football/changes?team=unknown-fc", ""), 404, "not_found")
	isError(t, w.Call(t, secret, "GET", "/football/changes?types=match.created,match.gone", ""), 400, "invalid_parameter")
	isError(t, w.Call(t, secret, "GET", "/football/changes?cursor=x", ""), 400, "invalid_parameter")
	isError(t, w.Call(t, secret, "GET", "/football/changes?after=x", ""), 400, "invalid_cursor")
	ok(t, w.Call(t, secret, "GET", "/football/changes?league=sim.1&types=match.created,match.deleted", ""), 200)
}

// reader returns the secret of a key that reads matches.
func reader(t *testing.T, w *deploymenttest.Fixture) string {
	t.Helper()
	org, _ := w.Org(t, "Reader", "TEAM", "reader@example.com")
	_, secret := w.Key(t, org, "Reader", "read:matches")
	return secret
}

// feed appends changes to the public feed, as the fan-out does.
func feed(t *testing.T, w *deploymenttest.Fixture, n int) {
	t.Helper()
	a := changefeed.NewAppender(w.Stats, w.Clock.Now)
	for i := range n {
		c := changefeed.Change{Event: events.ID("evt_", w.Clock.Now(), fmt.Sprint(i)), Type: events.MatchUpdated, ID: "m_1", Match: "m_1",
			Teams: []string{"a", "b"}, Owner: matches.Public, ChangedAt: w.Clock.Now()}
		if err := a.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}
