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
	Answers     Answers              `json:"answers"`
	OpenID      bool                 `json:"oidc"`
	Members     Members              `json:"members"`
	Webhooks    bool                 `json:"webhooks"`
	Events      []Event              `json:"events"` // that webhooks can receive
}

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
	Path        string            `json:"path"`        // with the base, without the stage's path
	Permissions []string          `json:"permissions"` // any one is enough; empty for any key
	Names       map[string]string `json:"names"`       // Statgate's name of a field → the contract's
}

// Answers tell where the parts of an answer of key management and of an error are. Each is a
// path of names from the top; empty for the answer itself, and null if it does not exist.
type Answers struct {
	Item    []string `json:"item"`
	Items   []string `json:"items"`
	Next    []string `json:"next"` // cursor of the next page
	Total   []string `json:"total"`
	Code    []string `json:"code"`
	Message []string `json:"message"`
	Details []string `json:"details"`
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
		Operations: map[string]Operation{}, Answers: answers(c.Shapes), OpenID: s.OpenID,
		Members: Members{Roles: []string{api.RoleOwner, api.RoleAdmin, api.RoleMember}}, Events: []Event{},
	}
	if config.Keys.ExpiryChoices == nil {
		config.Keys.ExpiryChoices = []string{}
	}
	for _, p := range c.Plans {
		config.Plans = append(config.Plans, Plan{Name: p.Name, Keys: p.Keys, Limits: p.Budgets})
	}
	for _, r := range api.For(c) {
		if !r.Open {
			config.Operations[r.Operation] = Operation{Method: r.Method, Path: r.Path,
				Permissions: some(r.Permissions), Names: c.Operations[r.Operation].Names}
		}
	}
	if _, config.Webhooks = config.Operations["createWebhook"]; config.Webhooks {
		for _, k := range events.Kinds {
			config.Events = append(config.Events, Event{Type: k.Type, Summary: k.Summary})
		}
	}
	return config
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

// answers finds the slots in the shapes of key management and of errors.
func answers(s contract.Shapes) Answers {
	item, list := &contract.Node{Slot: "item"}, api.ManagementList
	if s.Management {
		list = s.List
		if s.Item != nil {
			item = s.Item
		}
	}
	message := find(s.Error, "message")
	if message == nil {
		message = find(s.Error, "summary")
	}
	return Answers{Item: find(item, "item"), Items: find(list, "items"), Next: find(list, "next"), Total: find(list, "total"),
		Code: find(s.Error, "code"), Message: message, Details: find(s.Error, "details")}
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
