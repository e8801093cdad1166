package apikey

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func hexOf(b Sensitive) string { return hex.EncodeToString(b) }

func newRoot(t *testing.T) []byte {
	t.Helper()
	raw, err := NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func addVersion(t *testing.T, raw []byte) []byte {
	t.Helper()
	more, err := AddVersion(raw, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return more
}

func TestAddedVersionKeepsOldPeppersAndTheTagKey(t *testing.T) {
	t.Parallel()
	first := newRoot(t)
	third := addVersion(t, addVersion(t, first))
	before, err := ParsePeppers(first)
	if err != nil {
		t.Fatal(err)
	}
	after, err := ParsePeppers(third)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := before.Current()+after.Current(), "13"; got != want {
		t.Errorf("current versions %s, want %s", got, want)
	}
	old, _ := before.pepper("1")
	same, _ := after.pepper("1")
	if !bytes.Equal(old, same) || !bytes.Equal(before.tagKey(), after.tagKey()) {
		t.Error("pepper 1 or the tag key changed")
	}
	two, _ := after.pepper("2")
	three, ok := after.pepper("3")
	if !ok || bytes.Equal(two, three) || bytes.Equal(two, same) || bytes.Equal(same, after.tagKey()) {
		t.Error("derived keys are not distinct")
	}
	if _, ok := before.pepper("2"); ok {
		t.Error("the first root has a version 2")
	}
}

func TestBadPeppersAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("q", 64)
	for _, raw := range []string{
		``, `null`, `[]`, `{}`, `{"current":"1"}`, `{"current":"1","root":"qqqq"}`, `{"current":"2","root":"` + long + `"}`,
		`{"root":"` + long + `"}`, `{"current":"1","root":"` + long + `","versions":{"1":"` + long + `"}}`,
		`{"current":"1","root":"` + long + `","versions":{"02":"` + long + `"}}`,
		`{"current":"1","root":"` + long + `","versions":{"2":"qqqq"}}`, `{"current":"1","root":"` + long + `"} trailing`,
		`{"current":"1","root":` + long + `}`,
		`{"current":"1","root":"` + long + `","retired":["1"]}`, `{"current":"1","root":"` + long + `","retired":["x"]}`,
		`{"current":"1","root":"` + long + `","versions":{"2":"` + long + `"},"retired":["2"]}`,
	} {
		_, err := ParsePeppers([]byte(raw))
		if err == nil {
			t.Errorf("%s: accepted", raw)
		} else if strings.Contains(err.Error(), "qqqq") {
			t.Errorf("the error quotes the root: %v", err)
		}
	}
	if _, err := AddVersion([]byte(`{"current":"1","root":"`+long+`","note":"x"}`), rand.Reader); err == nil {
		t.Error("adding a version would have dropped a field that it does not know")
	}
}

func TestRootIs64CharactersAsCloudFormationMakesIt(t *testing.T) {
	t.Parallel()
	var s map[string]any
	if err := json.Unmarshal(newRoot(t), &s); err != nil {
		t.Fatal(err)
	}
	root, _ := s["root"].(string)
	if len(s) != 2 || s["current"] != "1" || len(root) != 64 {
		t.Errorf("a root of %d characters among %d fields", len(root), len(s))
	}
}

func TestKeyMaterialNeverPrints(t *testing.T) {
	t.Parallel()
	raw := addVersion(t, newRoot(t))
	peppers, err := ParsePeppers(raw)
	if err != nil {
		t.Fatal(err)
	}
	source := FixedPeppers(raw, time.Now)
	pepper, err := source.Current(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	key, material := pepper.Key, []string{string(pepper.Key), hexOf(pepper.Key), strings.Trim(fmt.Sprint([]byte(pepper.Key)), "[]")}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	plain := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{peppers, source, pepper, &pepper, key, &key, struct{ P Pepper }{pepper}, []Pepper{pepper}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		log.Info("x", "v", v)
		plain.Info("x", "v", v)
		b, _ := json.Marshal(v)
		out.Write(b)
	}
	for _, m := range material {
		if strings.Contains(out.String(), m) {
			t.Errorf("key material was printed as %q…", m[:8])
		}
	}
	if !strings.Contains(out.String(), redacted) {
		t.Error("nothing was redacted")
	}
}

// vault is a secret store that counts its reads.
type vault struct {
	sync.Mutex
	raw   []byte
	err   error
	reads int
	now   time.Time
}

func (v *vault) fetch(context.Context) ([]byte, error) {
	v.Lock()
	defer v.Unlock()
	v.reads++
	return v.raw, v.err
}

func (v *vault) clock() time.Time { v.Lock(); defer v.Unlock(); return v.now }

func (v *vault) change(f func()) { v.Lock(); defer v.Unlock(); f() }

func TestAnUnknownPepperVersionIsFetchedImmediately(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v := &vault{raw: newRoot(t), now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	if _, err := s.Get(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	v.change(func() { v.now = v.now.Add(2 * time.Second) })
	if _, err := s.Get(ctx, "2"); !errors.Is(err, ErrPepperUnknown) {
		t.Errorf("got %v, want %v", err, ErrPepperUnknown)
	}
	for range 100 {
		s.Get(ctx, "2")
	}
	if got, want := v.reads, 2; got != want {
		t.Errorf("%d reads for 101 unknown versions in one second, want %d", got, want)
	}
	v.change(func() { v.raw = addVersion(t, v.raw); v.now = v.now.Add(time.Second) })
	if p, err := s.Get(ctx, "2"); err != nil || p.Version != "2" {
		t.Errorf("after it was added: %v, %v", p.Version, err)
	}
}

func TestPeppersAreKeptAMinuteAndWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v := &vault{raw: newRoot(t), now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	for range 50 {
		if _, err := s.Current(ctx); err != nil {
			t.Fatal(err)
		}
		v.change(func() { v.now = v.now.Add(time.Second) })
	}
	if got, want := v.reads, 1; got != want {
		t.Errorf("%d reads in 50 s, want %d", got, want)
	}
	v.change(func() { v.raw, v.err = nil, errors.New("down"); v.now = v.now.Add(time.Hour) })
	if _, err := s.Get(ctx, "1"); err != nil {
		t.Errorf("the store is down: got %v, want the cached peppers", err)
	}
	if got, want := v.reads, 2; got != want {
		t.Errorf("%d reads, want %d", got, want)
	}
}

func TestStalePeppersMakeNoNewMACs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	down := errors.New("down")
	v := &vault{raw: newRoot(t), now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	if _, err := s.Current(ctx); err != nil {
		t.Fatal(err)
	}
	v.change(func() { v.err = down; v.now = v.now.Add(MACFor) })
	if _, err := s.Current(ctx); err != nil {
		t.Errorf("%v after they were read: %v", MACFor, err)
	}
	v.change(func() { v.now = v.now.Add(time.Second) })
	if _, err := s.Current(ctx); !errors.Is(err, down) {
		t.Errorf("got %v, want %v: the version may be retired by now", err, down)
	}
	if _, err := s.Get(ctx, "1"); err != nil {
		t.Errorf("proving: got %v, want the pepper", err)
	}
	v.change(func() { v.err = nil; v.now = v.now.Add(time.Second) })
	if _, err := s.Current(ctx); err != nil {
		t.Errorf("the store is back: %v", err)
	}
}

func TestANewVersionIsFoundImmediatelyEvenRightAfterARead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v := &vault{raw: newRoot(t), now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	for i, version := range []string{"1", "2", "3"} {
		if p, err := s.Get(ctx, version); err != nil || p.Version != version {
			t.Errorf("version %s: got %v, %v", version, p.Version, err)
		}
		if got, want := v.reads, i+1; got != want {
			t.Errorf("%d reads, want %d", got, want)
		}
		v.change(func() { v.raw = addVersion(t, v.raw) })
	}
}

func TestARetiredVersionProvesNothingAndIsNotFetched(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	raw := addVersion(t, newRoot(t))
	before, err := ParsePeppers(raw)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = RetireVersion(raw, "1"); err != nil {
		t.Fatal(err)
	}
	v := &vault{raw: raw, now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	for range 100 {
		if _, err := s.Get(ctx, "1"); !errors.Is(err, ErrPepperUnknown) {
			t.Fatalf("got %v, want %v", err, ErrPepperUnknown)
		}
		v.change(func() { v.now = v.now.Add(100 * time.Millisecond) })
	}
	if got, want := v.reads, 1; got != want {
		t.Errorf("%d reads in ten seconds, want %d", got, want)
	}
	if tag, err := s.TagKey(ctx); err != nil || !bytes.Equal(tag, before.tagKey()) {
		t.Errorf("the tag key changed (%v)", err)
	}
}

func TestARetiredVersionNumberIsNeverReused(t *testing.T) {
	t.Parallel()
	raw := addVersion(t, addVersion(t, newRoot(t)))
	for _, version := range []string{"3", "4", "", "0", "02", "x"} {
		if _, err := RetireVersion(raw, version); err == nil {
			t.Errorf("retiring %q: accepted", version)
		}
	}
	raw = addVersion(t, raw)
	for _, version := range []string{"3", "1", "2"} {
		var err error
		if raw, err = RetireVersion(raw, version); err != nil {
			t.Fatal(err)
		}
		if _, err := RetireVersion(raw, version); err == nil {
			t.Errorf("retiring %s twice: accepted", version)
		}
	}
	p, err := ParsePeppers(addVersion(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(p.Current(), p.Versions(), p.Retired()), "5[4 5] [1 2 3]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRestoreReportsLossesAndReusesNoVersionNumber(t *testing.T) {
	t.Parallel()
	one := newRoot(t)
	two := addVersion(t, one)
	three := addVersion(t, two)
	noOne, err := RetireVersion(two, "1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		current, backup []byte
		want, becomes   string
	}{
		"the same":       {two, two, "{false []}", "2[1 2] []"},
		"newer":          {one, two, "{false []}", "2[1 2] []"},
		"older":          {three, one, "{false [2 3]}", "1[1] [2 3]"},
		"other bytes":    {two, addVersion(t, one), "{false [2]}", "2[1 2] []"},
		"retired since":  {noOne, two, "{false []}", "2[1 2] []"},
		"retired before": {two, noOne, "{false [1]}", "2[2] [1]"},
		"another root":   {two, newRoot(t), "{true []}", "1[1] []"},
	} {
		raw, loss, err := Restore(c.current, c.backup)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := ParsePeppers(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(loss); got != c.want || loss.None() != (c.want == "{false []}") {
			t.Errorf("%s: got loss %s, want %s", name, got, c.want)
		}
		if got := fmt.Sprint(p.Current(), p.Versions(), p.Retired()); got != c.becomes {
			t.Errorf("%s: got %s, want %s", name, got, c.becomes)
		}
	}
}

func TestDocumentOfAnEarlierReleaseReadsAsItDid(t *testing.T) {
	t.Parallel()
	// Golden: a document of a deployment that rotated once. MACs under its peppers must be
	// provable forever.
	raw := []byte(`{"current":"2","root":"` + strings.Repeat("r", 64) + `","versions":{"2":"` + strings.Repeat("v", 64) + `"}}`)
	p, err := ParsePeppers(raw)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := p.pepper("1")
	two, _ := p.pepper("2")
	for name, c := range map[string]struct {
		key  Sensitive
		want string
	}{
		"pepper 1": {one, "0b76ff8abeb1d98fa2557aacb60f6433afea44c5b3aebd33c891ff5641e92fa0"},
		"pepper 2": {two, "b6bd221597c11604048be15d35f64b4a9ec5b405a07ff05e31c6e12e80bd5ae7"},
		"tag":      {p.tagKey(), "005d724c2d289acfc3accd639f14e430c6f1fcd3197ea5c978591cff4562cdd1"},
	} {
		if got := hexOf(c.key); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	var again, was any
	if s, err := parseStored(raw, true); err != nil {
		t.Fatal(err)
	} else if out, err := json.Marshal(s); err != nil || json.Unmarshal(out, &again) != nil || json.Unmarshal(raw, &was) != nil || !reflect.DeepEqual(again, was) {
		t.Errorf("the document differs after a round trip: %v", err)
	}
}

func TestPeppersThatWereNeverReadAreAnError(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	down := errors.New("down")
	v := &vault{err: down, now: time.Unix(1e9, 0)}
	s := NewPepperSource(v.fetch, v.clock)
	for range 100 {
		if _, err := s.TagKey(ctx); !errors.Is(err, down) || errors.Is(err, ErrPepperUnknown) {
			t.Fatalf("got %v, want %v", err, down)
		}
	}
	if got, want := v.reads, 1; got != want {
		t.Errorf("%d reads in one second, want %d", got, want)
	}
	v.change(func() { v.raw, v.err = newRoot(t), nil; v.now = v.now.Add(time.Second) })
	if _, err := s.TagKey(ctx); err != nil {
		t.Errorf("the store is back: %v", err)
	}
}

func TestCallerThatGivesUpDoesNotWaitForTheStore(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}), make(chan struct{})
	s := NewPepperSource(func(context.Context) ([]byte, error) {
		close(started)
		<-finish
		return newRoot(t), nil
	}, time.Now)
	done := make(chan error)
	go func() { _, err := s.Current(context.Background()); done <- err }()
	<-started
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Current(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
