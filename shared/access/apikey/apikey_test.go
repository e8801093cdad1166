package apikey

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"testing"

	"statgate/shared/contract"
)

var tagged = contract.SecretRules{
	Prefixes: map[string]string{"live": "sg_live_", "test": "sg_test_"},
	Alphabet: Base62, RandomBytes: 24, TagBytes: 8, Accept: [2]int{43, 43}, ShowLast: 4,
}

var plainHex = contract.SecretRules{
	Prefixes: map[string]string{"live": "balla_sk_"},
	Alphabet: Hex, RandomBytes: 32, Accept: [2]int{64, 64}, ShowLast: 4,
}

var plainBase62 = contract.SecretRules{
	Prefixes: map[string]string{"live": "sk_live_", "test": "sk_test_"},
	Alphabet: Base62, RandomBytes: 32, Accept: [2]int{38, 43}, ShowLast: 4,
}

var taggedHex = contract.SecretRules{
	Prefixes: map[string]string{"live": "th_"},
	Alphabet: Hex, RandomBytes: 16, TagBytes: 8, Accept: [2]int{48, 48},
}

var allRules = map[string]contract.SecretRules{
	"tagged base62": tagged, "plain hex": plainHex, "plain base62": plainBase62, "tagged hex": taggedHex,
}

var tagKey = []byte("0123456789abcdef0123456789abcdef")

func mint(t testing.TB, rules contract.SecretRules, environment string) string {
	t.Helper()
	secret, err := Mint(rules, environment, tagKey, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestMintedSecretsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, rules := range allRules {
		seen := map[string]bool{}
		for range 1000 {
			secret := mint(t, rules, "live")
			if err := Check(rules, "live", tagKey, secret); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, want := len(secret), len(rules.Prefixes["live"])+bodyLength(rules); got != want {
				t.Fatalf("%s: length %d, want %d", name, got, want)
			}
			if seen[secret] {
				t.Fatalf("%s: minted twice", name)
			}
			seen[secret] = true
		}
	}
}

func TestDefaultSecretIs43CharactersAfterThePrefix(t *testing.T) {
	t.Parallel()
	secret := mint(t, tagged, "test")
	if got, want := len(strings.TrimPrefix(secret, "sg_test_")), 43; got != want {
		t.Errorf("length %d, want %d", got, want)
	}
}

func TestShorterUntaggedSecretsAreAccepted(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]error{37: ErrMalformed, 38: nil, 42: nil, 43: nil, 44: ErrMalformed} {
		secret := "sk_live_" + strings.Repeat("z", length) // 43 z are more than 32 bytes: no structure is read
		if got := Check(plainBase62, "live", nil, secret); got != want {
			t.Errorf("%d characters: %v, want %v", length, got, want)
		}
	}
}

