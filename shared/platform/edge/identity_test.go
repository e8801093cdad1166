package edge_test

import (
	"slices"
	"testing"

	"statgate/shared/contract"
	"statgate/shared/platform/edge"
)

func TestPoliciesAreCachedOnlyWithASingleTransport(t *testing.T) {
	t.Parallel()
	cached := func(header string) edge.Identity { return edge.Identity{Header: header, TTL: edge.PolicyTTL} }
	for _, c := range []struct {
		transports []string
		deployed   bool
		want       edge.Identity
	}{
		{[]string{contract.Bearer}, false, cached("Authorization")},
		{[]string{contract.Bearer}, true, cached("Authorization")},
		{[]string{contract.XAPIKey}, false, cached("X-API-Key")},
		{[]string{contract.XAPIKey}, true, cached("Authorization")},
		{[]string{contract.Query}, false, edge.Identity{}},
		{[]string{contract.Bearer, contract.XAPIKey}, false, edge.Identity{}},
		{[]string{contract.Bearer, contract.XAPIKey}, true, cached("Authorization")},
		{[]string{contract.XAPIKey, contract.Bearer, contract.Query}, false, edge.Identity{}},
	} {
		with := &contract.Contract{Transports: map[string][]string{"http": slices.Clone(c.transports)}}
		if got := edge.IdentityOf(with, c.deployed); got != c.want {
			t.Errorf("%v, edge %v: got %+v, want %+v", c.transports, c.deployed, got, c.want)
		}
	}
}
