// Package idempotency lets a client repeat a request without doing its work twice.
//
// An Idempotency-Key belongs to the user who sends it, with any of their keys, and to the
// first request that does work under it, for a day. Both tables keep it in one form of
// item, which names the operation and holds a digest of operation and input. The
// transaction that does the work writes the item, so neither exists without the other.
//
// A later request with the same Idempotency-Key is one of three:
//
//   - The same operation with the same input: a repeat. It gets the stored answer again.
//     An answer with a secret is not stored, so such a repeat is refused, and the error
//     identifies what was made. It is refused too if what was made has been deleted.
//   - Another operation, or another input: refused.
//   - Another attempt of the request that wrote the item, if that write's answer was lost.
//     It continues where the write ended.
//
// All of a user's Idempotency-Keys meet in the keys table. An operation that writes the
// stats table therefore first claims its Idempotency-Key there, with an item that has no
// answer. The claim is written after the request was checked and directly before its
// transaction. If the request ends in between, a repeat of it takes the claim over, and any
// other request is refused until the claim expires.
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

// Items of the keys table and of the stats table:
//
//	IDEMPOTENCY#<org>#<user>  <Idempotency-Key>
//
// Their attributes:
//
//	operation  the operation that did the work
//	asked      digest of the operation and its input
//	answer     the answer in JSON; missing if it contained a secret, and in claims
//	key        id of the API key that was made, rotated or used, if the answer had its secret
//	webhook    id of the webhook that was made or rotated, likewise
//	attempt    id of the request's attempts, if the answer had a secret
//
// Earlier releases stored two other forms in the keys table: operation and key without
// asked, for operations on keys, and asked and answer without operation, for createWebhook.
// In the stats table they stored asked and answer without operation.
const (
	operationAttr = "operation"
	askedAttr     = "asked"
	answerAttr    = "answer"
	attemptAttr   = "attempt"
)

// Names of the attribute, and of the field of an error's details, that identifies what was
// made.
const (
	Key     = "key"
	Webhook = "webhook"
)

// place returns the address of a request's Idempotency-Key, the zero key if it has none.
// If it is not visible ASCII text the error is an *[api.Error].
func place(r *api.Request) (table.Key, error) {
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

// Table is the part of the written table that a token uses.
type Table interface {
	Get(ctx context.Context, key table.Key, consistent bool) (table.Item, error)
}

// Claims is the part of the keys table that operations on another table use.
type Claims interface {
	Table
	Write(ctx context.Context, w table.Write) (table.Item, error)
}

// Store keeps the Idempotency-Keys of operations that write one table.
type Store struct {
	Table  Table  // the table that the operations write
	Claims Claims // the keys table; nil if that is the written table
}

// Token is the Idempotency-Key of one request; the zero Token stores nothing.
type Token struct {
	store     Store
	at        table.Key // zero without an Idempotency-Key
	operation string
	asked     string // digest of the operation and its input
	now       time.Time
	kind, id  string // identify what is made, if the answer has a secret
	attempt   string
	what      string
	exists    func(ctx context.Context, id string) (bool, error)
}

// Of returns the request's token. Input is the handler's bound input, path parameters
// included, so two bodies with the same meaning are the same input. If the Idempotency-Key
// is malformed the error is an *[api.Error].
func (s Store) Of(r *api.Request, input any) (Token, error) {
	at, err := place(r)
	if err != nil || at == (table.Key{}) {
		return Token{}, err
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return Token{}, fmt.Errorf("idempotency: reading the input of %s: %w", r.Route.Operation, err)
	}
	sum := sha256.Sum256(append([]byte(r.Route.Operation+"\n"), raw...))
	return Token{store: s, at: at, operation: r.Route.Operation, asked: hex.EncodeToString(sum[:]), now: r.Now}, nil
}

// Secret returns the token of a request whose answer contains a secret, which is not
// stored. A repeat is refused, and the error identifies what was made by kind, [Key] or
// [Webhook], and id.
func (t Token) Secret(kind, id string) Token {
	t.kind, t.id = kind, id
	return t
}

// While returns a token whose stored answer is repeated only while what it describes, by
// the answer's field "id", exists. What names it for people, such as "match". An error of exists must be an *[api.Error].
func (t Token) While(what string, exists func(ctx context.Context, id string) (bool, error)) Token {
	t.what, t.exists = what, exists
	return t
}

// Attempt returns the token for the attempts of one request, which share an id that no
// other request has.
func (t Token) Attempt(id string) Token {
	t.attempt = id
	return t
}

// Sent reports whether the request has an Idempotency-Key.
func (t Token) Sent() bool { return t.at != (table.Key{}) }

// Earlier is what was done under an Idempotency-Key before. The zero Earlier is nothing.
type Earlier struct {
	// Answered says that the request's work is done, and its answer is known.
	Answered bool
	// Mine says that an earlier attempt of this request did the work.
	Mine bool
	// Refuse is the refusal of a repeat, an *[api.Error] of the condition conflict.repeat,
	// or nil.
	Refuse error
	// Key is the API key whose secret the earlier request returned, for Refuse.
	Key string
}

// Earlier looks up what was done under the Idempotency-Key. It decodes a stored answer into
// answer. If a store does not answer the error is unavailable.
func (t Token) Earlier(ctx context.Context, answer any) (Earlier, error) {
	if !t.Sent() {
		return Earlier{}, nil
	}
	it, err := t.get(ctx, t.store.Table)
	if err != nil || it != nil {
		return t.judge(ctx, it, answer, err)
	}
	if t.store.Claims == nil {
		return Earlier{}, nil
	}
	if it, err = t.get(ctx, t.store.Claims); err != nil || it == nil || t.same(it) {
		return Earlier{}, err
	}
	return refused(it, false), nil
}

// get returns the item of the Idempotency-Key, or nil if it does not exist or has expired.
func (t Token) get(ctx context.Context, from Table) (table.Item, error) {
	it, err := from.Get(ctx, t.at, true)
	if err != nil {
		return nil, api.UnavailableError("looking up the Idempotency-Key", err)
	}
	if it == nil || it.Int(table.TTLAttr) <= t.now.Unix() {
		return nil, nil
	}
	return it, nil
}

// same reports whether an item is of the same operation with the same input. Items that an
// earlier release stored for operations on keys do not show the input.
func (t Token) same(it table.Item) bool {
	if asked := it.Str(askedAttr); asked != "" {
		return asked == t.asked
	}
	return it.Str(operationAttr) == t.operation
}

// judge says what the item in the written table means for the request.
func (t Token) judge(ctx context.Context, it table.Item, answer any, err error) (Earlier, error) {
	switch same := t.same(it); {
	case err != nil:
		return Earlier{}, err
	case t.attempt != "" && it.Str(attemptAttr) == t.attempt:
		return Earlier{Answered: true, Mine: true}, nil
	case t.kind != "" || !same:
		return refused(it, same), nil
	}
	if t.exists != nil {
		made := madeID(it)
		there, err := t.exists(ctx, made)
		if err != nil {
			return Earlier{}, err
		}
		if !there {
			return Earlier{Refuse: deleted(t.what, made)}, nil
		}
	}
	if err := json.Unmarshal([]byte(it.Str(answerAttr)), answer); err != nil {
		return Earlier{}, fmt.Errorf("idempotency: reading the stored answer: %w", err)
	}
	return Earlier{Answered: true}, nil
}

// madeID returns the id in the stored answer, or "".
func madeID(it table.Item) string {
	var made struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(it.Str(answerAttr)), &made) // an unreadable answer identifies nothing
	return made.ID
}

