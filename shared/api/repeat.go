package api

// Repeat is what a request gets that repeats an earlier one with its Idempotency-Key, within
// a day. In each case, the Idempotency-Key of another operation or of another input is
// refused with [ConflictRepeat].
type Repeat int

const (
	// NotRepeatable is the zero Repeat: the operation does not read Idempotency-Keys.
	NotRepeatable Repeat = iota
	// FirstAnswer repeats the first answer.
	FirstAnswer
	// FirstAnswerWhileItExists repeats the first answer until what was made is deleted, and
	// is refused then.
	FirstAnswerWhileItExists
	// RefusedWithKey and RefusedWithWebhook refuse the repeat with the id of the key or the
	// webhook: the first answer had a secret, which is shown once.
	RefusedWithKey
	RefusedWithWebhook
)

// repeats has the operations that take an Idempotency-Key. Each of them claims it in the
// partition IDEMPOTENCY# of the keys table.
var repeats = map[string]Repeat{
	"createKey":      RefusedWithKey,
	"rotateKey":      RefusedWithKey,
	"createToken":    RefusedWithKey,
	"createWebhook":  RefusedWithWebhook,
	"rotateWebhook":  RefusedWithWebhook,
	"createMatch":    FirstAnswerWhileItExists,
	"createReplay":   FirstAnswerWhileItExists,
	"createContest":  FirstAnswer,
	"forfeitContest": FirstAnswer,
}

// Repeat returns what a repeat of a request to the route gets.
func (r Route) Repeat() Repeat { return repeats[r.Operation] }
