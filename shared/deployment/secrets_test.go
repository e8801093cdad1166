package deployment_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"statgate/shared/apikey"
	"statgate/shared/contract"
	"statgate/shared/contract/preset"
	"statgate/shared/deployment/deploymenttest"
)

// TestTenThousandAlteredSecretsOfEachContractAreRefused changes one character at a
// time of a secret that is valid: by its form, its tag or its hash it is another.
func TestTenThousandAlteredSecretsOfEachContractAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := deploymenttest.New(t, name)
			letters := "0123456789abcdef_- .~é"
			if w.Contract.Secret.Alphabet == "base62" {
				letters += "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			}
			secret := w.Operator
			for n, round := 0, 0; n < 10_000; round++ {
				for at := range secret {
					with := letters[(round+at)%len(letters)]
					if secret[at] == with {
						continue
					}
					if _, err := w.Keys.Authenticate(t.Context(), secret[:at]+string(rune(with))+secret[at+1:]); err == nil {
						t.Fatalf("accepted with character %d altered", at)
					}
					n++
				}
			}
			if _, err := w.Keys.Authenticate(t.Context(), secret); err != nil {
				t.Errorf("the secret itself: %v", err)
			}
		})
	}
}

// FuzzSecretOfAnyContractIsTakenForWhatItsContractSaysOrRefused parses any text by
// the rules of every preset.
func FuzzSecretOfAnyContractIsTakenForWhatItsContractSaysOrRefused(f *testing.F) {
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	tag, err := apikey.FixedPeppers(root, time.Now).TagKey(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	contracts := map[string]*contract.Contract{}
	for _, name := range preset.Names() {
		if contracts[name], err = preset.Load(name); err != nil {
			f.Fatal(err)
		}
		for _, prefix := range contracts[name].Secret.Prefixes {
			f.Add(prefix)
			f.Add(prefix + strings.Repeat("a", 32))
			f.Add(prefix + strings.Repeat("f", 64))
			f.Add(prefix + strings.Repeat("z", 43))
		}
	}
	f.Fuzz(func(t *testing.T, secret string) {
		for name, c := range contracts {
			for _, environment := range c.Environments {
				err := apikey.Check(c.Secret, environment, tag, secret)
				rest, prefixed := strings.CutPrefix(secret, c.Secret.Prefixes[environment])
				switch {
				case err == nil && (!prefixed || len(rest) < c.Secret.Accept[0] || len(rest) > c.Secret.Accept[1] || c.Secret.TagBytes > 0):
					t.Errorf("%s: %q was taken for a secret of %s", name, secret, environment)
				case err != nil && !errors.Is(err, apikey.ErrMalformed) && !errors.Is(err, apikey.ErrEnvironment):
					t.Errorf("%s: %q: %v", name, secret, err)
				}
			}
		}
	})
}
