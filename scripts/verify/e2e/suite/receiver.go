package suite

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// receiver is the server that receives a run's webhook deliveries, with an inbox for each path.
type receiver struct {
	base  string // URL, without the path
	mutex sync.Mutex
	boxes map[string]*inbox
}

// inbox collects the attempts that arrive at one path.
type inbox struct {
	url      string
	mutex    sync.Mutex
	answers  []int // statuses of the next answers; 204 when they are used up
	attempts []attempt
	arrived  chan struct{} // signals a new attempt; capacity 1
	held     chan struct{} // while it is open, attempts that succeed get no answer; nil for none
}

// holdTime is the longest time for which an answer is held back. A sender waits for 10 s.
const holdTime = 8 * time.Second

// hold holds the answers to attempts that succeed back, until release is called. So a case can
// look at a failed delivery however late it is.
func (b *inbox) hold() (release func()) {
	held := make(chan struct{})
	b.mutex.Lock()
	b.held = held
	b.mutex.Unlock()
	return sync.OnceFunc(func() { close(held) })
}

// attempt is one received attempt of a delivery.
type attempt struct {
	header http.Header
	body   []byte
	event  struct {
		Type      string         `json:"type"`
		Timestamp time.Time      `json:"timestamp"`
		Data      map[string]any `json:"data"`
	}
	parseErr error // set if the body is not an event
}

func (p attempt) id() string { return p.header.Get("webhook-id") }

// receive listens at an address of this machine until ctx ends.
func receive(ctx context.Context, address string) (*receiver, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, err
	}
	r := &receiver{base: "http://" + listener.Addr().String(), boxes: map[string]*inbox{}}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // returns when ctx ends
	context.AfterFunc(ctx, func() { server.Close() })
	return r, nil
}

// box creates an inbox, which answers its first attempts with the given statuses.
func (r *receiver) box(name string, answers ...int) *inbox {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	b := &inbox{url: r.base + "/" + name, answers: answers, arrived: make(chan struct{}, 1)}
	r.boxes["/"+name] = b
	return b
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	r.mutex.Lock()
	b := r.boxes[in.URL.Path]
	r.mutex.Unlock()
	body, err := io.ReadAll(io.LimitReader(in.Body, 1<<20))
	if b == nil || err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	p := attempt{header: in.Header.Clone(), body: body}
	p.parseErr = json.Unmarshal(body, &p.event)
	status, held := b.accept(p)
	if held != nil && status < http.StatusMultipleChoices {
		select {
		case <-held:
		case <-in.Context().Done():
		case <-time.After(holdTime):
		}
	}
	w.WriteHeader(status)
}

func (b *inbox) accept(p attempt) (status int, held <-chan struct{}) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	status = http.StatusNoContent
	if len(b.answers) > 0 {
		status, b.answers = b.answers[0], b.answers[1:]
	}
	b.attempts = append(b.attempts, p)
	select {
	case b.arrived <- struct{}{}:
	default:
	}
	return status, b.held
}

func (b *inbox) all() []attempt {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]attempt(nil), b.attempts...)
}

// deliveryTime is the default time for a delivery to arrive while others are pending.
const deliveryTime = 40 * time.Second

// awaitAttempt waits for an attempt that matches, and returns it.
func (t *T) awaitAttempt(b *inbox, what string, wanted func(p attempt) bool) attempt {
	end := time.After(t.patience)
	for {
		for _, p := range b.all() {
			if wanted(p) {
				return p
			}
		}
		select {
		case <-b.arrived:
		case <-t.ctx.Done():
			t.Fatalf("waiting for %s: %v", what, t.ctx.Err())
		case <-end:
			t.Fatalf("%s did not arrive within %s; %d other attempts did", what, t.patience, len(b.all()))
		}
	}
}

// awaitEvent waits for an attempt with an event of the type about a match. Webhooks of an
// organisation also receive the events of other cases that share it.
func (t *T) awaitEvent(b *inbox, kind string, match any) attempt {
	return t.awaitAttempt(b, kind, func(p attempt) bool { return p.event.Type == kind && within(p.event.Data, "match", "id") == match })
}

// awaitTest waits for an attempt with a test event.
func (t *T) awaitTest(b *inbox) attempt {
	return t.awaitAttempt(b, "webhook.test", func(p attempt) bool { return p.event.Type == "webhook.test" })
}

// checkSigned checks that each secret, and no other, signed the attempt.
func (t *T) checkSigned(p attempt, secrets ...string) {
	t.checkSignatures(p, secrets...)
	if p.parseErr != nil || p.id() == "" || p.event.Timestamp.IsZero() {
		t.Errorf("%.200s is not an event: %v", p.body, p.parseErr)
	}
}

// signatures lists the signatures of an attempt.
func signatures(p attempt) []string { return strings.Fields(p.header.Get("webhook-signature")) }
