package deliver

import (
	"maps"
	"sync"
	"time"

	"statgate/shared/feed/webhooks"
)

const (
	// silentAfter is how many attempts in a row find no answer until an address is
	// taken for silent: one that is slow now and then is not.
	silentAfter = 3
	// silenceLasts is how long an address that is silent is not called.
	silenceLasts = 30 * time.Second
	// silenceKept is how long it is remembered that an address is to be tried by one
	// delivery before the others.
	silenceKept = 24 * time.Hour
)

// notCalled is why an attempt failed that was not made.
const notCalled = "not attempted, because several deliveries before it had no response in time"

// silence remembers the addresses that give no answer. Each attempt of one costs
// 10 s of what all customers share, and a receiver that is down has one for
// everything that happened meanwhile: one delivery finds out for all.
type silence struct {
	mu    sync.Mutex
	heard map[address]quiet
}

// address is where a webhook sends: what happens at another one's is not its own.
type address struct{ webhook, url string }

// quiet is how often in a row an address gave no answer, and until when it is left alone.
type quiet struct {
	times int
	until time.Time
}

// calls tells whether an address is to be called. Of those who ask when its time is
// over one is told so; the others go by what that one learns.
func (s *silence) calls(w *webhooks.Webhook, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := address{w.ID, w.URL}
	q := s.heard[at]
	if q.times < silentAfter {
		return true
	}
	if now.Before(q.until) {
		return false
	}
	s.heard[at] = quiet{q.times, now.Add(timeout)}
	return true
}

// note keeps whether an address that was called gave an answer.
func (s *silence) note(w *webhooks.Webhook, answered bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := address{w.ID, w.URL}
	if answered {
		delete(s.heard, at)
		return
	}
	maps.DeleteFunc(s.heard, func(_ address, q quiet) bool { return now.Sub(q.until) > silenceKept })
	if s.heard == nil {
		s.heard = map[address]quiet{}
	}
	s.heard[at] = quiet{s.heard[at].times + 1, now.Add(silenceLasts)}
}
