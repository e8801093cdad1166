package change

import (
	"context"
	"errors"
	"fmt"

	"statgate/shared/access/audit"
	"statgate/shared/access/idempotency"
	"statgate/shared/api"
	"statgate/shared/ids"
	"statgate/shared/table"
)

// Store says where the changes of a store are written and recorded.
type Store struct {
	Table Table
	Gates Gates       // nil where no change concerns a key
	IDs   *ids.Source // draws the ids of audit entries
	// BesideData records entries as the tables of data do, which have no index for
	// them (see [audit.Note]); false records them as the keys table does.
	BesideData bool
}

// Call configures one call of [Make].
type Call struct {
	By audit.By
	// Org is the organisation in whose trail a store BesideData records the change.
	// Elsewhere each entry names its own.
	Org   string
	Token idempotency.Token // the zero Token where the call has no Idempotency-Key
	// Rebump is the key whose gate a refused repeat bumps, if the first request was for the
	// same key: that request may have failed before its bump.
	Rebump string
	// Beside returns every gate that a change of Rebump's key bumps; nil for the key's alone.
	Beside func(ctx context.Context) ([]string, error)
	// Recheck fails with an *[api.Error] where the caller may no longer make the
	// change. It runs before each transaction, and before an answer without one; nil checks
	// nothing.
	Recheck func(ctx context.Context) error
	// Entries finds the audit entry of an earlier attempt, and so whether that attempt
	// made the change. It is for stores BesideData whose facts do not show
	// it; nil where decide sees an earlier attempt in the facts.
	Entries audit.Reader
	// EntriesFirst looks for the entry before the first attempt too.
	EntriesFirst bool
}

// Asked returns the call of a request that changes data: before each transaction, and before
// an answer without one, it checks that the key has not changed, where the contract rechecks
// keys.
func Asked(r *api.Request) Call {
	return Call{By: audit.Caller(r), Org: r.Caller.Org, Recheck: r.StillCurrent}
}

// Plan is what a decision writes. Without writes, the facts already are as requested.
type Plan struct {
	Writes  []table.Write
	Entries []audit.Change // exactly one in a store BesideData, at least one elsewhere
	Bump    []string       // keys whose cached callers become stale
	// Before runs before the transaction, for example to make a key's gate.
	// It must be idempotent, and harmless if the transaction then fails. Its errors
	// must be *[api.Error]. It may be nil.
	Before func(ctx context.Context) error
	// Refuse is returned after the bump: the refusal of a repeat whose first call may
	// have failed before its bump.
	Refuse error
	// Made says that the facts show the work of an earlier attempt, whose answer was
	// lost. Make then returns what that attempt decided.
	Made bool
}

// And returns a plan that does what both plans do, in one transaction. At most one of them
// may have a Before. Refuse and Made are those of p.
func (p Plan) And(q Plan) Plan {
	p.Writes = append(p.Writes[:len(p.Writes):len(p.Writes)], q.Writes...)
	p.Entries = append(p.Entries[:len(p.Entries):len(p.Entries)], q.Entries...)
	p.Bump = append(p.Bump[:len(p.Bump):len(p.Bump)], q.Bump...)
	if p.Before == nil {
		p.Before = q.Before
	}
	return p
}

// Make makes one change and returns what was decided, or the stored answer where the
// call's Idempotency-Key was used before.
//
// read reads the facts consistently; attempt counts from 1. decide is a pure function
// of the facts: it reads and writes nothing, and what it returns depends on the facts
// and on the call's input only, apart from new ids. Both run again for each attempt.
// An error of either ends the change and is returned as it is.
func Make[F, R any](ctx context.Context, s Store, c Call, read func(ctx context.Context, attempt int) (F, error), decide func(facts F) (R, Plan, error)) (R, error) {
	var none R
	if c.Token.Sent() {
		attempt, err := s.IDs.New("chg_", c.By.At)
		if err != nil {
			return none, err
		}
		c.Token = c.Token.Attempt(attempt)
	}
	trail, err := s.trail(c)
	if err != nil {
		return none, err
	}
	var facts F
	var decided, result R
	m := making{
		trail:  trail,
		read:   func(ctx context.Context, attempt int) (err error) { facts, err = read(ctx, attempt); return err },
		decide: func() (p Plan, err error) { decided, p, err = decide(facts); return p, err },
		earlier: func(ctx context.Context) (idempotency.Earlier, error) {
			var stored R
			earlier, err := c.Token.Earlier(ctx, &stored)
			if earlier.Answered && !earlier.Mine {
				result = stored
			}
			return earlier, err
		},
		accept: func() any { result = decided; return result },
	}
	if err := apply(ctx, s.Table, s.Gates, m.plan); err != nil {
		return none, err
	}
	return result, nil
}

