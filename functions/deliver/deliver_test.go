package deliver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"statgate/functions/deliver"
	"statgate/shared/feed/webhooks"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// store returns one attempt, at a URL, for every delivery.
type store struct {
	url      string
	wait     time.Duration
	err      error
	again    time.Duration
	mu       sync.Mutex
	outcomes []webhooks.Outcome
}

func (s *store) Begin(context.Context, webhooks.QueuedDelivery, time.Time) (*webhooks.Attempt, time.Duration, error) {
	if s.err != nil || s.wait > 0 {
		return nil, s.wait, s.err
	}
	return &webhooks.Attempt{Webhook: webhooks.Webhook{URL: s.url}, Event: "evt_1", Type: "webhook.test", Body: []byte(`{"type":"webhook.test"}`),
		Secrets: []string{secret, "whsec_" + strings.Repeat("A", 44)}}, 0, nil
}

func (s *store) Finish(_ context.Context, _ *webhooks.Attempt, o webhooks.Outcome, _ time.Time) (time.Duration, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes = append(s.outcomes, o)
	return s.again, false, nil
}

func (s *store) outcome(t *testing.T) webhooks.Outcome {
	t.Helper()
	if len(s.outcomes) != 1 {
		t.Fatalf("got %d attempts, want 1", len(s.outcomes))
	}
	return s.outcomes[0]
}

// patience is the timeout of an attempt in these tests.
const patience = 3 * time.Second

func sender(s *store, private bool, log io.Writer) *deliver.Sender {
	return deliver.New(deliver.Deps{Store: s, Title: "Example API", Private: private, Timeout: patience, Clock: time.Now, Log: slog.New(slog.NewJSONHandler(log, nil))})
}

