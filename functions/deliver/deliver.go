// Package deliver is the function that sends webhook deliveries.
//
// A customer chooses the URL, so it may be anything. The IP address that its name resolves
// to must be on the open internet when it is dialled. Redirects are not followed, and
// nothing of the answer but its status is stored.
package deliver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"statgate/shared/feed/webhooks"
	"statgate/shared/telemetry"
)

const (
	timeout     = 10 * time.Second // of one attempt, by default
	answerBytes = 4 << 10          // read of an answer, so that its receiver can finish writing it
	answerTime  = time.Second      // for reading them
)

// Store stores deliveries.
type Store interface {
	Begin(ctx context.Context, d webhooks.QueuedDelivery, now time.Time) (*webhooks.Attempt, time.Duration, error)
	Finish(ctx context.Context, a *webhooks.Attempt, o webhooks.Outcome, now time.Time) (time.Duration, bool, error)
}

// Deps are the function's dependencies.
type Deps struct {
	Store   Store
	Title   string            // the API's, for the receivers' logs
	Headers map[string]string // the contract's further headers of a delivery, each with its slot: id or type
	Private bool              // also call addresses of this machine and its network
	Timeout time.Duration     // of one attempt, until the answer's header has been read; 0: 10 s
	Clock   func() time.Time
	Log     *slog.Logger
	Metrics *telemetry.Recorder // nil: none are recorded
}

// Sender makes attempts.
type Sender struct {
	Deps
	client  *http.Client
	agent   string
	silence silence
}

// New prepares the function.
func New(d Deps) *Sender {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !d.Private {
		dialer.Control = ssrf.New(ssrf.WithAnyPort()).Safe
	}
	d.Timeout = cmp.Or(d.Timeout, timeout)
	return &Sender{Deps: d, agent: strings.ReplaceAll(d.Title, " ", "-") + "-Webhooks/1", client: &http.Client{
		Timeout: d.Timeout,
		// No proxy: it would be dialled in place of the checked address. No kept connections:
		// the other end may have closed one, as those of a frozen function are. Whether the
		// receiver has read the request is then unknown, so neither sending it again nor
		// counting a failed attempt would be right.
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Deliver attempts a delivery if it may be attempted now, and returns how long to wait for
// the next attempt, 0 for never. It fails if the store does.
func (s *Sender) Deliver(ctx context.Context, d webhooks.QueuedDelivery) (time.Duration, error) {
	a, wait, err := s.Store.Begin(ctx, d, s.Clock())
	if err != nil || a == nil {
		return wait, err
	}
	start := s.Clock()
	o := s.attempt(ctx, a)
	if o.Status == 0 && ctx.Err() != nil {
		// We cancelled the request ourselves. The delivery is attempted again when its
		// lease expires, as if this attempt had not begun.
		return 0, fmt.Errorf("deliver: an attempt of %s was stopped: %w", d.Delivery, ctx.Err())
	}
	end := s.Clock()
	// The receiver has answered, so the result is stored even if the function's time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	again, givenUp, err := s.Store.Finish(ctx, a, o, end)
	s.log(ctx, d, a, o, givenUp, end.Sub(start))
	return again, err
}

// attempt calls the URL, unless earlier attempts had no answer.
func (s *Sender) attempt(ctx context.Context, a *webhooks.Attempt) webhooks.Outcome {
	if !s.silence.allows(&a.Webhook, s.Clock()) {
		return webhooks.Outcome{Error: notCalled, Skipped: true}
	}
	o := s.post(ctx, a)
	if ctx.Err() == nil {
		s.silence.record(&a.Webhook, o.Error != noAnswer, s.Clock())
	}
	return o
}

// post sends an attempt. Failures are part of the outcome.
func (s *Sender) post(ctx context.Context, a *webhooks.Attempt) webhooks.Outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Webhook.URL, bytes.NewReader(a.Body))
	if err != nil {
		return webhooks.Outcome{Error: "the URL is not valid"}
	}
	request.GetBody = nil // without it, the client never sends the body a second time
	now := s.Clock()
	signatures, err := signBody(a, now)
	if err != nil {
		return webhooks.Outcome{Error: "the delivery cannot be signed"}
	}
	h := request.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", s.agent)
	h.Set(standardwebhooks.HeaderWebhookID, a.Event)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	h.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	for name, slot := range s.Headers {
		h[name] = []string{map[string]string{"id": a.Event, "type": a.Type}[slot]} // in the contract's spelling
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return webhooks.Outcome{Error: failureReason(err)}
	}
	drain(answer, cancel)
	o := webhooks.Outcome{Status: answer.StatusCode, RetryAfter: retryAfter(answer, s.Clock())}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		o.Error = fmt.Sprintf("the endpoint answered %d", answer.StatusCode)
		if answer.StatusCode >= 300 && answer.StatusCode <= 399 {
			o.Error += "; redirects are not followed"
		}
	}
	return o
}

