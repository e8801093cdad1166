// Package contract is the API product as data: names, key format, transports,
// scopes, plans, errors and shapes. One deployment speaks one contract.
//
// A contract is written in YAML (package contract/preset), checked and compiled
// to JSON at build; functions load the JSON, so no YAML is parsed at run time.
// Code knows permissions ("matches:read") and conditions ("secret.expired"),
// never a product or its spelling of them.
package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Contract is one API product.
type Contract struct {
	Name         string               `json:"name"`
	Title        string               `json:"title"`
	Base         string               `json:"base"`         // base path, "/v1"
	Environments []string             `json:"environments"` // names; the first is the default
	Secret       SecretRules          `json:"secret"`
	Transports   map[string][]string  `json:"transports"` // channel (http, websocket) → bearer, x-api-key, api_key
	Scopes       Scopes               `json:"scopes"`
	Plans        []Plan               `json:"plans"`
	DefaultPlan  string               `json:"default_plan"`
	Management   Budget               `json:"management"` // requests of key management, per key
	Keys         KeyRules             `json:"keys"`
	Operations   map[string]Operation `json:"operations"` // operations that are not listed are not deployed
	Paging       Paging               `json:"paging"`
	Conditions   map[string]Condition `json:"conditions"`
	Shapes       Shapes               `json:"shapes"`
	Meter        Meter                `json:"meter"`
	MCP          MCP                  `json:"mcp,omitzero"`
	Webhooks     Webhooks             `json:"webhooks,omitzero"`
	// Recheck reads the key's version again before the answer is sent, so that
	// even a request in flight is refused if its key was revoked.
	Recheck bool `json:"recheck"`
	// HidePublic limits a key to the data of its own organisation.
	HidePublic bool `json:"hide_public"`
	// IDs is the format of ids of data: "uuid", or "" for Statgate's own format.
	// Ids of key management have the same format in every contract.
	IDs string `json:"ids,omitempty"`
	// UTCDays makes filters of matches by day use UTC days instead of days in the
	// time zone of the league.
	UTCDays bool `json:"utc_days"`
	// NoConsole leaves the console out. It is set for a deployment and not by a product.
	NoConsole bool `json:"no_console,omitempty"`
	// NoReplays leaves replays of matches out. It is set like NoConsole.
	NoReplays bool `json:"no_replays,omitempty"`
}

// UUIDs is the value of [Contract.IDs] for UUIDs.
const UUIDs = "uuid"

// SecretRules is the format of secrets. A new secret is a prefix, then RandomBytes of
// randomness and TagBytes of an HMAC tag, encoded together in Alphabet and padded to a
// fixed length. Accept bounds the length of the part after the prefix.
type SecretRules struct {
	Prefixes    map[string]string `json:"prefixes"`     // environment → prefix
	Alphabet    string            `json:"alphabet"`     // "base62" or "hex"
	RandomBytes int               `json:"random_bytes"` // bytes
	TagBytes    int               `json:"tag_bytes"`    // bytes; 0 promises no structure
	Accept      [2]int            `json:"accept"`       // least and most characters after the prefix
	// ShowLast is the number of last characters that lists show besides the prefix.
	ShowLast int `json:"show_last"`
}

// Transports that a contract may list.
const (
	Bearer  = "bearer"
	XAPIKey = "x-api-key"
	Query   = "api_key"
)

// Plan bounds the keys and budgets of an organisation.
type Plan struct {
	Name    string            `json:"name"`
	Keys    int               `json:"keys"` // active client keys at most
	Budgets map[string]Budget `json:"budgets"`
}

// Budget is a quota: a rate (Limit calls a window) or a level (Limit at a time, Window 0).
type Budget struct {
	Limit  int64 `json:"limit"`
	Window int64 `json:"window"` // seconds, 0 for a level
}

// Requests is the budget that an operation spends if it names no other.
const Requests = "requests"

// Management is the name of the budget that requests of key management spend. They count
// against no plan. Plans cannot have a budget of this name.
const Management = "management"

// OrgSessions is the name of the budget that data calls of an organisation's console sessions
// share. Plans cannot have a budget of this name, as theirs have no slash.
const OrgSessions = "org/sessions"

// ShortBudgets are the names under which items count the budgets that every contract has.
// They are short because every write is billed by the byte. Plans cannot have budgets of
// these names.
var ShortBudgets = map[string]string{Requests: "r", Management: "k"}