func receiver(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestADeliveryHasTheContractsHeadersInItsSpelling(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received := make(chan string, 1)
	go func() { // net/http would show the names in its own spelling
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var head strings.Builder
		for lines := bufio.NewReader(conn); ; {
			line, err := lines.ReadString('\n')
			if err != nil || line == "\r\n" {
				break
			}
			head.WriteString(line)
		}
		fmt.Fprint(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		received <- head.String()
	}()
	s := &store{url: "http://" + listener.Addr().String()}
	sends := sender(s, true, io.Discard)
	sends.Headers = map[string]string{"X-RallyEvent": "type", "X-RallyID": "id"}
	if _, err := sends.Deliver(t.Context(), webhooks.QueuedDelivery{Org: "org_1", Webhook: "whk_1", Delivery: "dlv_1"}); err != nil || s.outcome(t).Status != 204 {
		t.Fatalf("got %v, %+v", err, s.outcomes)
	}
	head := <-received
	for _, want := range []string{"\r\nX-RallyEvent: webhook.test\r\n", "\r\nX-RallyID: evt_1\r\n"} {
		if !strings.Contains(head, want) {
			t.Errorf("got %q, want it to have %q", head, want)
		}
	}
}

func TestADeliveryIsSignedAsStandardWebhooksSays(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, key := range []string{secret, "whsec_" + strings.Repeat("A", 44)} {
			verifier, err := standardwebhooks.NewWebhook(key)
			if err != nil {
				t.Error(err)
			}
			if err := verifier.Verify(body, r.Header); err != nil {
				t.Errorf("%v: %v", err, r.Header)
			}
		}
		if got, want := string(body), `{"type":"webhook.test"}`; got != want || r.Method != "POST" {
			t.Errorf("got %s %s, want POST %s", r.Method, got, want)
		}
		for name, want := range map[string]string{"webhook-id": "evt_1", "Content-Type": "application/json", "User-Agent": "Example-API-Webhooks/1"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var log bytes.Buffer
	s := &store{url: url}
	if again, err := sender(s, true, &log).Deliver(t.Context(), webhooks.QueuedDelivery{Org: "org_1", Webhook: "whk_1", Delivery: "dlv_1"}); again != 0 || err != nil {
		t.Errorf("got %s, %v", again, err)
	}
	if got, want := s.outcome(t), (webhooks.Outcome{Status: 204}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if strings.Contains(log.String(), "whsec_") || strings.Contains(log.String(), url) || !strings.Contains(log.String(), `"delivery":"dlv_1"`) {
		t.Errorf("logged %s", log.String())
	}
}

func TestAttemptErrorsDescribeTheReceiverWithoutInternalDetails(t *testing.T) {
	t.Parallel()
	reached := false
	target := receiver(t, func(http.ResponseWriter, *http.Request) { reached = true })
	refused := httptest.NewServer(nil)
	refused.Close()
	untrusted := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(untrusted.Close)
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	for name, c := range map[string]struct {
		url     string
		private bool
		want    webhooks.Outcome
	}{
		"an error": {receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), true, webhooks.Outcome{Status: 503, Error: "the endpoint answered 503"}},
		"gone":     {receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }), true, webhooks.Outcome{Status: 410, Error: "the endpoint answered 410"}},
		"a redirect": {receiver(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target, http.StatusTemporaryRedirect)
		}), true, webhooks.Outcome{Status: 307, Error: "the endpoint answered 307; redirects are not followed"}},
		"no listener":     {refused.URL, true, webhooks.Outcome{Error: "the connection failed"}},
		"no such name":    {"https://unknown.invalid/", false, webhooks.Outcome{Error: "the host name cannot be resolved"}},
		"its certificate": {untrusted.URL, true, webhooks.Outcome{Error: "the TLS certificate is not trusted"}},
		"this machine":    {target, false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"its name":        {strings.Replace(target, "127.0.0.1", "localhost", 1), false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"metadata":        {"http://169.254.169.254/latest/meta-data", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"v6":              {"http://[::1]:80/", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"NAT64":           {"http://[64:ff9b::7f00:1]:80/", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"6to4":            {"http://[2002:7f00:1::1]:80/", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"shared":          {"http://100.64.0.1/", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
		"v4 in v6":        {"http://[::ffff:127.0.0.1]:80/", false, webhooks.Outcome{Error: "the address is not on the public internet"}},
	} {
		s := &store{url: c.url}
		if _, err := sender(s, c.private, io.Discard).Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.outcome(t); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	if reached {
		t.Error("the target of a redirect, or a server on this machine, was called")
	}
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	ended := make(chan struct{})
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for r.Context().Err() == nil {
			n, err := w.Write(make([]byte, 32<<10))
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	})
	s := &store{url: url}
	if _, err := sender(s, true, io.Discard).Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
		t.Fatal(err)
	}
	if got := s.outcome(t); got.Status != 200 || got.Error != "" {
		t.Errorf("got %+v, want success", got)
	}
	<-ended
	const buffers = 64 << 20 // far above what the kernel buffers
	if got := written.Load(); got > buffers {
		t.Errorf("%d bytes were read, want the start only", got)
	}
}

func TestAClosedIdleConnectionDoesNotFailAnAttempt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	used := map[string]bool{} // by the client's end of a connection
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		again := used[r.RemoteAddr]
		used[r.RemoteAddr] = true
		mu.Unlock()
		if !again {
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	s := &store{url: url}
	to := sender(s, true, io.Discard)
	for range 3 {
		if _, err := to.Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range s.outcomes {
		if want := (webhooks.Outcome{Status: 200}); got != want {
			t.Errorf("attempt %d: got %+v, want %+v", i, got, want)
		}
	}
	if len(used) < 2 {
		t.Errorf("%d connections were used, want a second one, else this test proves nothing", len(used))
	}
}

func TestAReceiverThatReadsAndClosesIsSentOneRequestPerAttempt(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(r *http.Request){
		"the whole request": func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		"the header":        func(*http.Request) {},
	} {
		var sent atomic.Int64
		url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			read(r)
			if sent.Add(1) == 1 {
				return // the connection of this answer could be used again
			}
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		})
		s := &store{url: url}
		to := sender(s, true, io.Discard)
		const attempts = 4
		for range attempts {
			if _, err := to.Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := sent.Load(); got != attempts || len(s.outcomes) != attempts {
			t.Errorf("%s: the receiver got %d requests in %d counted attempts, want %d", name, got, len(s.outcomes), attempts)
		}
		for i, got := range s.outcomes[1:] {
			if want := (webhooks.Outcome{Error: "the connection failed"}); got != want {
				t.Errorf("%s: attempt %d: got %+v, want %+v", name, i+2, got, want)
			}
		}
	}
}

func TestARetryAfterIsReadFrom429And503InSecondsOrAsADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		status int
		header string
		want   time.Duration
	}{
		"seconds":            {429, "120", 2 * time.Minute},
		"seconds on 503":     {503, "120", 2 * time.Minute},
		"a date":             {429, now.Add(time.Hour).Format(http.TimeFormat), time.Hour},
		"a date in RFC 850":  {503, now.Add(time.Hour).Format("Monday, 02-Jan-06 15:04:05 GMT"), time.Hour},
		"another status":     {500, "120", 0},
		"a success":          {200, "120", 0},
		"no header":          {429, "", 0},
		"a date in the past": {429, now.Add(-time.Hour).Format(http.TimeFormat), 0},
		"zero":               {429, "0", 0},
		"negative":           {429, "-5", 0},
		"a fraction":         {429, "1.5", 0},
		"text":               {429, "soon", 0},
		"too many seconds":   {429, "99999999999999999999", webhooks.MaxRetryAfter},
		"many seconds":       {429, "9223372036854775807", webhooks.MaxRetryAfter},
		"a distant date":     {503, now.AddDate(100, 0, 0).Format(http.TimeFormat), webhooks.MaxRetryAfter},
	} {
		url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.status)
		})
		s := &store{url: url}
		to := deliver.New(deliver.Deps{Store: s, Title: "Example API", Private: true, Timeout: patience, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
		if _, err := to.Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
			t.Fatal(err)
		}
		if got := s.outcome(t); got.RetryAfter != c.want || got.Status != c.status {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
	}
}

func TestACancelledAttemptDoesNotCountAsAReceiverFailure(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		stop()
		<-r.Context().Done()
	})
	s := &store{url: url}
	if _, err := sender(s, true, io.Discard).Deliver(ctx, webhooks.QueuedDelivery{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if len(s.outcomes) != 0 {
		t.Errorf("got outcomes %+v, want none", s.outcomes)
	}
}

func TestASlowOrProtocolSwitchingAnswerDoesNotBlockTheWorker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		want   webhooks.Outcome
	}{
		"dripping": {"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", webhooks.Outcome{Status: 200}},
		"another protocol": {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n",
			webhooks.Outcome{Status: 101, Error: "the endpoint answered 101"}},
	} {
		url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for say := c.answer; err == nil; say = "x" { // until the sender gives up
				_, err = io.WriteString(conn, say)
				time.Sleep(50 * time.Millisecond)
			}
		})
		s := &store{url: url}
		if _, err := sender(s, true, io.Discard).Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
			t.Fatal(err)
		}
		if got := s.outcome(t); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestAReceiverThatDoesNotAnswerTimesOut(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see that the client has gone
		<-r.Context().Done()
	})
	s, start := &store{url: url}, time.Now()
	if _, err := sender(s, true, io.Discard).Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
		t.Fatal(err)
	}
	if got := s.outcome(t); got.Error != "no response in time" || time.Since(start) < patience*9/10 {
		t.Errorf("got %+v after %s", got, time.Since(start))
	}
}

