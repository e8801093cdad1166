// Package ids makes identifiers that sort by creation time.
package ids

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Source makes identifiers from times and randomness. It is safe for concurrent use. For
// the same time, the identifiers of one source sort in the order they were made.
type Source struct {
	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
}

// New returns a source that draws from rand.
func New(rand io.Reader) *Source { return &Source{entropy: ulid.Monotonic(rand, 0)} }

// New returns prefix followed by a lower-case ULID: New("key_", now) is "key_01k5…".
// Identifiers are not secret: one can be guessed from another.
func (s *Source) New(prefix string, now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(now), s.entropy)
	if err != nil {
		return "", fmt.Errorf("ids: making an id: %w", err)
	}
	return prefix + strings.ToLower(id.String()), nil
}

// UUID returns the first 16 bytes of a hash as a UUID of version 8 (RFC 9562). 122 of its
// bits are from the hash; the others are the version and the variant.
func UUID(hash []byte) string {
	b := [16]byte(hash)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// IsUUID reports whether [UUID] may have returned text.
func IsUUID(text string) bool {
	if len(text) != 36 || text[14] != '8' {
		return false
	}
	for i := range len(text) {
		c := text[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

const idAtMost = 64 // characters

// Valid reports whether text has the form of an identifier. Other text need not be
// looked up, and the store may refuse to (DynamoDB: keys over 2 KB).
func Valid(text string) bool {
	if text == "" || len(text) > idAtMost {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