// KeyRules bound the life of keys and secrets. Durations are seconds.
type KeyRules struct {
	ExpiryRequired bool  `json:"expiry_required"`
	MaxLife        int64 `json:"max_life"`    // seconds from creation; 0 is unbounded
	MaxOverlap     int64 `json:"max_overlap"` // seconds that an old secret may outlive its rotation
	// ExpiryChoices are the accepted lifetimes ("30d"); empty accepts any lifetime.
	// A time of expiry is accepted in both cases.
	ExpiryChoices []string `json:"expiry_choices,omitempty"`
}

// Operation overrides a route's method, path and names of parameters. Empty fields keep
// the values of the route table.
type Operation struct {
	Method string            `json:"method,omitempty"`
	Path   string            `json:"path,omitempty"`   // under Base
	Names  map[string]string `json:"names,omitempty"`  // parameter or field → the contract's name
	Limit  *Limit            `json:"limit,omitempty"`  // instead of Paging's
	Budget string            `json:"budget,omitempty"` // instead of Requests
	Shape  *Node             `json:"shape,omitempty"`  // envelope of a success, instead of those of Shapes
}

// Limit is the page size.
type Limit struct {
	Default int    `json:"default"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Over    string `json:"over"` // "refuse" or "clamp" a limit above Max
}

// MCP sets how the server of the Model Context Protocol behaves. The operation callMCP
// deploys it.
type MCP struct {
	// Tools says which permissions a call of a tool needs: [ToolsScoped] or [ToolsAlone].
	Tools string `json:"tools"`
	// Offers names the tools.
	Offers []string `json:"offers"`
	// UsedUp is the answer to a call of a tool whose budget is used up: [UsedUpResult] or
	// [UsedUpError].
	UsedUp string `json:"used_up"`
}

// Values of [MCP].Tools.
const (
	ToolsScoped = "scoped" // those of the server and those of the tool
	ToolsAlone  = "alone"  // those of the server alone
)

// Values of [MCP].UsedUp.
const (
	UsedUpResult = "result" // status 200 with the tool's result, which is an error and says how long to wait
	UsedUpError  = "error"  // the status of the condition quota, with an error of JSON-RPC
)

// Paging sets how lists of data are paged. Key management uses cursors, unless
// [Shapes].Management gives it the contract's lists too.
type Paging struct {
	Style string `json:"style"` // cursor, page or offset
	Limit Limit  `json:"limit"`
	// CursorLife is the lifetime of a cursor in seconds; 0 means unlimited.
	CursorLife int64 `json:"cursor_life,omitempty"`
	// Count makes every total a number. A total without a counter is counted item by
	// item, as far as a page number or an offset reaches.
	Count bool `json:"count,omitempty"`
}

// Condition is the status, code and message of an error answer.
type Condition struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message,omitempty"` // replaces the handler's message
}

// Meter names the rate headers. A header without a name is not sent.
type Meter struct {
	Limit     string `json:"limit"`
	Remaining string `json:"remaining"`
	Reset     string `json:"reset"`
	ResetUnit string `json:"reset_unit"` // "epoch" (seconds since 1970) or "delta" (seconds from now)
	IETF      bool   `json:"ietf"`       // RateLimit and RateLimit-Policy too
}

// Load reads a compiled contract.
func Load(file string) (*Contract, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return decode(raw)
}

// decode reads a compiled contract from memory.
func decode(raw []byte) (*Contract, error) {
	var c Contract
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("contract: decoding: %w", err)
	}
	return &c, nil
}

// Condition returns the contract's answer to a dotted condition: the longest
// prefix that the contract lists wins ("secret.expired", then "secret").
func (c *Contract) Condition(name string) Condition {
	for at := name; at != ""; {
		if found, ok := c.Conditions[at]; ok {
			return found
		}
		cut := strings.LastIndexByte(at, '.')
		if cut < 0 {
			break
		}
		at = at[:cut]
	}
	if name != "internal" {
		return c.Condition("internal")
	}
	return Condition{Status: 500, Code: "internal", Message: "internal error"}
}

// Plan returns the plan of that name.
func (c *Contract) Plan(name string) (Plan, bool) {
	for _, p := range c.Plans {
		if p.Name == name {
			return p, true
		}
	}
	return Plan{}, false
}

// PlanNames lists the plans in the contract's order.
func (c *Contract) PlanNames() []string {
	names := make([]string, len(c.Plans))
	for i, p := range c.Plans {
		names[i] = p.Name
	}
	return names
}

// HTTPTransports lists the transports of the HTTP channel.
func (c *Contract) HTTPTransports() []string { return c.Transports["http"] }

// HasEnvironment reports whether the contract lists the environment.
func (c *Contract) HasEnvironment(name string) bool {
	for _, e := range c.Environments {
		if e == name {
			return true
		}
	}
	return false
}
