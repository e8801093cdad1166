package main

import (
	"fmt"

	"statgate/scripts/internal/measured"
)

// step is a step of a console session, and how often an hour of use has it.
type step struct {
	Name  string
	Units measured.Units
	Times float64
	runs  func(c costs) float64 // dollars of a million, DynamoDB aside
}

// SessionSteps returns the steps of an hour in which a person signs in, uses the page, and signs
// out.
func (c costs) SessionSteps() []step {
	renewals := c.Assume("session_renewals")
	called := func(c costs) float64 {
		return c.Dollars("api_request", million) + c.run(c.Assume("session_ms")) + c.logs() + c.transfer("egress_gb", c.Assume("read_bytes"))
	}
	return []step{
		{"sign in with a key", c.Sessions.Started, 1, called},
		{"renew", c.Sessions.Renewed, renewals, called},
		{"authorise a new access token", c.Sessions.Authorised, 1 + renewals, func(c costs) float64 { return c.run(c.Assume("authorizer_ms")) + c.logs() }},
		{"sign out", c.Sessions.Ended, 1, called},
	}
}

// StepDollars returns the price of a million times a step.
func (c costs) StepDollars(s step) float64 { return c.units(s.Units) + s.runs(c) }

// SessionHour returns the price of a million hours of use, the requests that the page sends to
// the API aside.
func (c costs) SessionHour() items {
	var all items
	for _, s := range c.SessionSteps() {
		all = append(all, item{Name: s.Name, Dollars: s.Times * c.StepDollars(s), Detail: fmt.Sprintf("%g times", s.Times)})
	}
	return all
}
