package main

import "fmt"

// Replayed returns the parts of a million replays of a match, each played alone from kick-off to
// the end. Its changes also reach the change feed and webhooks.
func (c costs) Replayed() items {
	r := c.Replay
	steps := float64(r.Steps)
	return items{
		{Name: "creation", Dollars: c.units(r.Created), Detail: r.Created.String()},
		{Name: "steps", Dollars: c.units(r.Played), Detail: fmt.Sprintf("%s in %d steps", r.Played, r.Steps)},
		{Name: "queue", Dollars: c.Dollars("queue_request", million*3*steps) + c.Dollars("queue_group", million*3*steps), Detail: fmt.Sprintf("%g requests: each step is sent, received and deleted", 3*steps)},
		{Name: "play", Dollars: c.run(c.Assume("play_ms")) * steps, Detail: c.milliseconds("play_ms") + " a step"},
		{Name: "play's logs", Dollars: c.logs() * steps, Detail: c.bytes("log_bytes") + " a step"},
		{Name: "change feed", Dollars: c.Appended().Total() * steps, Detail: "a change a step"},
	}
}
