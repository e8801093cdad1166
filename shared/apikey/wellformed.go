package apikey

import "statgate/shared/contract"

// WellFormed tells whether secret has a prefix, an alphabet and a length of this
// contract, whichever environment's. It is what the edge can tell, which holds
// no key to read a tag with.
func WellFormed(rules contract.SecretRules, secret string) bool {
	prefix, ok := prefixOf(rules, secret)
	return ok && wellFormed(rules, secret[len(prefix):])
}