// refused is the refusal of a request whose Idempotency-Key has an item already.
func refused(it table.Item, same bool) Earlier {
	err := api.Fail(api.ConflictRepeat, "Idempotency-Key: already used for another request; use a new one")
	if same {
		err.Message = "Idempotency-Key: already used; the secret created by that request cannot be shown again"
	}
	key, hook := it.Str(Key), it.Str(Webhook)
	if same && key == "" && hook == "" {
		hook = madeID(it) // an earlier release stored the answer of createWebhook, without its secret
	}
	switch {
	case key != "":
		err.Details = map[string]any{Key: key}
	case hook != "":
		err.Details = map[string]any{Webhook: hook}
	}
	return Earlier{Refuse: err, Key: key}
}

func deleted(what, id string) error {
	err := api.Fail(api.ConflictRepeat, "Idempotency-Key: already used; the %s created by that request has been deleted since", what)
	err.Details = map[string]any{what: id}
	return err
}

// Claim claims the Idempotency-Key of an operation on the stats table in the keys table. A
// repeat of the same request claims it again. If another request has used or claimed it the
// error is an *[api.Error] of the condition conflict.repeat.
func (t Token) Claim(ctx context.Context) error {
	if !t.Sent() || t.store.Claims == nil {
		return nil
	}
	_, err := t.store.Claims.Write(ctx, table.Put(t.item(),
		table.Or(append(vacant(t.now), table.Eq(askedAttr, t.asked))...)))
	if was := table.AsConditionFailed(err); was != nil {
		return refused(was.Item, false).Refuse
	}
	if err != nil {
		return api.UnavailableError("claiming the Idempotency-Key", err)
	}
	return nil
}

// vacant holds if nothing is stored for an Idempotency-Key, or if it has expired: the table
// may delete an expired item late.
func vacant(now time.Time) []table.Cond {
	return []table.Cond{table.IsNew(), table.Le(table.TTLAttr, now.Unix())}
}

func (t Token) item() table.Item {
	return table.Item{table.PartitionAttr: t.at.Partition, table.SortAttr: t.at.Sort,
		operationAttr: t.operation, askedAttr: t.asked, table.TTLAttr: t.now.Add(Life).Unix()}
}

// Writes returns what the transaction that does the work must contain, so that work and
// item are stored together; nothing for the zero Token. Of two concurrent requests one
// transaction is canceled, and finds the other's item on its next attempt.
func (t Token) Writes(answer any) ([]table.Write, error) {
	if !t.Sent() {
		return nil, nil
	}
	it := t.item()
	if t.kind != "" {
		it[t.kind], it[attemptAttr] = t.id, t.attempt
		return []table.Write{table.Put(it, table.Or(vacant(t.now)...))}, nil
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("idempotency: storing an answer: %w", err)
	}
	it[answerAttr] = string(raw)
	return []table.Write{table.Put(it, table.Or(vacant(t.now)...))}, nil
}
