package keys

import (
	"slices"
	"sort"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// dataPermissions are the permissions of all data routes: what a key may do if the contract
// has no scopes and the owner's role decides.
var dataPermissions = func() []string {
	seen := map[string]bool{}
	for _, r := range api.Routes {
		if r.Management {
			continue
		}
		for _, p := range r.Permissions {
			seen[p] = true
		}
	}
	all := make([]string, 0, len(seen))
	for p := range seen {
		all = append(all, p)
	}
	sort.Strings(all)
	return all
}()

// permissions returns the permission patterns of scopes, before the owner's role narrows
// them. Scopes that the contract no longer has grant nothing.
func permissions(s contract.Scopes, scopes []string) []string {
	names := s.Names()
	known := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(names, scope) })
	patterns, err := s.Permissions(known)
	if err != nil {
		return nil
	}
	if s.Style == "role" {
		patterns = append(patterns, dataPermissions...)
		sort.Strings(patterns)
	}
	return patterns
}

// narrowed returns the patterns that a role allows. Operators, owners and admins may do
// everything. Members may do everything with data except write it, and nothing with key
// management. Any other role allows nothing.
func narrowed(role string, patterns []string) []string {
	kept := []string{}
	switch role {
	case api.RoleOperator, api.RoleOwner, api.RoleAdmin:
		return patterns
	case api.RoleMember:
	default:
		return kept
	}
	for _, p := range patterns {
		noun, verb, _ := strings.Cut(p, ":")
		switch {
		case contract.IsManagement(p) || verb == "write":
		case verb == "*":
			kept = append(kept, noun+":read")
		default:
			kept = append(kept, p)
		}
	}
	return slices.Compact(kept)
}

// effective returns what a key may do: what its scopes and its owner's role both allow.
func effective(s contract.Scopes, scopes []string, role string) []string {
	return narrowed(role, permissions(s, scopes))
}

// covered reports whether a grants everything that b does.
func covered(a, b []string) bool {
	for _, p := range b {
		if !slices.ContainsFunc(a, func(q string) bool { return reaches(q, p) }) {
			return false
		}
	}
	return true
}

// reaches reports whether pattern q grants everything that pattern p does.
func reaches(q, p string) bool {
	qn, qv, _ := strings.Cut(q, ":")
	pn, pv, _ := strings.Cut(p, ":")
	return (qn == "*" || qn == pn) && (qv == "*" || qv == pv)
}

// meet returns what both a and b grant, as sorted patterns.
func meet(a, b []string) []string {
	both := []string{}
	for _, p := range a {
		for _, q := range b {
			pn, pv, _ := strings.Cut(p, ":")
			qn, qv, _ := strings.Cut(q, ":")
			noun, reach := narrower(pn, qn)
			verb, can := narrower(pv, qv)
			if reach && can {
				both = append(both, noun+":"+verb)
			}
		}
	}
	sort.Strings(both)
	return slices.Compact(both)
}

// narrower returns the intersection of two parts of a pattern; false if it is empty.
func narrower(p, q string) (string, bool) {
	switch {
	case p == "*":
		return q, true
	case q == "*" || p == q:
		return p, true
	}
	return "", false
}

// reach reports whether a key with these scopes reaches key management, and whether it reaches
// data. Roles and approvals are ignored, as they can change while the key does not.
func reach(s contract.Scopes, scopes []string) (manages, data bool) {
	for _, p := range permissions(s, scopes) {
		manages = manages || contract.IsManagement(p)
		data = data || contract.IsData(p)
	}
	return manages, data
}

// managing returns those of a key's management scopes that its owner's role allows.
func (ru rules) managing(scopes []string, role string) []string {
	s := ru.contract.Scopes
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return !s.IsManagementScope(scope) || len(narrowed(role, permissions(contract.Scopes{Management: s.Management}, []string{scope}))) == 0
	})
}

// rank orders roles by what they may do to each other's keys.
func rank(role string) int {
	return map[string]int{api.RoleMember: 1, api.RoleAdmin: 2, api.RoleOwner: 3, api.RoleOperator: 4}[role]
}

// grants refuses scopes that the caller may not give to a key whose owner has a role. Data
// scopes need both roles to allow them. Management scopes need a caller who holds them and
// an owner of no higher role than the caller's. Rotating obeys the same rule as making a
// key, as both obtain a secret.
func grants(s contract.Scopes, c *api.Caller, ownerRole string, scopes []string) *api.Error {
	for _, scope := range scopes {
		own := permissions(contract.Scopes{Verbs: s.Verbs, Resources: s.Resources, List: s.List, Management: s.Management}, []string{scope})
		for _, p := range own {
			held := covered(narrowed(ownerRole, []string{p}), []string{p})
			switch {
			case !held:
				return roleError("scope %q is not allowed for a key whose owner has the role %s", scope, ownerRole)
			case contract.IsManagement(p) && !covered(c.Permissions, []string{p}):
				return roleError("scope %q can be granted only by a key that holds it", scope)
			case contract.IsManagement(p) && rank(ownerRole) > rank(c.Role):
				return roleError("scope %q cannot be granted to an owner of a higher role (%s) than the caller's (%s)", scope, ownerRole, c.Role)
			case !covered(narrowed(c.Role, []string{p}), []string{p}):
				return roleError("scope %q exceeds the caller's role (%s)", scope, c.Role)
			}
		}
	}
	return nil
}

func roleError(format string, args ...any) *api.Error {
	return api.Fail(api.PermissionRole, format, args...)
}
