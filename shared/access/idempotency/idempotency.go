// Package idempotency lets a client repeat a request that makes something without making it
// twice. The transaction that does the work also stores the request's Idempotency-Key with
// a hash of the input and the answer.
//
// A repeat gets the stored answer. The same Idempotency-Key with another input, or for
// another operation, is refused. Answers with a secret cannot be stored; stores of those
// use [Place] and an item of their own.
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

// Life is how long an Idempotency-Key is stored.
const Life = 24 * time.Hour

const maxKeyChars = 255 // of an Idempotency-Key

// Place returns the address of a request's Idempotency-Key, the zero key if it has none.
// The Idempotency-Key belongs to the user who sends it, with any of their keys.
// If it is not visible ASCII text the error is an *[api.Error].
func Place(r *api.Request) (table.Key, error) {
	text := r.IdempotencyKey
	if text == "" {
		return table.Key{}, nil
	}
	if len(text) > maxKeyChars {
		return table.Key{}, api.Fail(api.InputParameter, "Idempotency-Key: must have at most %d characters", maxKeyChars)
	}
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return table.Key{}, api.Fail(api.InputParameter, "Idempotency-Key: must be visible ASCII characters without spaces")
		}
	}
	return table.Key{Partition: table.Join("IDEMPOTENCY", r.Caller.Org, r.Caller.User), Sort: text}, nil
}

// Vacant holds if nothing is stored at a [Place], or if it has expired: the table may
// delete an expired item late.
func Vacant(now time.Time) table.Cond {
	return table.Or(table.IsNew(), table.Le(table.TTLAttr, now.Unix()))
}

// Until is when an Idempotency-Key that is stored now expires, in seconds since 1970.
func Until(now time.Time) int64 { return now.Add(Life).Unix() }

// Table is the part of a table that a token uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
}

// Token is the Idempotency-Key of one request; the zero Token stores nothing.
type Token struct {
	table Table
	at    table.Key // zero without an Idempotency-Key
	asked string    // hash of the operation and its input
	now   time.Time
}

// Of returns the request's token. Input is the handler's bound input, path parameters
// included, so two bodies with the same meaning are the same input. If the Idempotency-Key
// is malformed the error is an *[api.Error].
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

// Answered decodes the stored answer into answer and reports whether there was one. A token
// that was used for another request is an *[api.Error] of the condition conflict.repeat; a
// store that does not answer is unavailable.
func (t Token) Answered(ctx context.Context, answer any) (bool, error) {
	if t.at == (table.Key{}) {
		return false, nil
	}
	it, err := t.table.Get(ctx, t.at, true)
	switch {
	case err != nil:
		return false, api.UnavailableError("looking up the Idempotency-Key", err)
	case it == nil || it.Int(table.TTLAttr) <= t.now.Unix():
		return false, nil
	case it.Str("asked") != t.asked:
		return false, api.Fail(api.ConflictRepeat, "Idempotency-Key: already used for another request; use a new one")
	}
	if err := json.Unmarshal([]byte(it.Str("answer")), answer); err != nil {
		return false, fmt.Errorf("idempotency: reading the stored answer: %w", err)
	}
	return true, nil
}

// Writes returns what the transaction that does the work must contain, so that work and
// answer are stored together; nothing for the zero Token. Of two concurrent requests one
// transaction is canceled, and finds the other's answer on its next attempt.
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