func TestASecretOfAnotherEnvironmentHasItsOwnError(t *testing.T) {
	t.Parallel()
	own := mint(t, tagged, "test")
	foreign, err := Mint(tagged, "live", []byte("another deployment's own tag key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secret string
		want   error
	}{
		"own":               {own, nil},
		"other environment": {foreign, ErrEnvironment},
		"relabelled":        {"sg_test_" + strings.TrimPrefix(foreign, "sg_live_"), ErrMalformed},
		"other, too short":  {foreign[:len(foreign)-1], ErrMalformed},
		"other, bad letter": {foreign[:len(foreign)-1] + "-", ErrMalformed},
	} {
		if got := Check(tagged, "test", tagKey, c.secret); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLongestPrefixDecidesTheEnvironment(t *testing.T) {
	t.Parallel()
	rules := plainBase62
	rules.Prefixes = map[string]string{"live": "sk_", "test": "sk_test_"}
	rules.Accept = [2]int{1, 60}
	if got := Check(rules, "live", nil, "sk_test_abc"); got != ErrEnvironment {
		t.Errorf("got %v, want %v", got, ErrEnvironment)
	}
}

func TestMalformedSecretsAreRefused(t *testing.T) {
	t.Parallel()
	good := mint(t, tagged, "live")
	for _, secret := range []string{
		"", "sg_live_", good[1:], good + "0", good[:len(good)-1], " " + good, good + " ", good + "\n",
		strings.ToUpper(good), "SG_LIVE_" + good[8:], "sg_live_" + strings.Repeat("z", 43), "sg_live_" + strings.Repeat("0", 43),
		"sg_live_" + strings.Repeat("é", 21) + "0", "sg_live_0" + good[8:], strings.Repeat("x", 1<<16),
	} {
		if got := Check(tagged, "live", tagKey, secret); got != ErrMalformed {
			t.Errorf("%.60q: %v, want %v", secret, got, ErrMalformed)
		}
	}
	if got := Check(plainHex, "live", nil, "balla_sk_"+strings.Repeat("A", 64)); got != ErrMalformed {
		t.Errorf("upper-case hex: %v, want %v", got, ErrMalformed)
	}
}

func TestValueThatOverflowsItsBytesIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 8, 9, 16, 20, 24, 31, 32, 40, 64} {
		most := bytes.Repeat([]byte{0xff}, n)
		text := string(encode62(most))
		back := make([]byte, n)
		if !decode62(back, text) || !bytes.Equal(back, most) {
			t.Errorf("%d bytes: the greatest value does not come back", n)
		}
		if over := spell62(new(big.Int).Add(new(big.Int).SetBytes(most), big.NewInt(1)), len(text)); decode62(back, over) {
			t.Errorf("%d bytes: 2^%d was accepted", n, 8*n)
		}
		if decode62(back, strings.Repeat("z", len(text))) {
			t.Errorf("%d bytes: all z was accepted", n)
		}
	}
}

func TestBase62AgreesWithBigArithmetic(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 64; n++ {
		raw := make([]byte, n)
		rand.Read(raw)
		raw[0] &= byte(n) // some leading zeros
		text := string(encode62(raw))
		if want := spell62(new(big.Int).SetBytes(raw), length62(n)); text != want {
			t.Errorf("%d bytes: %s, want %s", n, text, want)
		}
		back := make([]byte, n)
		if !decode62(back, text) || !bytes.Equal(back, raw) {
			t.Errorf("%d bytes: %x came back as %x", n, raw, back)
		}
	}
}

func spell62(n *big.Int, length int) string {
	out := make([]byte, length)
	rest, base := new(big.Int), big.NewInt(62)
	n = new(big.Int).Set(n)
	for i := length - 1; i >= 0; i-- {
		n.DivMod(n, base, rest)
		out[i] = digits62[rest.Int64()]
	}
	return string(out)
}

func TestTenThousandSingleCharacterMutationsAreRefused(t *testing.T) {
	t.Parallel()
	const letters = digits62 + "_- .~é"
	count := 0
	for name, rules := range map[string]contract.SecretRules{"base62": tagged, "hex": taggedHex} {
		for n := 0; n < 5000; {
			secret := mint(t, rules, "live")
			for at := range secret {
				other := letters[(n*7+at)%len(letters)]
				if secret[at] == other {
					continue
				}
				altered := secret[:at] + string(other) + secret[at+1:]
				if err := Check(rules, "live", tagKey, altered); err == nil {
					t.Fatalf("%s: accepted with character %d altered", name, at)
				}
				n++
				count++
			}
		}
	}
	if count < 10_000 {
		t.Errorf("%d mutations, want 10000", count)
	}
}

func FuzzSecretParsingNeverPanicsAndAcceptsOnlyWhatWasMinted(f *testing.F) {
	// Constant, as each worker of a fuzz run starts this function again.
	const known = "sg_live_N5koW5aQRRhHl032GjJee5cYPJdrcgBhAKNWOrfgnoR"
	for _, seed := range []string{"", "sg_live_", known, known[:20], "sg_live_" + strings.Repeat("z", 43), "balla_sk_\x00", "sk_live_é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		for name, rules := range allRules {
			for _, environment := range []string{"live", "test", "nowhere"} {
				err := Check(rules, environment, tagKey, secret)
				if err != nil && err != ErrMalformed && err != ErrEnvironment {
					t.Errorf("%s: %v", name, err)
				}
				if err == nil && rules.TagBytes > 0 && secret != known {
					t.Errorf("%s: accepted %q, which was never minted", name, secret)
				}
			}
			if _, last := Preview(rules, secret); len(last) > 4 {
				t.Errorf("%s: preview shows %d characters", name, len(last))
			}
		}
		if got, want := len(ID(secret)), 2*idBytes; got != want {
			t.Errorf("id of %d digits, want %d", got, want)
		}
	})
}

func FuzzAlteredSecretNeverAccepted(f *testing.F) {
	f.Add(0, byte('x'), []byte("seed"))
	f.Add(8, byte('0'), []byte{})
	f.Add(50, byte('_'), []byte{0xff, 0xff})
	f.Add(200, byte(0), []byte("another"))
	f.Fuzz(func(t *testing.T, at int, with byte, entropy []byte) {
		secret, err := Mint(tagged, "live", tagKey, bytes.NewReader(append(entropy, make([]byte, 64)...)))
		if err != nil {
			t.Fatal(err)
		}
		at = int(uint(at) % uint(len(secret)))
		altered := []byte(secret)
		altered[at] = with
		err = Check(tagged, "live", tagKey, string(altered))
		if same := string(altered) == secret; same != (err == nil) {
			t.Errorf("%q of %q: %v", altered, secret, err)
		}
	})
}

func TestUnsafeRulesMintNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*contract.SecretRules){
		"alphabet":        func(r *contract.SecretRules) { r.Alphabet = "base58" },
		"too little":      func(r *contract.SecretRules) { r.RandomBytes = 8 },
		"too much":        func(r *contract.SecretRules) { r.RandomBytes = 65 },
		"tag too long":    func(r *contract.SecretRules) { r.TagBytes = 33 },
		"no such prefix":  func(r *contract.SecretRules) { r.Prefixes = nil },
		"negative length": func(r *contract.SecretRules) { r.TagBytes = -1 },
	} {
		rules := tagged
		change(&rules)
		if _, err := Mint(rules, "live", tagKey, rand.Reader); err == nil {
			t.Errorf("%s: minted", name)
		}
	}
	if _, err := Mint(tagged, "live", nil, rand.Reader); err == nil {
		t.Error("minted a tag without a key")
	}
	if _, err := Mint(tagged, "live", tagKey, strings.NewReader("short")); err == nil {
		t.Error("minted from too little randomness")
	}
	if err := Check(tagged, "live", nil, mint(t, tagged, "live")); !errors.Is(err, ErrMalformed) {
		t.Errorf("without a tag key: %v, want %v", err, ErrMalformed)
	}
}

// Clients and tables hold the strings below. If any of them changed, every key would become
// invalid.
func TestStoredFormsNeverChange(t *testing.T) {
	t.Parallel()
	entropy := bytes.NewReader([]byte("abcdefghijklmnopqrstuvwx"))
	secret, err := Mint(tagged, "live", tagKey, entropy)
	if err != nil {
		t.Fatal(err)
	}
	peppers, err := ParsePeppers([]byte(`{"current":"2","root":"` + strings.Repeat("r", 64) + `","versions":{"2":"` + strings.Repeat("s", 64) + `"}}`))
	if err != nil {
		t.Fatal(err)
	}
	one, _ := peppers.pepper("1")
	two, _ := peppers.pepper("2")
	for _, c := range []struct{ name, got, want string }{
		{"secret", secret, "sg_live_N5koW5aQRRhHl032GjJee5cYPJdrcgBhAKNWOrfgnoR"},
		{"id", ID(secret), "d947d7a8f49712c01299b69c"},
		{"mac", MAC(one, secret), "af5e2f42a468830c1f347c15c2155012258b3f38c778d1d881b2bd303d1a69f8"},
		{"pepper 1", hexOf(one), "0b76ff8abeb1d98fa2557aacb60f6433afea44c5b3aebd33c891ff5641e92fa0"},
		{"pepper 2", hexOf(two), "00f20b8068e6543dcac7c888bc1dc0453e702e0bca518f442ddc0c2d8d8396ba"},
		{"tag key", hexOf(peppers.tagKey()), "005d724c2d289acfc3accd639f14e430c6f1fcd3197ea5c978591cff4562cdd1"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestPreviewShowsThePrefixAndFewLastCharacters(t *testing.T) {
	t.Parallel()
	secret := mint(t, tagged, "live")
	prefix, last := Preview(tagged, secret)
	if got, want := prefix+"…"+last, "sg_live_…"+secret[len(secret)-4:]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	hidden := tagged
	hidden.ShowLast = 0
	if _, last := Preview(hidden, secret); last != "" {
		t.Errorf("shows %q, want nothing", last)
	}
	if prefix, last := Preview(tagged, "sg_live_abcd"); prefix != "sg_live_" || last != "" {
		t.Errorf("a short body shows %q", last)
	}
}

func TestEmptyMACEqualsNothing(t *testing.T) {
	t.Parallel()
	if Equal("", "") || Equal("a", "b") || Equal("a", "") || !Equal("a", "a") {
		t.Error("comparison is wrong")
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, rules := range allRules {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			secret := mint(b, rules, "live")
			b.ReportAllocs()
			for b.Loop() {
				if err := Check(rules, "live", tagKey, secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIDAndMAC(b *testing.B) {
	secret := mint(b, tagged, "live")
	b.ReportAllocs()
	for b.Loop() {
		ID(secret)
		MAC(tagKey, secret)
	}
}
