// Package idempotency lets a client repeat a call that makes something without
// making it twice: the Idempotency-Key that came with the call is remembered, with
// what was asked and what was answered, in the transaction that does the work.
//
// A repeat gets the stored answer. The same Idempotency-Key with another input, or
// at another operation, is refused. Answers that hold a secret cannot be stored;
// who makes those keeps an address from [Place] and an item of their own.
package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"statgate/shared/api"
	"statgate/shared/table"
)

// Life is how long an Idempotency-Key is remembered.
const Life = 24 * time.Hour

const charactersAtMost = 255

// Place is where a call's Idempotency-Key is kept, the zero key where it has none.
// It belongs to the user who sends it, not to the key that they send it with. One
// that is no text of visible ASCII characters is an *[api.Error].
func Place(r *api.Request) (table.Key, error) {
	text := r.IdempotencyKey
	if text == "" {
		return table.Key{}, nil
	}
	if len(text) > charactersAtMost {
		return table.Key{}, api.Fail(api.InputParameter, "Idempotency-Key: must have at most %d characters", charactersAtMost)
	}
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return table.Key{}, api.Fail(api.InputParameter, "Idempotency-Key: must be visible ASCII characters without spaces")
		}
	}
	return table.Key{Partition: table.Join("IDEMPOTENCY", r.Caller.Org, r.Caller.User), Sort: text}, nil
}

// Vacant holds where nothing is remembered in a [Place], or what is has ended: the
// table may take its time to drop it.
func Vacant(now time.Time) table.Cond {
	return table.Or(table.IsNew(), table.Le(table.TTLAttr, now.Unix()))
}

// Until is the moment until which a token of now is remembered, in seconds since 1970.
func Until(now time.Time) int64 { return now.Add(Life).Unix() }

// Table is what a token needs of the table that the work is done in.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
}

// Token is the Idempotency-Key of one call, or none, which remembers nothing.
type Token struct {
	table Table
	at    table.Key // zero without one
	asked string    // names the operation and its input
	now   time.Time
}

// Of returns the call's token. Input is the handler's bound input, path parameters
// included: two bodies that mean the same are the same, however they are written.
// An Idempotency-Key that cannot be one is an *[api.Error].
func Of(t Table, r *api.Request, input any) (Token, error) {
	at, err := Place(r)
	if err != nil || at == (table.Key{}) {
		return Token{}, err
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return Token{}, fmt.Errorf("idempotency: reading the input of %s: %w", r.Route.Operation, err)
	}
	sum := sha256.Sum256(append([]byte(r.Route.Operation+"\n"), raw...))
	return Token{table: t, at: at, asked: hex.EncodeToString(sum[:]), now: r.Now}, nil
}

// Answered decodes the answer that the token was given into answer, and tells
// whether there was one. A token that was used for something else is an
// *[api.Error] of the condition conflict.repeat; a store that does not answer is
// unavailable.
func (t Token) Answered(ctx context.Context, answer any) (bool, error) {
	if t.at == (table.Key{}) {
		return false, nil
	}
	it, err := t.table.Get(ctx, t.at, true)
	switch {
	case err != nil:
		return false, api.Down("looking up the Idempotency-Key", err)
	case it == nil || it.Int(table.TTLAttr) <= t.now.Unix():
		return false, nil
	case it.Str("asked") != t.asked:
		return false, api.Fail(api.ConflictRepeat, "Idempotency-Key: already used for another request; use a new one")
	}
	if err := json.Unmarshal([]byte(it.Str("answer")), answer); err != nil {
		return false, fmt.Errorf("idempotency: reading the answer that was stored: %w", err)
	}
	return true, nil
}

// Writes is what the transaction that does the work must hold, so that work and
// answer are remembered together: nothing where there is no token. Of two calls at
// once one transaction is canceled, and finds the other's answer when it asks again.
func (t Token) Writes(answer any) ([]table.Write, error) {
	if t.at == (table.Key{}) {
		return nil, nil
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("idempotency: storing an answer: %w", err)
	}
	return []table.Write{table.Put(table.Item{
		table.PartitionAttr: t.at.Partition, table.SortAttr: t.at.Sort,
		"asked": t.asked, "answer": string(raw), table.TTLAttr: Until(t.now),
	}, Vacant(t.now))}, nil
}
