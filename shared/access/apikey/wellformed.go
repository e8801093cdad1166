package apikey

import "statgate/shared/contract"

// WellFormed tells whether secret has a prefix, an alphabet and a length of this
// contract, whichever environment's. It is what the edge can tell, which holds
// no key to read a tag with.
func WellFormed(rules contract.SecretRules, secret string) bool {
	prefix, ok := prefixOf(rules, secret)
	return ok && wellFormed(rules, secret[len(prefix):])
}

// Environment names the environment whose secrets begin like text, "" for none.
func Environment(rules contract.SecretRules, text string) string {
	prefix, ok := prefixOf(rules, text)
	for name, p := range rules.Prefixes {
		if ok && p == prefix {
			return name
		}
	}
	return ""
}

// Spelt tells whether text, a part of a secret after its prefix, is of the
// contract's alphabet.
func Spelt(rules contract.SecretRules, text string) bool {
	for i := range len(text) {
		if !inAlphabet(rules.Alphabet, text[i]) {
			return false
		}
	}
	return true
}
