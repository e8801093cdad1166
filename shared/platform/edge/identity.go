package edge

import (
	"time"

	"statgate/shared/contract"
)

// PolicyTTL is how long API Gateway may reuse a policy. Revoked and narrowed keys are
// refused immediately nevertheless, by the gate.
const PolicyTTL = 300 * time.Second

// Identity tells API Gateway which header has the secret and how long it may reuse a
// policy. Without a header there is no identity source: API Gateway calls the
// authorizer for every request, and the authorizer reads the transports itself.
type Identity struct {
	Header string        // "Authorization", "X-API-Key" or ""
	TTL    time.Duration // 0 without a header
}

// IdentityOf returns the identity of a deployment; deployed says whether it has an
// edge. API Gateway requires every identity source in each request, so it can only
// read one transport: Authorization behind an edge, otherwise the contract's only
// transport. With several transports and no edge, no policy is cached.
//
// The query string is never an identity source, as API Gateway's own logs would
// contain the secret.
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
