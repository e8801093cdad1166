package console

import (
	"cmp"
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/feed/events"
)

// Settings are what the page needs to know of a deployment besides its contract.
type Settings struct {
	Environment string
	StagePath   string // path of the stage in the public address, "/live"; "" if the address has none
	OpenID      bool   // whether people can sign in with OpenID Connect
}

// Config is what the page knows of a deployment. The page has no text of a product; all
// names come from here. It contains nothing that the OpenAPI document keeps secret, as
// anyone can read the page.
type Config struct {
	Contract    string               `json:"contract"`
	Product     string               `json:"product"`    // name for people
	Base        string               `json:"base"`       // "/v1", without the stage's path
	StagePath   string               `json:"stage_path"` // "/live" or ""
	Environment string               `json:"environment"`
	Transports  []string             `json:"transports"` // how a request can send a secret: bearer, x-api-key, api_key
	Secret      Secret               `json:"secret"`
	Scopes      Scopes               `json:"scopes"`
	Plans       []Plan               `json:"plans"`
	DefaultPlan string               `json:"default_plan"`
	Management  contract.Budget      `json:"management"` // requests of key management, per key
	Keys        contract.KeyRules    `json:"keys"`
	Operations  map[string]Operation `json:"operations"` // of this deployment, by name
	Answers     Answers              `json:"answers"`    // of key management
	Data        Answers              `json:"data"`       // of all other operations
	OpenID      bool                 `json:"oidc"`
	Members     Members              `json:"members"`
	Webhooks    bool                 `json:"webhooks"`
	Events      []Event              `json:"events"`            // that webhooks can receive
	Webhook     *Webhook             `json:"webhook,omitempty"` // what people choose for a webhook; nil without webhooks
	Views       map[string]View      `json:"views"`             // of the objects that the page reads, where the contract has them
}

// Webhook is what people choose for a webhook.
type Webhook struct {
	Filters  bool  `json:"filters"`  // leagues and teams
	Explicit bool  `json:"explicit"` // the types of events must be listed
	Overlap  int64 `json:"overlap"`  // seconds that the previous secret signs after every rotation; 0: people choose
}

// View tells where an object's fields are in the contract's view of it, by Statgate's names.
// Fields that the view does not have are missing.
type View map[string]Part

// Part is the place of a field.
type Part struct {
	Path   []string `json:"path"`
	Millis bool     `json:"millis,omitempty"` // it is a time in milliseconds since 1970
}

// viewed are the objects of data that the page reads.
var viewed = []string{"webhook", "webhookWithSecret", "delivery"}

// Secret is the format of secrets.
type Secret struct {
	Prefix   string `json:"prefix"`    // of this environment
	ShowLast int    `json:"show_last"` // last characters that lists show besides the prefix
}

// Scopes are the scopes of the contract.
type Scopes struct {
	Style     string   `json:"style"`     // list, grid, levels or role
	Names     []Scope  `json:"names"`     // all, in the contract's order; management scopes last
	Default   []string `json:"default"`   // of a key that is created without any
	Verbs     []string `json:"verbs"`     // of a grid; others in Names are resources or management scopes
	Resources []string `json:"resources"` // of a grid
	Levels    []Level  `json:"levels"`    // of the style levels
}

// Scope is a scope that a key can have.
type Scope struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Permissions []string `json:"permissions"` // that it grants by itself
	Management  bool     `json:"management"`
	Needs       string   `json:"needs"` // approval without which it grants nothing: general, game or ""
}

