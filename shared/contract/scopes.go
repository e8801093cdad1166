package contract

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Scopes maps a contract's scopes to permissions. A key stores scopes as the contract
// spells them; code checks permissions only.
type Scopes struct {
	// Style is "list" (each scope grants permissions), "grid" (verbs × resources),
	// "levels" (a level by category and scope, spelt category.scope:level) or
	// "role" (no scopes: the owner's role decides).
	Style string  `json:"style"`
	List  []Scope `json:"list,omitempty"`
	// Verbs and Resources are the grid. A resource named alone reads; a verb named
	// alone reaches every resource; both together meet.
	Verbs     []GridVerb `json:"verbs,omitempty"`
	Resources []Scope    `json:"resources,omitempty"` // Grants are nouns here
	// Management is the scopes of key management, spelt alike in every contract.
	Management []Scope `json:"management"`
	// Default is the scopes of a key that is created without any; empty means
	// that scopes are required.
	Default []string `json:"default,omitempty"`
}

// Scope is one scope and the permission patterns that it grants.
type Scope struct {
	Name   string   `json:"name"`
	Grants []string `json:"grants"`
	Doc    string   `json:"doc,omitempty"`
	// Needs is the approval without which the scope grants nothing: [NeedsGeneral]
	// or [NeedsGame]; "" if it needs no approval.
	Needs string `json:"needs,omitempty"`
}

// Approvals that a scope may need of the organisation that owns the key.
const (
	NeedsGeneral = "general" // as a developer
	NeedsGame    = "game"    // as the developer of the game that the key is bound to
)

// GridVerb is a verb of a grid.
type GridVerb struct {
	Name string `json:"name"`
	Verb string `json:"verb"` // the permission's verb: read or write
	Doc  string `json:"doc,omitempty"`
}

// managementNouns are the nouns of key management. A key with permissions on them alone is a
// management key.
var managementNouns = []string{"keys", "orgs", "audit", "sessions"}

// IsManagement reports whether a permission or pattern reaches key management.
func IsManagement(permission string) bool {
	noun, _, _ := strings.Cut(permission, ":")
	return noun == "*" || slices.Contains(managementNouns, noun)
}

// IsData reports whether a permission or pattern reaches anything but key management.
func IsData(permission string) bool {
	noun, _, _ := strings.Cut(permission, ":")
	return !slices.Contains(managementNouns, noun)
}

// personalNouns are the nouns of what belongs to the key's owner alone: their accounts on
// other platforms and their own history.
var personalNouns = []string{"connections", "history.user"}

// IsPersonal reports whether a permission reaches what belongs to the key's owner alone. A
// pattern for any noun does.
func IsPersonal(permission string) bool {
	noun, _, _ := strings.Cut(permission, ":")
	first, _, _ := strings.Cut(noun, ".")
	return noun == "*" || slices.Contains(personalNouns, noun) || slices.Contains(personalNouns, first)
}

// Names lists every scope that a key may be given, data scopes first.
func (s Scopes) Names() []string {
	var names []string
	for _, l := range s.all() {
		names = append(names, l.Name)
	}
	return names
}

func (s Scopes) all() []Scope {
	var all []Scope
	for _, v := range s.Verbs {
		all = append(all, Scope{Name: v.Name, Doc: v.Doc})
	}
	all = append(all, s.Resources...)
	all = append(all, s.List...)
	return append(all, s.Management...)
}

// Scopes lists every scope with its documentation, data scopes first.
func (s Scopes) Scopes() []Scope { return s.all() }

// IsManagementScope reports whether the scope is one of key management.
func (s Scopes) IsManagementScope(name string) bool {
	return slices.ContainsFunc(s.Management, func(m Scope) bool { return m.Name == name })
}

// Needs returns the approval that a scope needs; "" if it needs none.
func (s Scopes) Needs(name string) string {
	for _, l := range s.List {
		if l.Name == name {
			return l.Needs
		}
	}
	return ""
}

// NeedFor returns the approval without which no scope grants the permission; "" if a scope
// grants it without one, or none does.
func (s Scopes) NeedFor(permission string) string {
	need := ""
	for _, l := range s.List {
		if !Allows(l.Grants, permission) {
			continue
		}
		if l.Needs == "" {
			return ""
		}
		need = l.Needs
	}
	return need
}

// NeedApproval reports whether any scope of the contract needs the approval.
func (s Scopes) NeedApproval(need string) bool {
	return slices.ContainsFunc(s.List, func(l Scope) bool { return l.Needs == need })
}

// Permissions returns the permission patterns of scopes ("matches:read", "leagues:*"),
// sorted and without duplicates. An unknown scope is an error that names it.
func (s Scopes) Permissions(scopes []string) ([]string, error) {
	got := map[string]bool{}
	var verbs []GridVerb
	var resources []Scope
	for _, name := range scopes {
		if v := slices.IndexFunc(s.Verbs, func(v GridVerb) bool { return v.Name == name }); v >= 0 {
			verbs = append(verbs, s.Verbs[v])
			continue
		}
		if r := slices.IndexFunc(s.Resources, func(r Scope) bool { return r.Name == name }); r >= 0 {
			resources = append(resources, s.Resources[r])
			continue
		}
		grants, ok := s.listed(name)
		if !ok {
			return nil, fmt.Errorf("unknown scope %q", name)
		}
		for _, g := range grants {
			got[g] = true
		}
	}
	s.grid(verbs, resources, got)
	patterns := make([]string, 0, len(got))
	for p := range got {
		patterns = append(patterns, p)
	}
	sort.Strings(patterns)
	return patterns, nil
}

func (s Scopes) listed(name string) ([]string, bool) {
	for _, l := range append(s.List[:len(s.List):len(s.List)], s.Management...) {
		if l.Name == name {
			return l.Grants, true
		}
	}
	return nil, false
}

// grid adds the permissions of verbs and resources. A named resource can always be read.
// A verb applies to the named resources, or to all if no resource is named.
func (s Scopes) grid(verbs []GridVerb, resources []Scope, got map[string]bool) {
	reached := resources
	if len(reached) == 0 {
		reached = s.Resources
	}
	for _, v := range verbs {
		for _, r := range reached {
			for _, noun := range r.Grants {
				got[noun+":"+v.Verb] = true
			}
		}
	}
	for _, r := range resources {
		for _, noun := range r.Grants {
			got[noun+":read"] = true
		}
	}
}

// Allows reports whether any of the patterns covers the permission. In a pattern,
// "*" stands for any noun or any verb.
func Allows(patterns []string, permission string) bool {
	noun, verb, _ := strings.Cut(permission, ":")
	for _, p := range patterns {
		n, v, _ := strings.Cut(p, ":")
		if (n == "*" || n == noun) && (v == "*" || v == verb) {
			return true
		}
	}
	return false
}