// making is one change over its attempts. Its functions share the facts and the result of
// [Make], so that the type parameters of Make need no copy of this code.
type making struct {
	trail
	read    func(ctx context.Context, attempt int) error
	decide  func() (Plan, error)
	earlier func(ctx context.Context) (idempotency.Earlier, error) // takes the stored answer of the Idempotency-Key as the result
	accept  func() any                                             // takes the latest decision as the result, and returns it
	attempt int
	claimed bool // the Idempotency-Key was claimed by an earlier attempt
	wrote   bool // an earlier attempt had writes, which may have been applied
	last    Plan // of the latest decision that was to be written
}

// plan is the transaction of one attempt; without writes nothing is left to do.
func (m *making) plan(ctx context.Context) (Plan, error) {
	m.attempt++
	if earlier, err := m.earlier(ctx); earlier.Answered || earlier.Refuse != nil || err != nil {
		plan := Plan{Bump: m.last.Bump, Refuse: earlier.Refuse}
		if key := m.call.Rebump; err == nil && key != "" && earlier.Key == key && len(plan.Bump) == 0 {
			if plan.Bump = []string{key}; m.call.Beside != nil {
				plan.Bump, err = m.call.Beside(ctx)
			}
		}
		if err == nil && earlier.Answered {
			err = m.recheck(ctx)
		}
		return plan, err
	}
	if err := m.read(ctx, m.attempt); err != nil {
		return Plan{}, err
	}
	// The entry is read after the facts. Read before them, it could be missing while
	// the facts already show the change.
	if m.call.Entries != nil && (m.attempt > 1 || m.call.EntriesFirst) {
		if made, err := m.note.Written(ctx, m.call.Entries, m.call.Org); made || err != nil {
			return Plan{Bump: m.last.Bump}, err
		}
	}
	plan, err := m.decide()
	if err != nil {
		return Plan{}, err
	}
	if plan.Made {
		return Plan{Bump: plan.Bump}, nil
	}
	result := m.accept()
	m.last = plan
	if len(plan.Writes) == 0 {
		return plan, m.recheck(ctx)
	}
	return m.write(ctx, plan, result)
}

// recheck runs Recheck before an answer without a change. The answer to a change that an
// earlier attempt may have made is never withheld.
func (m *making) recheck(ctx context.Context) error {
	if m.call.Recheck == nil || m.wrote {
		return nil
	}
	return m.call.Recheck(ctx)
}

// write runs Recheck and Before, claims the Idempotency-Key, and adds the audit entries and
// the item of the Idempotency-Key to the plan's writes.
func (m *making) write(ctx context.Context, plan Plan, result any) (Plan, error) {
	for _, first := range []func(context.Context) error{m.call.Recheck, plan.Before} {
		if first == nil {
			continue
		}
		if err := first(ctx); err != nil {
			return Plan{}, err
		}
	}
	ws, err := m.record(plan)
	if err != nil {
		return Plan{}, err
	}
	if !m.claimed {
		if err := m.call.Token.Claim(ctx); err != nil {
			return Plan{}, err
		}
		m.claimed = true
	}
	answer, err := m.call.Token.Writes(result)
	plan.Writes, m.wrote = append(ws, answer...), true
	return plan, err
}

// trail records one call's change.
type trail struct {
	store Store
	call  Call
	note  audit.Note // of a store BesideData: drawn once, so that a repeated attempt finds its entry
}

func (s Store) trail(c Call) (trail, error) {
	t := trail{store: s, call: c}
	if !s.BesideData {
		return t, nil
	}
	var err error
	t.note, err = audit.NewNote(s.IDs, c.By)
	return t, err
}

var errUnrecorded = errors.New("change: facts would be written without their audit entry")

// record returns a plan's writes with those of its audit entries.
func (t trail) record(p Plan) ([]table.Write, error) {
	if len(p.Entries) == 0 || t.store.BesideData && len(p.Entries) > 1 {
		return nil, fmt.Errorf("%w: %d entries for %d writes", errUnrecorded, len(p.Entries), len(p.Writes))
	}
	ws := append([]table.Write{}, p.Writes...)
	for _, entry := range p.Entries {
		var more []table.Write
		var err error
		if t.store.BesideData {
			entry.Org = t.call.Org
			more, err = t.note.Writes(entry)
		} else {
			more, err = audit.Writes(t.store.IDs, t.call.By, entry)
		}
		if err != nil {
			return nil, err
		}
		ws = append(ws, more...)
	}
	return ws, nil
}
