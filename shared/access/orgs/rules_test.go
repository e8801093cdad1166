package orgs

import (
	"testing"

	"statgate/shared/api"
)

func TestOnlyOperatorsReachAnotherOrganisation(t *testing.T) {
	t.Parallel()
	const own, other = "org_1", "org_2"
	for _, role := range []string{api.RoleOperator, api.RoleOwner, api.RoleAdmin, api.RoleMember, ""} {
		c := &api.Caller{Org: own, Role: role}
		operator := role == api.RoleOperator
		for org, want := range map[string]bool{own: true, other: operator, "": operator} {
			at, wrong := sees(c, org)
			if (wrong == nil) != want || want && at.org != org || !want && (at != reachable{} || wrong.Condition != api.NotFound) {
				t.Errorf("sees, role %q, organisation %q: got %q, %v, want it to be reachable: %v", role, org, at.org, wrong, want)
			}
			want = want && role != api.RoleMember && role != ""
			if at, wrong = manages(c, org); (wrong == nil) != want || want && at.org != org || !want && at != (reachable{}) {
				t.Errorf("manages, role %q, organisation %q: got %q, %v, want it to be reachable: %v", role, org, at.org, wrong, want)
			}
		}
	}
}
