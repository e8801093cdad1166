package keys

import (
	"slices"
	"strings"

	"statgate/shared/api"
	"statgate/shared/contract"
	"statgate/shared/table"
)

// Some permissions reach what belongs to a key's owner alone (see [contract.IsPersonal]). A
// member who makes or rotates another member's key sees its secret, and so must not reach
// that with it. The mark is on the secret and not on the key: a rotation by the owner leaves
// the old secret marked until its overlap ends, and a rotation by another member marks a key
// that was the owner's own. Whatever a marked secret makes is marked too.

// personalAttr is the attribute of a secret's item that says whether it may reach what is
// personal. Secrets that were stored before it have none.
const personalAttr = "personal"

// claims reports whether a secret that the caller obtains is the owner's own. Operators set the
// personal data themselves, and hand keys out to the members who own them.
func claims(c *api.Caller, owner string) bool {
	return c.Operator() || c.User == owner && !c.Unclaimed
}

// unclaimed reports whether another member than the key's owner obtained the secret. For a
// secret without the attribute, it is whether another user made the key; imported keys have
// no maker.
func unclaimed(secret table.Item, k record) bool {
	if personal, known := secret[personalAttr].(bool); known {
		return !personal
	}
	return k.CreatedBy != "" && k.CreatedBy != k.Owner
}

// impersonal returns what the patterns grant apart from personal permissions. It does not
// change the list.
func impersonal(patterns []string) []string {
	kept := make([]string, 0, len(patterns))
	for _, p := range patterns {
		switch {
		case !contract.IsPersonal(p):
			kept = append(kept, p)
		case strings.HasPrefix(p, "*:"):
			for _, one := range routePermissions {
				if contract.Allows([]string{p}, one) && !contract.IsPersonal(one) {
					kept = append(kept, one)
				}
			}
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// routePermissions are the permissions of all routes.
var routePermissions = func() []string {
	var all []string
	for _, r := range api.Routes {
		all = append(all, r.Permissions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}()