func TestOneDeliveryProbesASilentURLForAllOthers(t *testing.T) {
	t.Parallel()
	var called atomic.Int64
	var up atomic.Bool
	url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		called.Add(1)
		if !up.Load() {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
	})
	s, now := &store{url: url}, time.Now()
	to := deliver.New(deliver.Deps{Store: s, Title: "Example API", Private: true, Timeout: patience, Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	attempts := func(n int) (calls int64, last webhooks.Outcome) {
		before := called.Load()
		var group sync.WaitGroup
		for range n {
			group.Go(func() {
				if _, err := to.Deliver(t.Context(), webhooks.QueuedDelivery{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		return called.Load() - before, s.outcomes[len(s.outcomes)-1]
	}
	const skipped = "not attempted, because several deliveries before it had no response in time"
	if calls, last := attempts(3); calls != 3 || last.Error != "no response in time" {
		t.Errorf("at first: got %d calls, %+v, want 3: it may be slow once", calls, last)
	}
	if calls, last := attempts(5); calls != 0 || last != (webhooks.Outcome{Error: skipped, Skipped: true}) {
		t.Errorf("just after it: got %d calls, %+v, want none", calls, last)
	}
	now = now.Add(30 * time.Second)
	if calls, _ := attempts(5); calls != 1 {
		t.Errorf("half a minute later: got %d calls, want one probe", calls)
	}
	now = now.Add(30 * time.Second)
	up.Store(true)
	if calls, last := attempts(1); calls != 1 || last.Status != 200 {
		t.Errorf("when it answers: got %d calls, %+v", calls, last)
	}
	if calls, _ := attempts(5); calls != 5 {
		t.Errorf("after its answer: got %d calls, want all", calls)
	}
}

// queue records the messages that the function sends.
type queue struct {
	sent []webhooks.QueuedDelivery
	err  error
}

func (q *queue) Send(_ context.Context, deliveries ...webhooks.QueuedDelivery) error {
	q.sent = append(q.sent, deliveries...)
	return q.err
}

// batch returns an SQS event with one message per body.
func batch(bodies ...string) events.SQSEvent {
	var ev events.SQSEvent
	for i, body := range bodies {
		ev.Records = append(ev.Records, events.SQSMessage{MessageId: fmt.Sprint(i), ReceiptHandle: "r" + fmt.Sprint(i), Body: body, EventSource: "aws:sqs"})
	}
	return ev
}

func body(t *testing.T, d webhooks.QueuedDelivery) string {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestADeliveryHasAQueueMessageUntilItEnds(t *testing.T) {
	t.Parallel()
	url := receiver(t, func(http.ResponseWriter, *http.Request) {})
	due := webhooks.QueuedDelivery{Org: "org_1", Webhook: "whk_1", Delivery: "dlv_1"}
	early := due
	early.NotBefore = time.Now().Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		store *store
		body  string
		queue error
		stays bool          // the message stays in the queue
		later time.Duration // delay of a new message; 0: none is sent
	}{
		"accepted":              {store: &store{url: url}, body: body(t, due)},
		"to be tried again":     {store: &store{url: url, again: 5 * time.Minute}, body: body(t, due), later: 5 * time.Minute},
		"another has the lease": {store: &store{wait: time.Minute}, body: body(t, due), later: time.Minute},
		"early":                 {store: &store{err: errors.New("asked")}, body: body(t, early), later: time.Hour},
		"the queue fails":       {store: &store{wait: time.Minute}, body: body(t, due), queue: errors.New("no"), stays: true, later: time.Minute},
		"the store fails":       {store: &store{err: errors.New("down")}, body: body(t, due), stays: true},
		"no delivery":           {store: &store{}, body: "hello", stays: true},
		"an empty one":          {store: &store{}, body: "{}", stays: true},
		"no longer early":       {store: &store{url: url}, body: strings.Replace(body(t, early), fmt.Sprint(early.NotBefore), "1000", 1)},
	} {
		q := &queue{err: c.queue}
		answer, err := sender(c.store, true, io.Discard).Handle(q)(t.Context(), batch(c.body))
		if stays := len(answer.BatchItemFailures) == 1; err != nil || stays != c.stays || (len(q.sent) == 1) != (c.later > 0) {
			t.Errorf("%s: stays %v, sent %v, %v, want %v and %s", name, stays, q.sent, err, c.stays, c.later)
			continue
		}
		for _, d := range q.sent {
			if d.Delivery != "dlv_1" || d.Org != "org_1" || time.Until(time.Unix(d.NotBefore, 0)).Round(time.Minute) != c.later {
				t.Errorf("%s: queued %+v, want a delay of %s", name, d, c.later)
			}
		}
	}
}

func TestRetriesOfABatchAreQueuedInOneRequest(t *testing.T) {
	t.Parallel()
	q := &queue{err: errors.New("no")}
	due := body(t, webhooks.QueuedDelivery{Org: "org_1", Webhook: "whk_1", Delivery: "dlv_1"})
	answer, err := sender(&store{wait: time.Minute}, true, io.Discard).Handle(q)(t.Context(), batch(due, due, "{}"))
	if err != nil || len(q.sent) != 2 || len(answer.BatchItemFailures) != 3 {
		t.Errorf("got %v, %v, %v, want two sent in one failed request, and all three messages kept", q.sent, answer, err)
	}
}

func TestASlowReceiverDelaysNoOtherMessageOfItsBatch(t *testing.T) {
	t.Parallel()
	var arrived sync.WaitGroup
	arrived.Add(10)
	url := receiver(t, func(http.ResponseWriter, *http.Request) { arrived.Done(); arrived.Wait() }) // until all ten are there
	due := body(t, webhooks.QueuedDelivery{Webhook: "whk_1", Delivery: "dlv_1"})
	s := &store{url: url}
	var bodies []string
	for range 10 {
		bodies = append(bodies, due)
	}
	answer, err := sender(s, true, io.Discard).Handle(nil)(t.Context(), batch(bodies...))
	if err != nil || len(answer.BatchItemFailures) != 0 || len(s.outcomes) != 10 {
		t.Errorf("got %v, %v, %d attempts", answer, err, len(s.outcomes))
	}
}
