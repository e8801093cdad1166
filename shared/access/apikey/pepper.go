package apikey

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// HKDF labels. Changing one invalidates every key; a test fixes them.
const (
	pepperLabel = "statgate/pepper"
	tagLabel    = "statgate/tag"
)

// redacted is printed in place of key material, with every verb.
const redacted = "[redacted]"

// ErrPepperUnknown is the error for a secret that was MACed under a pepper that the store
// does not have (yet). It says nothing about the secret, so the answer is a 503 and never a
// 401.
var ErrPepperUnknown = errors.New("apikey: unknown pepper version")

// Sensitive is key material. It is usable as []byte and prints as [redacted].
type Sensitive []byte

// Format hides the bytes from every verb.
func (Sensitive) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the bytes from slog.
func (Sensitive) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the bytes from documents and logs.
func (Sensitive) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Pepper is one version of the MAC key.
type Pepper struct {
	Version string
	Key     Sensitive
}

// Peppers holds all versions and the tag key. Versions are added and retired, never
// changed. The tag key comes from the root and never changes either, as clients hold
// secrets with its tags.
type Peppers struct {
	current string
	keys    map[string]Sensitive
	retired []string
	tag     Sensitive
}

// stored is the document in the secret store. CloudFormation generates the root; Versions
// holds the versions added since, from "2" on. Retired lists the versions that no longer
// prove secrets: their entries are deleted, except the root, from which the tag key is
// derived. A version number is never used again: a secret MACed under its old bytes would
// be refused as forged.
type stored struct {
	Current  string            `json:"current"`
	Root     string            `json:"root"`
	Versions map[string]string `json:"versions,omitempty"`
	Retired  []string          `json:"retired,omitempty"`
}

