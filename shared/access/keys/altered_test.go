package keys_test

import (
	"strings"
	"testing"

	"statgate/shared/access/keys"
	"statgate/shared/access/keys/keystest"
	"statgate/shared/api/preset"
)

// TestTenThousandAlteredSecretsOfEachContractAreRefused changes one character of a
// valid secret at a time. Each character after the prefix becomes every digit of its
// alphabet, so most altered secrets are refused only by the store.
func TestTenThousandAlteredSecretsOfEachContractAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := keystest.New(t, keystest.Memory(t), name)
			operator := w.Bootstrap(t)
			refused := 0
			for refused < 10_000 {
				operator = rotated(t, w, operator)
				for at := range operator.Secret {
					for _, with := range "0123456789abcdefghijklmnopqrstuvwxyzABCXYZ_-~" {
						altered := operator.Secret[:at] + string(with) + operator.Secret[at+1:]
						if altered == operator.Secret {
							continue
						}
						c, err := w.Keys.Authenticate(t.Context(), altered)
						if c != nil || !strings.HasPrefix(keystest.Condition(err), "secret.") {
							t.Fatalf("character %d as %q: got %v, %v", at, with, c, err)
						}
						refused++
					}
				}
			}
			if c, err := w.Keys.Authenticate(t.Context(), operator.Secret); err != nil || c.Key != operator.ID {
				t.Errorf("the secret as it was: got %v, %v", c, err)
			}
		})
	}
}

// rotated returns the same key with a new secret.
func rotated(t *testing.T, w *keystest.Fixture, k keys.Minted) keys.Minted {
	t.Helper()
	r, err := w.Keys.Rotate(t.Context(), w.By(t, k.Secret), k.ID, "", true)
	if err != nil {
		t.Fatal(err)
	}
	return keys.Minted{Key: r.Key, Secret: r.Secret}
}
