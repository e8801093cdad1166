package apikey

import "statgate/shared/contract"

// WellFormed reports whether secret has the prefix of any environment, the alphabet and the
// length of this contract. The edge checks only this, as it has no tag key.
func WellFormed(rules contract.SecretRules, secret string) bool {
	prefix, ok := prefixOf(rules, secret)
	return ok && wellFormed(rules, secret[len(prefix):])
}

// Environment returns the environment whose secrets begin like text, "" for none.
func Environment(rules contract.SecretRules, text string) string {
	prefix, ok := prefixOf(rules, text)
	for name, p := range rules.Prefixes {
		if ok && p == prefix {
			return name
		}
	}
	return ""
}

// Spelt reports whether text, a part of a secret's body, is in the contract's alphabet.
func Spelt(rules contract.SecretRules, text string) bool {
	for i := range len(text) {
		if !inAlphabet(rules.Alphabet, text[i]) {
			return false
		}
	}
	return true
}
