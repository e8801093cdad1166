// Package apikey mints, checks and hashes secrets: the strings that clients send.
//
// A secret is a prefix that names its environment, followed by a body. If the contract
// leaves room for it, the body is random bytes followed by an HMAC tag over prefix and
// random bytes. Forged or mistyped secrets are then refused before any read. If the
// contract promises that a secret has no structure, there is no tag and none is checked.
//
// A secret is never stored. Its [ID], which finds it, and its [MAC] under a pepper, which
// proves it, are stored instead. Neither can be inverted, and without the pepper even
// guessing against a copied table is impossible. Peppers derive from one root in a secret
// store ([Peppers], [PepperSource]).
//
// This package does not log. Types that hold key material print as "[redacted]".
package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"statgate/shared/contract"
)

// Errors of [Check].
var (
	// ErrMalformed means that the prefix, alphabet, length or tag is wrong.
	ErrMalformed = errors.New("apikey: malformed secret")
	// ErrEnvironment means that a well-formed secret has the prefix of another environment.
	ErrEnvironment = errors.New("apikey: secret of another environment")
)

// Alphabets that a contract may choose.
const (
	Base62 = "base62" // big-endian number in 0-9A-Za-z, padded with zeros to a fixed length
	Hex    = "hex"    // lower-case
)

// idBytes is 96 bits. That is enough that two secrets practically never share an id (an
// even chance at 2⁴⁸ secrets), and too little to be the secret's hash.
const idBytes = 12

// Mint makes a secret of the environment: its prefix, then rules.RandomBytes read from
// rand, then rules.TagBytes of tag under tagKey. Use crypto/rand.Reader.
func Mint(rules contract.SecretRules, environment string, tagKey []byte, rand io.Reader) (string, error) {
	prefix, ok := rules.Prefixes[environment]
	if !ok {
		return "", fmt.Errorf("apikey: no prefix for environment %q", environment)
	}
	if err := mintable(rules, tagKey); err != nil {
		return "", err
	}
	body := make([]byte, rules.RandomBytes, rules.RandomBytes+sha256.Size)
	if _, err := io.ReadFull(rand, body); err != nil {
		return "", fmt.Errorf("apikey: reading randomness: %w", err)
	}
	if rules.TagBytes > 0 {
		body = append(body, tag(tagKey, prefix, body)[:rules.TagBytes]...)
	}
	if rules.Alphabet == Hex {
		return prefix + hex.EncodeToString(body), nil
	}
	return prefix + string(encode62(body)), nil
}

// mintable refuses rules whose secrets could be guessed or forged.
func mintable(rules contract.SecretRules, tagKey []byte) error {
	switch {
	case rules.Alphabet != Base62 && rules.Alphabet != Hex:
		return fmt.Errorf("apikey: unknown alphabet %q", rules.Alphabet)
	case rules.RandomBytes < 16 || rules.RandomBytes > 64:
		return fmt.Errorf("apikey: %d random bytes, want 16 to 64", rules.RandomBytes)
	case rules.TagBytes < 0 || rules.TagBytes > sha256.Size:
		return fmt.Errorf("apikey: %d tag bytes, want 0 to %d", rules.TagBytes, sha256.Size)
	case rules.TagBytes > 0 && len(tagKey) < 16:
		return errors.New("apikey: the tag key is missing or too short")
	}
	return nil
}

// Check returns nil if secret may be one of this deployment's, else [ErrMalformed] or
// [ErrEnvironment]. It reads no store and never panics.
//
// It does not check the tag of another environment's secret: that environment has a root of
// its own.
func Check(rules contract.SecretRules, environment string, tagKey []byte, secret string) error {
	own, home := rules.Prefixes[environment]
	prefix, ok := prefixOf(rules, secret)
	if !ok {
		return ErrMalformed
	}
	body := secret[len(prefix):]
	if !wellFormed(rules, body) {
		return ErrMalformed
	}
	if !home || prefix != own {
		return ErrEnvironment
	}
	if rules.TagBytes > 0 && !tagMatches(rules, prefix, tagKey, body) {
		return ErrMalformed
	}
	return nil
}

// prefixOf returns the longest matching prefix, as one environment's prefix may begin
// another's.
func prefixOf(rules contract.SecretRules, secret string) (string, bool) {
	found, ok := "", false
	for _, p := range rules.Prefixes {
		if strings.HasPrefix(secret, p) && (!ok || len(p) > len(found)) {
			found, ok = p, true
		}
	}
	return found, ok
}

// wellFormed checks length and alphabet of the body.
func wellFormed(rules contract.SecretRules, body string) bool {
	least, most := rules.Accept[0], rules.Accept[1]
	if rules.TagBytes > 0 {
		// A tag is at a fixed position, so there is one length.
		least = bodyLength(rules)
		most = least
	}
	if len(body) < least || len(body) > most || len(body) == 0 {
		return false
	}
	for i := range len(body) {
		if !inAlphabet(rules.Alphabet, body[i]) {
			return false
		}
	}
	return true
}

func bodyLength(rules contract.SecretRules) int {
	if rules.Alphabet == Hex {
		return hex.EncodedLen(rules.RandomBytes + rules.TagBytes)
	}
	return length62(rules.RandomBytes + rules.TagBytes)
}

func inAlphabet(alphabet string, c byte) bool {
	if alphabet == Hex {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
	}
	return value62[c] < 62
}

func tagMatches(rules contract.SecretRules, prefix string, tagKey []byte, body string) bool {
	if mintable(rules, tagKey) != nil {
		return false // rules that could not have minted any secret
	}
	raw := make([]byte, rules.RandomBytes+rules.TagBytes)
	if rules.Alphabet == Hex {
		if _, err := hex.Decode(raw, []byte(body)); err != nil {
			return false
		}
	} else if !decode62(raw, body) {
		return false
	}
	want := tag(tagKey, prefix, raw[:rules.RandomBytes])[:rules.TagBytes]
	return subtle.ConstantTimeCompare(raw[rules.RandomBytes:], want) == 1
}

func tag(key []byte, prefix string, random []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(prefix))
	h.Write(random)
	return h.Sum(nil)
}

// ID names a secret where the secret itself must not appear: 24 hex digits, the first 12
// bytes of its SHA-256. It is the key of the stored item, of caches and of log lines.
func ID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:idBytes])
}

// Hash returns a secret's SHA-256 as 64 hex digits, which is how other systems store keys.
// Here it proves an imported secret only until its first use.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// IDOf is the [ID] of the secret that has this [Hash].
func IDOf(hash string) string { return hash[:hex.EncodedLen(idBytes)] }

// MAC returns what is stored to prove a secret: HMAC-SHA-256 under the pepper, as 64 hex
// digits.
func MAC(pepper []byte, secret string) string {
	h := hmac.New(sha256.New, pepper)
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil))
}

// Equal compares two MACs or hashes in constant time. An empty one equals nothing.
func Equal(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// Preview returns what lists may show of a secret: its prefix and its last rules.ShowLast
// characters (at most 4, and less than a quarter of the body).
func Preview(rules contract.SecretRules, secret string) (prefix, lastFour string) {
	prefix, _ = prefixOf(rules, secret)
	show := min(rules.ShowLast, 4)
	if body := secret[len(prefix):]; show > 0 && len(body) > 4*show {
		lastFour = body[len(body)-show:]
	}
	return prefix, lastFour
}