// ParsePeppers parses {"current":"2","root":"…","versions":{"2":"…"},"retired":["1"]}.
// Pepper 1 and the tag key are derived from the root, pepper n from its own entry, each by
// HKDF-SHA-256. Retired peppers are left out; the tag key never is. Errors never quote the
// document.
func ParsePeppers(raw []byte) (*Peppers, error) {
	s, err := parseStored(raw, false)
	if err != nil {
		return nil, err
	}
	p := &Peppers{current: s.Current, keys: make(map[string]Sensitive, 1+len(s.Versions)), retired: s.Retired}
	if p.tag, err = derive(s.Root, tagLabel); err != nil {
		return nil, err
	}
	if !p.isRetired("1") {
		if p.keys["1"], err = derive(s.Root, pepperLabel); err != nil {
			return nil, err
		}
	}
	for version, source := range s.Versions {
		if p.keys[version], err = derive(source, pepperLabel); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func parseStored(raw []byte, strict bool) (stored, error) {
	var s stored
	dec := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		dec.DisallowUnknownFields()
	}
	if dec.Decode(&s) != nil || dec.More() {
		return s, errors.New("the peppers document is not the expected JSON object")
	}
	if len(s.Root) < 32 {
		return s, errors.New("the peppers' root is missing or too short")
	}
	for version, source := range s.Versions {
		if n, err := strconv.Atoi(version); err != nil || n < 2 || strconv.Itoa(n) != version {
			return s, fmt.Errorf("pepper version %q: must be a number from 2", version)
		}
		if len(source) < 32 {
			return s, fmt.Errorf("pepper version %s is too short", version)
		}
	}
	if _, ok := s.Versions[s.Current]; !ok && s.Current != "1" {
		return s, fmt.Errorf("the current pepper version %q is not among the versions", s.Current)
	}
	return s, s.checkRetired()
}

// checkRetired refuses a document in which a version is both retired and in use.
func (s stored) checkRetired() error {
	for _, version := range s.Retired {
		if n, err := strconv.Atoi(version); err != nil || n < 1 || strconv.Itoa(n) != version {
			return fmt.Errorf("pepper version %q: must be a number from 1", version)
		}
		if _, there := s.Versions[version]; there || version == s.Current {
			return fmt.Errorf("pepper version %s is retired and in use", version)
		}
	}
	return nil
}

func derive(source, label string) (Sensitive, error) {
	key, err := hkdf.Key(sha256.New, []byte(source), nil, label, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving %s: %w", label, err)
	}
	return key, nil
}

// Current returns the version that new MACs use.
func (p *Peppers) Current() string { return p.current }

// pepper returns the key of a version.
func (p *Peppers) pepper(version string) (Sensitive, bool) {
	key, ok := p.keys[version]
	return key, ok
}

// Versions returns the versions that still prove secrets, in order.
func (p *Peppers) Versions() []string {
	return slices.SortedFunc(maps.Keys(p.keys), byNumber)
}

// Retired returns the retired versions, in order.
func (p *Peppers) Retired() []string {
	return slices.SortedFunc(slices.Values(p.retired), byNumber)
}

// isRetired reports whether a version was retired.
func (p *Peppers) isRetired(version string) bool { return slices.Contains(p.retired, version) }

// byNumber orders versions, which are numbers without leading zeros.
func byNumber(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// tagKey returns the key of the tags in secrets.
func (p *Peppers) tagKey() Sensitive { return p.tag }

// Format hides the keys from every verb.
func (p *Peppers) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the keys from slog.
func (p *Peppers) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the keys from documents and logs.
func (p *Peppers) MarshalJSON() ([]byte, error) { return Sensitive(nil).MarshalJSON() }

// NewRoot returns a document with a first root, as CloudFormation makes it.
func NewRoot(rand io.Reader) ([]byte, error) {
	root, err := source(rand)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{Current: "1", Root: root})
}

// AddVersion returns the document with one more version, which becomes the current one. Old
// secrets are proved under their own version until their next use. AddVersion refuses
// unknown fields, as it writes back everything that it read.
func AddVersion(raw []byte, rand io.Reader) ([]byte, error) {
	s, err := parseStored(raw, true)
	if err != nil {
		return nil, err
	}
	next := 2
	for _, version := range slices.AppendSeq(slices.Clone(s.Retired), maps.Keys(s.Versions)) {
		if n, err := strconv.Atoi(version); err == nil && n >= next {
			next = n + 1
		}
	}
	if s.Versions == nil {
		s.Versions = map[string]string{}
	}
	s.Current = strconv.Itoa(next)
	if s.Versions[s.Current], err = source(rand); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// RetireVersion returns the document without a version's pepper, which must not be the
// current one. The root stays when version 1 is retired, as the tag key derives from it.
// The caller must have checked that no live secret uses the version.
func RetireVersion(raw []byte, version string) ([]byte, error) {
	s, err := parseStored(raw, true)
	if err != nil {
		return nil, err
	}
	_, there := s.Versions[version]
	switch {
	case version == s.Current:
		return nil, fmt.Errorf("pepper version %s is the current one: rotate first", version)
	case slices.Contains(s.Retired, version):
		return nil, fmt.Errorf("pepper version %s is retired already", version)
	case !there && version != "1":
		return nil, fmt.Errorf("there is no pepper version %q", version)
	}
	delete(s.Versions, version)
	s.Retired = slices.SortedFunc(slices.Values(append(s.Retired, version)), byNumber)
	return json.Marshal(s)
}

// Loss is what becomes invalid when one document replaces another.
type Loss struct {
	// Root: the root differs, so every secret becomes invalid, as its tag derives from the
	// root.
	Root bool
	// Versions no longer prove secrets, in order. Live secrets of a version are unavailable
	// if the version is gone, and refused if its bytes differ.
	Versions []string
}

// None reports whether every secret stays valid.
func (l Loss) None() bool { return !l.Root && len(l.Versions) == 0 }

// Restore returns the document that replaces the current one by a backup, and what becomes
// invalid.
// Version numbers used since under the same root count as retired, so that they are not
// used again.
func Restore(current, backup []byte) ([]byte, Loss, error) {
	s, err := parseStored(current, true)
	if err != nil {
		return nil, Loss{}, err
	}
	b, err := parseStored(backup, true)
	if err != nil {
		return nil, Loss{}, err
	}
	if s.Root != b.Root {
		return backup, Loss{Root: true}, nil
	}
	var loss Loss
	for _, version := range slices.SortedFunc(maps.Keys(s.Versions), byNumber) {
		if b.Versions[version] != s.Versions[version] {
			loss.Versions = append(loss.Versions, version)
		}
	}
	if slices.Contains(b.Retired, "1") && !slices.Contains(s.Retired, "1") {
		loss.Versions = append([]string{"1"}, loss.Versions...)
	}
	for _, version := range slices.AppendSeq(slices.Clone(s.Retired), maps.Keys(s.Versions)) {
		if _, there := b.Versions[version]; !there && version != "1" && !slices.Contains(b.Retired, version) {
			b.Retired = append(b.Retired, version)
		}
	}
	b.Retired = slices.SortedFunc(slices.Values(b.Retired), byNumber)
	raw, err := json.Marshal(b)
	return raw, loss, err
}

// Fingerprint identifies the root for people who compare a backup with a deployment. The
// root cannot be derived from it.
func (p *Peppers) Fingerprint() string { return fingerprint(p.tag) }

// Fingerprints identifies each version that still proves secrets. The peppers cannot be
// derived from it.
func (p *Peppers) Fingerprints() map[string]string {
	all := make(map[string]string, len(p.keys))
	for version, key := range p.keys {
		all[version] = fingerprint(key)
	}
	return all
}

func fingerprint(key Sensitive) string {
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte("statgate/fingerprint"))
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// source returns 64 random characters, 381 bits.
func source(rand io.Reader) (string, error) {
	text := make([]byte, 0, 64)
	for one := make([]byte, 1); len(text) < cap(text); {
		if _, err := io.ReadFull(rand, one); err != nil {
			return "", fmt.Errorf("apikey: reading randomness: %w", err)
		}
		if one[0] < 248 { // 4 × 62: every digit is equally likely
			text = append(text, digits62[one[0]%62])
		}
	}
	return string(text), nil
}

// How long peppers are cached, and how often an unknown version or a failing store may
// cause a fetch.
const (
	pepperLife  = 60 * time.Second
	pepperPause = time.Second
)

// MACFor is how long after a read peppers may make new MACs. Proving has no such limit, as
// an old pepper proves what it always did. But retiring a version requires that no process
// still makes MACs under it, which holds this long after another version became current.
const MACFor = 2 * time.Minute

// PepperSource caches the peppers that fetch returns. It fetches again when they are a
// minute old, and immediately for a version that it does not have, at most once a second
// per version. It keeps the old ones while the store does not answer.
type PepperSource struct {
	fetch func(context.Context) ([]byte, error)
	clock func() time.Time
	turn  chan struct{} // semaphore: its holder may fetch
	held  atomic.Pointer[heldPeppers]
}

// heldPeppers is the result of the last fetch and the time of each part.
type heldPeppers struct {
	peppers *Peppers // nil before the first read
	read    time.Time
	tried   time.Time
	wanted  map[string]bool // versions that a fetch within the last second did not find
	err     error           // of the last fetch
}

// NewPepperSource returns a source that has fetched nothing yet.
func NewPepperSource(fetch func(context.Context) ([]byte, error), clock func() time.Time) *PepperSource {
	s := &PepperSource{fetch: fetch, clock: clock, turn: make(chan struct{}, 1)}
	s.held.Store(&heldPeppers{})
	return s
}

// FixedPeppers returns a source of peppers that never change.
func FixedPeppers(raw []byte, clock func() time.Time) *PepperSource {
	return NewPepperSource(func(context.Context) ([]byte, error) { return raw, nil }, clock)
}

// Get returns the pepper of a version: [ErrPepperUnknown] if the store does not have it,
// another error if the store cannot be read. It does not fetch for a retired version, as
// expired secrets may still name one.
func (s *PepperSource) Get(ctx context.Context, version string) (Pepper, error) {
	p, err := s.peppers(ctx)
	if err != nil {
		return Pepper{}, err
	}
	key, ok := p.pepper(version)
	if !ok && p.isRetired(version) {
		return Pepper{}, fmt.Errorf("pepper version %q was retired: %w", version, ErrPepperUnknown)
	}
	if !ok {
		if key, ok = s.lookFor(ctx, version).peppers.pepper(version); !ok {
			return Pepper{}, fmt.Errorf("pepper version %q: %w", version, ErrPepperUnknown)
		}
	}
	return Pepper{Version: version, Key: key}, nil
}

// lookFor fetches for a version that is not cached.
func (s *PepperSource) lookFor(ctx context.Context, version string) *heldPeppers {
	return s.refetch(ctx, func(h *heldPeppers) bool {
		return !h.wanted[version] || s.clock().Sub(h.tried) >= pepperPause
	}, version)
}

// Current returns the pepper for new MACs. It fails if the peppers were last read more than
// [MACFor] ago.
func (s *PepperSource) Current(ctx context.Context) (Pepper, error) {
	p, err := s.peppers(ctx)
	if err != nil {
		return Pepper{}, err
	}
	if held := s.held.Load(); s.clock().Sub(held.read) > MACFor {
		return Pepper{}, errors.Join(errors.New("apikey: the peppers were read too long ago to MAC under them"), held.err, ctx.Err())
	}
	return Pepper{Version: p.Current(), Key: p.keys[p.Current()]}, nil
}

// TagKey returns the key of the tags in secrets.
func (s *PepperSource) TagKey(ctx context.Context) (Sensitive, error) {
	p, err := s.peppers(ctx)
	if err != nil {
		return nil, err
	}
	return p.tagKey(), nil
}

// peppers returns all versions, at most a minute old unless the store fails.
func (s *PepperSource) peppers(ctx context.Context) (*Peppers, error) {
	held := s.held.Load()
	if s.old(held) {
		held = s.refetch(ctx, s.old)
	}
	if held.peppers == nil {
		return nil, fmt.Errorf("apikey: reading the peppers: %w", held.err)
	}
	return held.peppers, nil
}

func (s *PepperSource) old(h *heldPeppers) bool {
	now := s.clock()
	stale := h.peppers == nil || now.Sub(h.read) >= pepperLife
	return stale && now.Sub(h.tried) >= pepperPause
}

// refetch waits for the semaphore and then fetches, if want still returns true.
func (s *PepperSource) refetch(ctx context.Context, want func(*heldPeppers) bool, versions ...string) *heldPeppers {
	held := s.held.Load()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return &heldPeppers{peppers: held.peppers, err: ctx.Err()}
	}
	held = s.held.Load()
	if !want(held) {
		return held
	}
	next := &heldPeppers{peppers: held.peppers, read: held.read, tried: s.clock(), wanted: map[string]bool{}}
	if next.tried.Sub(held.tried) < pepperPause {
		maps.Copy(next.wanted, held.wanted)
	}
	for _, version := range versions {
		next.wanted[version] = true
	}
	raw, err := s.fetch(ctx)
	if err == nil {
		var p *Peppers
		if p, err = ParsePeppers(raw); err == nil {
			next.peppers, next.read = p, next.tried
		}
	}
	next.err = err
	s.held.Store(next)
	return next
}

// Format hides the keys from every verb.
func (s *PepperSource) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the keys from slog.
func (s *PepperSource) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the keys from documents and logs.
func (s *PepperSource) MarshalJSON() ([]byte, error) { return Sensitive(nil).MarshalJSON() }