// Level is a choice of scopes of which a key has at most one.
type Level struct {
	Category    string   `json:"category"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Needs       string   `json:"needs"`
	Scopes      []string `json:"scopes"` // those that grant the least first
}

// Plan bounds the keys and requests of an organisation.
type Plan struct {
	Name   string                     `json:"name"`
	Keys   int                        `json:"keys"` // active client keys at most
	Limits map[string]contract.Budget `json:"limits"`
}

// Operation is the route of an operation.
type Operation struct {
	Method      string            `json:"method"`
	Path        string            `json:"path"`               // with the base, without the stage's path
	Permissions []string          `json:"permissions"`        // any one is enough; empty for any key
	Names       map[string]string `json:"names"`              // Statgate's name of a field → the contract's
	Management  bool              `json:"management"`         // whether it is key management
	Answers     *Answers          `json:"answers,omitempty"`  // of this operation alone
	OnePage     bool              `json:"one_page,omitempty"` // it is a list without parameters of pages
}

// Answers tell where the parts of an answer and of an error are. Each is a path of names from
// the top; empty for the answer itself, and null if it does not exist.
type Answers struct {
	Item    []string `json:"item"`
	Items   []string `json:"items"`
	Next    []string `json:"next"` // cursor of the next page
	Total   []string `json:"total"`
	Code    []string `json:"code"`
	Message []string `json:"message"`
	Details []string `json:"details"`
	Paging  string   `json:"paging"` // how lists are paged: cursor, page or offset
}

// Members says what members there are.
type Members struct {
	Roles []string `json:"roles"`
}

// Event is a type of event.
type Event struct {
	Type    string `json:"type"`
	Summary string `json:"summary"`
}

// NewConfig returns the configuration of a deployment's page.
func NewConfig(c *contract.Contract, s Settings) Config {
	config := Config{
		Contract: c.Name, Product: c.Title, Base: c.Base, StagePath: s.StagePath, Environment: s.Environment,
		Transports: c.HTTPTransports(), Secret: Secret{Prefix: c.Secret.Prefixes[s.Environment], ShowLast: c.Secret.ShowLast},
		Scopes: scopes(c.Scopes), DefaultPlan: c.DefaultPlan, Management: c.Management, Keys: c.Keys,
		Operations: map[string]Operation{}, Answers: answers(c, c.Shapes.Management), Data: answers(c, true), OpenID: s.OpenID,
		Members: Members{Roles: []string{api.RoleOwner, api.RoleAdmin, api.RoleMember}}, Events: []Event{}, Views: map[string]View{},
	}
	if config.Keys.ExpiryChoices == nil {
		config.Keys.ExpiryChoices = []string{}
	}
	for _, p := range c.Plans {
		config.Plans = append(config.Plans, Plan{Name: p.Name, Keys: p.Keys, Limits: p.Budgets})
	}
	for _, r := range api.For(c) {
		if !r.Open {
			config.Operations[r.Operation] = operation(c, r)
		}
	}
	if _, config.Webhooks = config.Operations["createWebhook"]; config.Webhooks {
		for _, k := range events.For(c) {
			config.Events = append(config.Events, Event{Type: k.Type, Summary: k.Summary})
		}
		config.Webhook = &Webhook{Filters: c.Webhooks.Matches(), Explicit: c.Webhooks.Explicit, Overlap: c.Webhooks.Overlap}
	}
	for _, name := range viewed {
		if n := c.Shapes.Views[name]; n != nil {
			config.Views[name] = View{}
			config.Views[name].add(n, nil)
		}
	}
	return config
}

// operation returns the route of an operation, with the envelope that it alone has.
func operation(c *contract.Contract, r api.Route) Operation {
	own := c.Operations[r.Operation]
	op := Operation{Method: r.Method, Path: r.Path, Permissions: some(r.Permissions), Names: own.Names, Management: r.Management}
	if own.Shape == nil {
		return op
	}
	all := answers(c, true)
	all.Item, all.Items, all.Next, all.Total = find(own.Shape, "item"), find(own.Shape, "items"), find(own.Shape, "next"), find(own.Shape, "total")
	op.Answers, op.OnePage = &all, slices.Contains(api.OnePage, r.Operation) && all.Next == nil
	return op
}

// add adds the fields of a tree of names at a place. A field within another object is left
// out: the page reads none.
func (v View) add(n *contract.Node, at []string) {
	for _, f := range n.Fields {
		place := append(slices.Clone(at), f.Name)
		if f.Node.Path == "" {
			v.add(f.Node, place)
		} else if !strings.Contains(f.Node.Path, ".") {
			v[f.Node.Path] = Part{Path: place, Millis: f.Node.Format == "epoch_ms"}
		}
	}
}

// some returns a list that JSON never encodes as null.
func some(list []string) []string { return append([]string{}, list...) }

func scopes(s contract.Scopes) Scopes {
	all := Scopes{Style: s.Style, Names: []Scope{}, Default: some(s.Default), Verbs: []string{}, Resources: []string{}, Levels: []Level{}}
	for _, one := range s.Scopes() {
		// A scope of the contract always has permissions; the contract was checked.
		permissions, _ := s.Permissions([]string{one.Name})
		all.Names = append(all.Names, Scope{Name: one.Name, Description: one.Doc, Permissions: some(permissions),
			Management: s.IsManagementScope(one.Name), Needs: one.Needs})
	}
	for _, v := range s.Verbs {
		all.Verbs = append(all.Verbs, v.Name)
	}
	for _, r := range s.Resources {
		all.Resources = append(all.Resources, r.Name)
	}
	if s.Style == "levels" {
		all.Levels = levels(s.List)
	}
	return all
}

// levels groups scopes that are spelt category.name:level by what stands before the level.
func levels(list []contract.Scope) []Level {
	all := []Level{}
	grants := map[string]int{}
	for _, one := range list {
		grants[one.Name] = len(one.Grants)
		of, _, _ := strings.Cut(one.Name, ":")
		category, name, _ := strings.Cut(of, ".")
		at := slices.IndexFunc(all, func(l Level) bool { return l.Category == category && l.Name == name })
		if at < 0 {
			at = len(all)
			all = append(all, Level{Category: category, Name: name})
		}
		l := &all[at] // the scope that grants nothing has neither a description nor a need
		l.Description, l.Needs = cmp.Or(l.Description, one.Doc), cmp.Or(l.Needs, one.Needs)
		l.Scopes = append(l.Scopes, one.Name)
	}
	for _, l := range all {
		slices.SortStableFunc(l.Scopes, func(a, b string) int { return cmp.Compare(grants[a], grants[b]) })
	}
	return all
}

// answers finds the slots in the shapes of errors, and of the contract's answers or of those
// that key management has otherwise.
func answers(c *contract.Contract, own bool) Answers {
	item, list, paging := &contract.Node{Slot: "item"}, api.ManagementList, "cursor"
	if own {
		list, paging = c.Shapes.List, c.Paging.Style
		if c.Shapes.Item != nil {
			item = c.Shapes.Item
		}
	}
	failed := c.Shapes.Error
	message := find(failed, "message")
	if message == nil {
		message = find(failed, "summary")
	}
	return Answers{Item: find(item, "item"), Items: find(list, "items"), Next: find(list, "next"), Total: find(list, "total"),
		Code: find(failed, "code"), Message: message, Details: find(failed, "details"), Paging: paging}
}

// find returns the names that lead to a slot; nil if the shape does not have it.
func find(n *contract.Node, slot string) []string {
	if n == nil {
		return nil
	}
	if n.Slot == slot {
		return []string{}
	}
	for _, f := range n.Fields {
		if rest := find(f.Node, slot); rest != nil {
			return append([]string{f.Name}, rest...)
		}
	}
	return nil
}
