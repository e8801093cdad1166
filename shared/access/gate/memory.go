package gate

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"statgate/shared/api"
	"statgate/shared/contract"
)

// maxCacheEntries bounds each cache of an instance, in entries.
const maxCacheEntries = 2048

// memory caches what a warm instance has read. It saves writes and reads; it never admits.
type memory struct {
	facts    *lru.Cache[string, fact] // by secret id
	refusals *lru.Cache[counter, refusal]
	opened   *lru.Cache[string, int64] // by key: the window of key management that was spent in last
}

// fact is the result of a resolution: a caller, or the error.
type fact struct {
	key    string
	caller *api.Caller
	err    *api.Error
	at     time.Time // when the read began
}

// counter is a budget of a key.
type counter struct{ key, budget string }

// refusal is a budget that this instance saw used up.
type refusal struct {
	admission Admission
	seen      time.Time
}

func newMemory() *memory {
	facts, err := lru.New[string, fact](maxCacheEntries)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	refusals, err := lru.New[counter, refusal](maxCacheEntries)
	if err != nil {
		panic(err)
	}
	opened, err := lru.New[string, int64](maxCacheEntries)
	if err != nil {
		panic(err)
	}
	return &memory{facts: facts, refusals: refusals, opened: opened}
}

func (m *memory) fact(secret string) (fact, bool) { return m.facts.Get(secret) }

// learn caches a result, unless a newer one was cached meanwhile: a revocation is final.
func (m *memory) learn(secret string, f fact) {
	if old, ok := m.facts.Peek(secret); ok {
		final := old.err != nil && old.err.Condition == api.SecretRevoked
		newer := f.caller != nil && old.caller != nil && old.caller.Version > f.caller.Version && old.at.After(f.at)
		if final || newer {
			return
		}
	}
	m.facts.Add(secret, f)
}

// refuse caches that a budget is used up.
func (m *memory) refuse(a Admission, budget string, now time.Time) {
	m.refusals.Add(counter{a.Caller.Key, budget}, refusal{admission: a, seen: now})
}

// refused returns the meters of a budget that was used up within the last second, in this
// version of the key and in windows that have not ended.
func (m *memory) refused(c *api.Caller, budget string, now time.Time) (Admission, bool) {
	at := counter{c.Key, budget}
	r, ok := m.refusals.Get(at)
	if !ok {
		return Admission{}, false
	}
	age := now.Sub(r.seen)
	ended := !now.Before(r.admission.Meter.ResetsAt) || budget == contract.Management && !now.Before(r.admission.Management.ResetsAt)
	if r.admission.Caller.Version != c.Version || age < 0 || age >= refusalLife || ended {
		m.refusals.Remove(at)
		return Admission{}, false
	}
	a := r.admission
	a.Caller = c
	return a, true
}

// forget drops what is cached of a key that this instance has changed itself.
func (m *memory) forget(key string) {
	for _, secret := range m.facts.Keys() {
		if f, ok := m.facts.Peek(secret); ok && f.key == key {
			m.facts.Remove(secret)
		}
	}
	for _, at := range m.refusals.Keys() {
		if at.key == key {
			m.refusals.Remove(at)
		}
	}
}
