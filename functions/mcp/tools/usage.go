package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"statgate/shared/api"
)

type usageInput struct{}

// usageAnswer is what a key may do and has left.
type usageAnswer struct {
	Key       string       `json:"key" doc:"Key id"`
	Plan      string       `json:"plan" doc:"Plan of the organisation"`
	Scopes    []string     `json:"scopes" nullable:"false" doc:"Scopes of the key"`
	Tools     []string     `json:"tools" nullable:"false" doc:"Tools that the key may call"`
	Kinds     []string     `json:"kinds" nullable:"false" doc:"Kinds that the key may find by name"`
	Closed    []lockedTool `json:"closed" nullable:"false" doc:"Tools that the key may not call"`
	API       []string     `json:"api" nullable:"false" doc:"Operations of the REST API on sports data that the key may call"`
	Budget    *usageQuota  `json:"budget" doc:"Quota that a call of a tool counts against; null if the key has none"`
	ExpiresAt *time.Time   `json:"expires_at" doc:"Time after which the key is refused; null if it never expires"`
}

type usageQuota struct {
	Name      string    `json:"name" doc:"Name of the budget"`
	Limit     int64     `json:"limit" doc:"Calls in a window"`
	Remaining int64     `json:"remaining" doc:"Calls left in this window"`
	ResetsAt  time.Time `json:"resets_at" doc:"End of the window"`
}

// lockedTool is a tool that the key may not call.
type lockedTool struct {
	Tool   string   `json:"tool" doc:"Tool"`
	Scopes []string `json:"scopes" nullable:"false" doc:"Scopes of which the key needs one"`
}

func usageTool(d Deps) definition {
	return define("Key and quota",
		"What this key may do and has left: its scopes, the tools and API operations it may call, and the calls left until the quota resets. "+
			`Call it when a call was refused. Example: {}`,
		func(_ context.Context, c *Call, _ *usageInput) (string, usageAnswer, error) {
			out := usageAnswer{Key: c.Caller.Key, Plan: c.Caller.Plan, Scopes: append([]string{}, c.Caller.Scopes...), Tools: visible(c),
				Kinds: append([]string{}, readable(d, c)...), Closed: closedTools(c), API: operations(c)}
			if !c.Caller.NotAfter.IsZero() {
				at := c.Caller.NotAfter.UTC()
				out.ExpiresAt = &at
			}
			if m := c.Meter; !m.Unlimited && m.Limit > 0 {
				out.Budget = &usageQuota{Name: m.Budget, Limit: m.Limit, Remaining: m.Remaining(), ResetsAt: m.ResetsAt.UTC()}
			}
			return usageText(&out), out, nil
		})
}

func usageText(u *usageAnswer) string {
	lines := []string{line("Key %s of plan %s", u.Key, u.Plan), "Scopes: " + orNone(u.Scopes), "Tools: " + orNone(u.Tools)}
	if slices.Contains(u.Tools, "find") {
		lines = append(lines, "Kinds that find shows: "+orNone(u.Kinds))
	}
	for _, t := range u.Closed {
		lines = append(lines, fmt.Sprintf("Not allowed: %s, which needs the scope %s", t.Tool, plain(strings.Join(t.Scopes, " or "))))
	}
	lines = append(lines, "Operations of the REST API: "+orNone(u.API))
	if u.ExpiresAt != nil {
		lines = append(lines, "The key expires at "+u.ExpiresAt.Format(time.RFC3339))
	}
	if b := u.Budget; b != nil {
		lines = append(lines, line("Quota: %d of %d calls are left until %s", b.Remaining, b.Limit, b.ResetsAt.Format(time.RFC3339)))
	} else {
		lines = append(lines, "Quota: none")
	}
	return strings.Join(lines, "\n")
}

// closedTools lists the tools of the contract that the caller may not call.
func closedTools(c *Call) []lockedTool {
	closed, open := []lockedTool{}, visible(c)
	for _, t := range api.ToolsFor(c.Contract) {
		if !slices.Contains(open, t.Name) {
			closed = append(closed, lockedTool{t.Name, scopesFor(c, t.Permissions)})
		}
	}
	return closed
}

// scopesFor lists the contract's scopes that grant one of the permissions.
func scopesFor(c *Call, permissions []string) []string {
	return append([]string{}, api.Route{Permissions: permissions}.Scopes(c.Contract.Scopes)...)
}

// lacking says which scope shows what an answer leaves out.
func lacking(c *Call, permission, what string) string {
	return fmt.Sprintf("The key may not read %s: they need the scope %s", what, plain(strings.Join(scopesFor(c, []string{permission}), " or ")))
}

// operations lists the operations of the REST API that the caller may call.
func operations(c *Call) []string {
	names := []string{}
	for _, r := range api.For(c.Contract) {
		if r.Operation != api.CallMCP && !r.Open && !r.Management && r.Allowed(c.Caller.Permissions) {
			names = append(names, r.Operation)
		}
	}
	return names
}

// visible lists the tools that the caller may call.
func visible(c *Call) []string {
	names := []string{}
	for _, t := range api.ToolsFor(c.Contract) {
		if t.Visible(c.Caller.Permissions, c.Contract) {
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
