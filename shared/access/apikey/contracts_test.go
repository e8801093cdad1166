package apikey_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"statgate/shared/access/apikey"
	"statgate/shared/api/preset"
	"statgate/shared/contract"
)

// digits are characters that may follow a prefix, by alphabet.
var digits = map[string]string{
	apikey.Base62: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	apikey.Hex:    "0123456789abcdef",
}

var key = []byte("0123456789abcdef0123456789abcdef")

// contracts are all presets, by name.
func contracts(t testing.TB) map[string]*contract.Contract {
	t.Helper()
	all := map[string]*contract.Contract{}
	for _, name := range preset.Names() {
		c, err := preset.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = c
	}
	return all
}

// minted is the contract's secret for this randomness: always the same, as each worker of a
// fuzz run starts again.
func minted(t testing.TB, c *contract.Contract, entropy []byte) string {
	t.Helper()
	secret, err := apikey.Mint(c.Secret, c.Environments[0], key, bytes.NewReader(append(entropy, make([]byte, 64)...)))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func FuzzEachContractsParserAcceptsOnlyItsOwnForm(f *testing.F) {
	known := map[string]string{}
	for name, c := range contracts(f) {
		known[name] = minted(f, c, []byte("a seed of "+name))
		prefix := c.Secret.Prefixes[c.Environments[0]]
		body := strings.TrimPrefix(known[name], prefix)
		for _, secret := range []string{known[name], prefix, body, prefix + prefix + body, prefix + strings.ToUpper(body), prefix + body[1:],
			prefix + body + "0", prefix + strings.Repeat("0", len(body)), prefix + strings.Repeat("z", len(body)), prefix + "\x00" + body[1:], prefix + "é" + body[2:], " " + known[name]} {
			f.Add(name, secret)
		}
	}
	all := contracts(f)
	f.Fuzz(func(t *testing.T, name, secret string) {
		c, ok := all[name]
		if !ok {
			return
		}
		for _, environment := range append([]string{"nowhere"}, c.Environments...) {
			err := apikey.Check(c.Secret, environment, key, secret)
			if err != nil {
				if !errors.Is(err, apikey.ErrMalformed) && !errors.Is(err, apikey.ErrEnvironment) {
					t.Errorf("%s: %q: %v", name, secret, err)
				}
				continue
			}
			body, own := strings.CutPrefix(secret, c.Secret.Prefixes[environment])
			if !own || len(body) < c.Secret.Accept[0] || len(body) > c.Secret.Accept[1] || strings.Trim(body, digits[c.Secret.Alphabet]) != "" {
				t.Errorf("%s: %s accepts %q", name, environment, secret)
			}
			if c.Secret.TagBytes > 0 && secret != known[name] {
				t.Errorf("%s: accepts %q, which was never minted", name, secret)
			}
		}
	})
}

func FuzzAnAlteredSecretOfAnyContractIsNeverAccepted(f *testing.F) {
	all := contracts(f)
	for name, c := range all {
		prefix := len(c.Secret.Prefixes[c.Environments[0]])
		for _, at := range []int{0, prefix - 1, prefix, prefix + 9, -1} {
			f.Add(name, at, byte('0'), []byte(name))
			f.Add(name, at, byte('f'), []byte{})
			f.Add(name, at, byte(0), []byte{0xff, 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, name string, at int, with byte, entropy []byte) {
		c, ok := all[name]
		if !ok {
			return
		}
		secret := minted(t, c, entropy)
		altered := []byte(secret)
		altered[uint(at)%uint(len(secret))] = with
		assertRefused(t, c, secret, string(altered))
	})
}

// assertRefused fails the test if an altered secret is accepted as the original: if its tag
// matches or, in contracts without tags, if it finds or proves the original's stored data.
func assertRefused(t *testing.T, c *contract.Contract, secret, altered string) {
	t.Helper()
	if secret == altered {
		return
	}
	if err := apikey.Check(c.Secret, c.Environments[0], key, altered); err == nil && c.Secret.TagBytes > 0 {
		t.Fatalf("%s: %q, altered from %q, is accepted", c.Name, altered, secret)
	}
	if apikey.ID(altered) == apikey.ID(secret) || apikey.Equal(apikey.MAC(key, altered), apikey.MAC(key, secret)) {
		t.Fatalf("%s: %q finds or proves %q", c.Name, altered, secret)
	}
}

func TestTenThousandSingleCharacterMutationsOfEachContractsSecretAreNeverAccepted(t *testing.T) {
	t.Parallel()
	const with = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_- .~"
	for name, c := range contracts(t) {
		for n := 0; n < 10_000; {
			secret := minted(t, c, []byte(name+strings.Repeat("x", n%40)))
			for at := range secret {
				for i := range with {
					altered := secret[:at] + with[i:i+1] + secret[at+1:]
					if altered != secret {
						assertRefused(t, c, secret, altered)
						n++
					}
				}
			}
		}
	}
}
