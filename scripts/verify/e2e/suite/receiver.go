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

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is where a run is told of events: one server, with an inbox for each path.
type receiver struct {
	base  string // URL, without the path
	mutex sync.Mutex
	boxes map[string]*inbox
}

// inbox is what came to one path.
type inbox struct {
	url     string
	mutex   sync.Mutex
	answers []int // statuses of the next answers; 204 when there are none left
	came    []parcel
	more    chan struct{} // is given something whenever something came
}

// parcel is one attempt of a delivery, as it came.
type parcel struct {
	header http.Header
	body   []byte
	event  struct {
		Type      string         `json:"type"`
		Timestamp time.Time      `json:"timestamp"`
		Data      map[string]any `json:"data"`
	}
	unread error // where the body is no event
}

func (p parcel) id() string { return p.header.Get("webhook-id") }

// receive begins to listen at an address of this machine until ctx ends.
func receive(ctx context.Context, address string) (*receiver, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, err
	}
	r := &receiver{base: "http://" + listener.Addr().String(), boxes: map[string]*inbox{}}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with the run
	context.AfterFunc(ctx, func() { server.Close() })
	return r, nil
}

// box is a new inbox, which answers its first parcels with statuses.
func (r *receiver) box(name string, answers ...int) *inbox {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	b := &inbox{url: r.base + "/" + name, answers: answers, more: make(chan struct{}, 1)}
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
	p := parcel{header: in.Header.Clone(), body: body}
	p.unread = json.Unmarshal(body, &p.event)
	w.WriteHeader(b.take(p))
}

func (b *inbox) take(p parcel) (status int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	status = http.StatusNoContent
	if len(b.answers) > 0 {
		status, b.answers = b.answers[0], b.answers[1:]
	}
	b.came = append(b.came, p)
	select {
	case b.more <- struct{}{}:
	default:
	}
	return status
}

func (b *inbox) all() []parcel {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]parcel(nil), b.came...)
}

// deliveryTime is how long a delivery may take where others are under way too, if
// nobody says otherwise.
const deliveryTime = 40 * time.Second

// awaits waits until something has come that is wanted, and returns it.
func (t *T) awaits(b *inbox, what string, wanted func(p parcel) bool) parcel {
	end := time.After(t.patience)
	for {
		for _, p := range b.all() {
			if wanted(p) {
				return p
			}
		}
		select {
		case <-b.more:
		case <-t.ctx.Done():
			t.Fatalf("waiting for %s: %v", what, t.ctx.Err())
		case <-end:
			t.Fatalf("%s did not come within %s; %d others did", what, t.patience, len(b.all()))
		}
	}
}

// awaitsType waits for an event of a type.
func (t *T) awaitsType(b *inbox, kind string) parcel {
	return t.awaits(b, kind, func(p parcel) bool { return p.event.Type == kind })
}

// authentic wants a parcel to be signed by each of the secrets, and by no other.
func (t *T) authentic(p parcel, secrets ...string) {
	if got := len(strings.Fields(p.header.Get("webhook-signature"))); got != len(secrets) {
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
	if p.unread != nil || p.id() == "" || p.event.Timestamp.IsZero() {
		t.Errorf("%.200s is no event: %v", p.body, p.unread)
	}
}
