package deliver

import (
	"maps"
	"sync"
	"time"

	"statgate/shared/feed/webhooks"
)

const (
	// silentAfter is the number of consecutive attempts without an answer after which a URL
	// counts as silent. A URL that is slow now and then does not.
	silentAfter = 3
	// silenceLasts is how long a silent URL is not called.
	silenceLasts = 30 * time.Second
	// silenceRetention is how long a URL is remembered as silent, so that a single delivery
	// probes it before the others are attempted.
	silenceRetention = 24 * time.Hour
)

// notCalled is the error of an attempt that was not made.
const notCalled = "not attempted, because several deliveries before it had no response in time"

// silence remembers the URLs that do not answer. Each attempt on one costs 10 s of capacity
// that all customers share, and a receiver that is down has a delivery for every event
// meanwhile. So a single delivery probes the URL for all others.
type silence struct {
	mu   sync.Mutex
	urls map[address]silentURL
}

// address is a webhook's URL; other webhooks with the same URL count separately.
type address struct{ webhook, url string }

// silentURL is the number of consecutive attempts without an answer, and until when the URL is
// not called.
type silentURL struct {
	times int
	until time.Time
}

// allows reports whether a URL may be called. When its silence ends, only the first caller
// may; the others wait for that attempt's result.
func (s *silence) allows(w *webhooks.Webhook, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := address{w.ID, w.URL}
	q := s.urls[at]
	if q.times < silentAfter {
		return true
	}
	if now.Before(q.until) {
		return false
	}
	s.urls[at] = silentURL{q.times, now.Add(timeout)}
	return true
}

// record records whether a URL answered.
func (s *silence) record(w *webhooks.Webhook, answered bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := address{w.ID, w.URL}
	if answered {
		delete(s.urls, at)
		return
	}
	maps.DeleteFunc(s.urls, func(_ address, q silentURL) bool { return now.Sub(q.until) > silenceRetention })
	if s.urls == nil {
		s.urls = map[address]silentURL{}
	}
	s.urls[at] = silentURL{s.urls[at].times + 1, now.Add(silenceLasts)}
}
