package gate

import (
	"testing"

	"statgate/shared/api"
	"statgate/shared/table"
)

func TestAnAdmissionReportsWhetherTheCallerWasOutOfDate(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c := w.key(100, hour)
		if a, err := admit(w.gate, c, listMatches); err != nil || a.Stale {
			t.Errorf("a current caller: got %+v, %v", a, err)
		}
		w.facts.change(c.Secret, func(f *api.Caller) { f.Plan = "other" })
		w.bump(c.Key)
		if a, err := admit(w.gate, c, listMatches); err != nil || !a.Stale {
			t.Errorf("a caller of an older version: got %+v, %v", a, err)
		}
		w.bump(c.Key)
		w.facts.end(c.Secret, api.SecretRevoked)
		a, err := admit(w.gate, c, listMatches)
		want(t, err, api.SecretRevoked)
		if !a.Stale {
			t.Errorf("a caller whose key has ended: got %+v", a)
		}
	})
}

// The instance that makes the change drops its cache; the other instances must not use
// theirs.
func TestALiftedSuspensionTakesEffectImmediatelyOnEveryInstance(t *testing.T) {
	engines(t, func(t *testing.T, keys table.Table) {
		w := newFixture(t, keys)
		c, other := w.key(100, hour), w.instance(w.clock.Now)
		w.facts.change(c.Secret, func(f *api.Caller) { f.Standing = api.StandingSuspended })
		w.bump(c.Key)
		for range 2 { // by the item, then from memory
			_, err := admit(other, c, listMatches)
			want(t, err, api.Suspended)
		}
		w.facts.change(c.Secret, func(f *api.Caller) { f.Standing = api.StandingActive })
		w.bump(c.Key)
		if _, err := admit(other, c, listMatches); err != nil {
			t.Errorf("the owner is reinstated, and an instance that refused before says: %v", err)
		}
	})
}
