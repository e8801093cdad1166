// Package ids makes identifiers that sort by the time they were made.
package ids

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Source makes identifiers from a clock and randomness. It is safe for
// concurrent use, and what one source makes sorts in the order of making.
type Source struct {
	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
}

// New returns a source that draws from rand.
func New(rand io.Reader) *Source { return &Source{entropy: ulid.Monotonic(rand, 0)} }

// New returns prefix and a lower-case ULID of the moment: New("key_", now) is
// "key_01k5…". Identifiers are no secrets: they can be guessed from each other.
func (s *Source) New(prefix string, now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(now), s.entropy)
	if err != nil {
		return "", fmt.Errorf("ids: making an id: %w", err)
	}
	return prefix + strings.ToLower(id.String()), nil
}

const idAtMost = 64 // characters

// Plausible tells whether text may be an identifier of ours. What is not need not
// be looked for, and a store may refuse to look (DynamoDB: keys over 2 KB).
func Plausible(text string) bool {
	if text == "" || len(text) > idAtMost {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
