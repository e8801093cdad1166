package suite

import (
	"encoding/json"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Inbox is an address of this machine that receives webhook deliveries, for cases outside
// this package.
type Inbox struct {
	t   *T
	box *inbox
}

// Received is one attempt of a delivery, as it arrived.
type Received struct {
	Header http.Header
	Body   []byte
}

// At returns the value at a dotted path of the body, nil for none.
func (r Received) At(path string) any { return Reply{Body: r.Body}.At(path) }

// Text is [Received.At] for strings, "" for none.
func (r Received) Text(path string) string { return Reply{Body: r.Body}.Text(path) }

// Inbox returns a new inbox, which answers its first attempts with the given statuses and
// then with 204. The case does not apply where the deployment cannot call this machine.
func (t *T) Inbox(name string, answers ...int) Inbox {
	if t.receiver == nil {
		t.NotApplicable("the deployment cannot call this machine, or --receive names no address")
	}
	return Inbox{t, t.receiver.box(t.id+"-"+name, answers...)}
}

// URL returns the address of the inbox.
func (b Inbox) URL() string { return b.box.url }

// All returns the attempts that have arrived so far.
func (b Inbox) All() []Received {
	var all []Received
	for _, p := range b.box.all() {
		all = append(all, Received{p.header, p.body})
	}
	return all
}

// Await waits for an attempt that is wanted and returns it.
func (b Inbox) Await(what string, wanted func(r Received) bool) Received {
	p := b.t.awaitAttempt(b.box, what, func(p attempt) bool { return wanted(Received{p.header, p.body}) })
	return Received{p.header, p.body}
}

// CheckSigned checks that each secret, and no other, signed the attempt.
func (t *T) CheckSigned(r Received, secrets ...string) {
	t.checkSignatures(attempt{header: r.Header, body: r.Body}, secrets...)
}

// MatchBody compares the body of an attempt with a pattern of [T.Expect].
func (t *T) MatchBody(r Received, pattern string) {
	var want, got any
	if err := json.Unmarshal([]byte(pattern), &want); err != nil {
		t.Fatalf("parsing the pattern %s: %v", pattern, err)
	}
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%.200s is not JSON: %v", r.Body, err)
	}
	if wrong := diff(want, got, "body"); wrong != "" {
		t.Errorf("%s, in %.300s", wrong, r.Body)
	}
}

// AwaitFanout waits until the webhooks that were created before receive events.
func (t *T) AwaitFanout() { t.awaitFanout() }

// Eventually asks until a request is answered as wanted, or fails the case when the time for
// a delivery is over.
func (t *T) Eventually(r Request, what string, wanted func(r Reply) bool) Reply {
	var last Reply
	for end := time.Now().Add(t.patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if last = t.Send(r); wanted(last) {
			return last
		}
	}
	t.Fatalf("%s: %s is not true of %s", last.asked, what, last.brief())
	return last
}

// checkSignatures checks that each secret, and no other, signed the attempt.
func (t *T) checkSignatures(p attempt, secrets ...string) {
	if got := len(signatures(p)); got != len(secrets) {
		t.Errorf("%s has %d signatures, want %d", p.id(), got, len(secrets))
	}
	for _, secret := range secrets {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = verifier.Verify(p.body, p.header)
		}
		if err != nil {
			t.Errorf("%s: %v", p.id(), err)
		}
	}
}
