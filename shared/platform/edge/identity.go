package edge

import (
	"time"

	"statgate/shared/contract"
)

// PolicyTTL is how long API Gateway may reuse a policy. The gate makes every
// narrowing immediate in spite of it.
const PolicyTTL = 300 * time.Second

// Identity is where API Gateway finds the secret, and how long it may reuse the
// policy that it got for one. Without a header there is no identity source: the
// authorizer is called for every request and reads the transports itself.
type Identity struct {
	Header string        // "Authorization", "X-API-Key" or ""
	TTL    time.Duration // 0 without a header
}

// IdentityOf tells how the authorizer of a deployment is asked. API Gateway wants
// all of its identity sources at once, so that it can read one transport and no
// more: the one that the edge leaves, or the contract's only one. Where several
// transports come without an edge, nothing may be cached.
//
// A secret in the query is no identity source in any deployment: API Gateway's own
// logs would name it.
func IdentityOf(c *contract.Contract, deployed bool) Identity {
	headers := map[string]string{contract.Bearer: "Authorization", contract.XAPIKey: "X-API-Key"}
	if deployed {
		return Identity{Header: headers[contract.Bearer], TTL: PolicyTTL}
	}
	if listed := c.HTTPTransports(); len(listed) == 1 && headers[listed[0]] != "" {
		return Identity{Header: headers[listed[0]], TTL: PolicyTTL}
	}
	return Identity{}
}
