package main

import (
	"fmt"
	"net/http"
	"time"
)

// fed waits until the change feed lists n events of a match, reads it to its end, and returns
// the ids of the match's events.
func (l *receiver) fed(match string, n int) (all []string) {
	l.Helper()
	query := "?limit=100"
	for end := time.Now().Add(2 * time.Minute); ; {
		page := l.want(http.StatusOK, l.secret, "GET", "/football/changes"+query, "").body
		rows, _ := page["data"].([]any)
		for _, row := range rows {
			if c, _ := row.(map[string]any); c["match"] == match {
				all = append(all, fmt.Sprint(c["event"]))
			}
		}
		query = fmt.Sprint("?limit=100&after=", page["next_cursor"])
		if len(rows) == 0 && len(all) >= n {
			return all
		}
		if len(rows) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if time.Now().After(end) {
			l.Fatalf("the change feed lists %v of %s, want %d events", all, match, n)
		}
	}
}

// feedCutOff tests a fanout whose write to the change feed is refused, is done without an
// answer, or does not end before the timeout. Each change must be listed once, and webhooks
// must not wait for the feed.
func (i *faultTest) feedCutOff() {
	l := i.addWebhook()
	for _, f := range []struct {
		name string
		fault
		calls int
	}{{"not done", denied, 1}, {"lost", lost, 1}, {"held until the timeout", held, 3}} {
		i.failCalls(f.fault, f.calls, "PutItem", "CHANGES#"+i.demo.Org)
		match := l.match()
		event := l.waitForAttempts(1, match, "match.created")
		i.want(http.StatusOK, l.secret, "PATCH", "/football/matches/"+match, `{"status":"postponed"}`)
		l.waitForAttempts(1, match, "match.updated") // it follows the other event, which has been read to its end
		if i.faultCount() == 0 {
			i.Errorf("%s: no write to the change feed failed", f.name)
		}
		if got := l.fed(match, 2); len(got) != 2 || got[0] != event {
			i.Errorf("%s: the change feed lists %v, want %s and the event after it", f.name, got, event)
		}
		l.attemptsBetween(1, 1, match, "match.created")
	}
	i.deadLettersEmpty()
}
