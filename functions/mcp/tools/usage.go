package tools

import (
	"context"
	"strings"
	"time"

	"statgate/shared/api"
	"statgate/shared/contract"
)

type usageInput struct{}

// usageAnswer is what a key may do and has left.
type usageAnswer struct {
	Key       string      `json:"key" doc:"Key id"`
	Plan      string      `json:"plan" doc:"Plan of the organisation"`
	Scopes    []string    `json:"scopes" nullable:"false" doc:"Scopes of the key"`
	Tools     []string    `json:"tools" nullable:"false" doc:"Tools that the key may call"`
	Budget    *usageQuota `json:"budget" doc:"Quota that a call of a tool counts against; null if the key has none"`
	ExpiresAt *time.Time  `json:"expires_at" doc:"Time after which the key is refused; null if it never expires"`
}

type usageQuota struct {
	Name      string    `json:"name" doc:"Name of the budget"`
	Limit     int64     `json:"limit" doc:"Calls in a window"`
	Remaining int64     `json:"remaining" doc:"Calls left in this window"`
	ResetsAt  time.Time `json:"resets_at" doc:"End of the window"`
}

func usageTool(Deps) definition {
	return define("Key and quota",
		"What this key may do and has left: its scopes, the tools it may call, and the calls left until the quota resets. "+
			`Call it when a call was refused. Example: {}`,
		func(_ context.Context, c *Call, _ *usageInput) (string, usageAnswer, error) {
			out := usageAnswer{Key: c.Caller.Key, Plan: c.Caller.Plan, Scopes: append([]string{}, c.Caller.Scopes...), Tools: visible(c)}
			if !c.Caller.NotAfter.IsZero() {
				at := c.Caller.NotAfter.UTC()
				out.ExpiresAt = &at
			}
			lines := []string{line("Key %s of plan %s", out.Key, out.Plan), "Scopes: " + orNone(out.Scopes), "Tools: " + orNone(out.Tools)}
			if m := c.Meter; m.Unlimited || m.Limit == 0 {
				lines = append(lines, "Quota: none")
			} else {
				out.Budget = &usageQuota{Name: m.Budget, Limit: m.Limit, Remaining: m.Remaining(), ResetsAt: m.ResetsAt.UTC()}
				lines = append(lines, line("Quota: %d of %d calls are left until %s", m.Remaining(), m.Limit, m.ResetsAt.UTC().Format(time.RFC3339)))
			}
			return strings.Join(lines, "\n"), out, nil
		})
}

// visible lists the tools that the caller may call.
func visible(c *Call) []string {
	names := []string{}
	for _, t := range api.ToolsFor(c.Contract) {
		if c.Contract.MCP.Tools == contract.ToolsAlone || t.Visible(c.Caller.Permissions, c.Contract) {
			names = append(names, t.Name)
		}
	}
	return names
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return plain(strings.Join(names, ", "))
}