// retryAfter returns the Retry-After of a 429 or 503 answer, at most
// [webhooks.MaxRetryAfter]; 0 if it has none. It is a number of seconds or a date
// (RFC 9110 section 10.2.3).
func retryAfter(answer *http.Response, now time.Time) time.Duration {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := answer.Header.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), webhooks.MaxRetryAfter)
	}
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(seconds, uint64(webhooks.MaxRetryAfter/time.Second))) * time.Second
}

// drain reads the start of an answer, so that the receiver can finish writing it, and closes it.
// cancel ends the request if the rest is slow. Of an answer that switches protocols nothing
// is read, as the client's timeouts do not apply there.
func drain(answer *http.Response, cancel context.CancelFunc) {
	if answer.StatusCode != http.StatusSwitchingProtocols {
		defer time.AfterFunc(answerTime, cancel).Stop()
		_, _ = io.CopyN(io.Discard, answer.Body, answerBytes)
	}
	_ = answer.Body.Close()
}

// signBody signs an attempt by each of its secrets.
func signBody(a *webhooks.Attempt, now time.Time) (string, error) {
	var signatures []string
	for _, secret := range a.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return "", errors.New("deliver: a signing secret is malformed") // the error might quote it
		}
		signature, err := signer.Sign(a.Event, now, a.Body)
		if err != nil {
			return "", fmt.Errorf("deliver: signing %s: %w", a.Event, err)
		}
		signatures = append(signatures, signature)
	}
	return strings.Join(signatures, " "), nil
}

// noAnswer is the error of an attempt that timed out: after 5 s for the connection, 5 s for
// TLS, or 10 s for the whole attempt.
const noAnswer = "no response in time"

// failureReason returns, for the customer, why the URL could not be called. It contains no
// internal details.
func failureReason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return "the address is not on the public internet"
	case errors.As(err, &timeout) && timeout.Timeout(): // includes timeouts of DNS
		return noAnswer
	case errors.As(err, &dns):
		return "the host name cannot be resolved"
	case strings.Contains(err.Error(), "certificate"):
		return "the TLS certificate is not trusted"
	}
	return "the connection failed"
}

func (s *Sender) log(ctx context.Context, d webhooks.QueuedDelivery, a *webhooks.Attempt, o webhooks.Outcome, givenUp bool, took time.Duration) {
	line := []slog.Attr{slog.String("webhook", d.Webhook), slog.String("org", d.Org), slog.String("delivery", d.Delivery),
		slog.String("event", a.Event), slog.Int("status", o.Status), slog.Int64("ms", took.Milliseconds()), slog.String("cause", o.Error)}
	if trace := telemetry.Trace(ctx); trace != "" {
		line = append(line, slog.String("trace", trace))
	}
	value := telemetry.Value{Metric: telemetry.Delivered, Number: 1}
	if o.Error != "" {
		value.Metric = telemetry.DeliveryFailed
	}
	values := []telemetry.Value{value}
	if givenUp {
		values = append(values, telemetry.Value{Metric: telemetry.DeliveryGivenUp, Number: 1})
	}
	s.Log.LogAttrs(ctx, slog.LevelInfo, "delivery", s.Metrics.Append(line, s.Clock(), values...)...)
}
