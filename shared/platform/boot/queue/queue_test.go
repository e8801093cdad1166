package queue_test

import (
	"crypto/md5" // SQS returns the MD5 of each message
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/boot/queue"
)

var now = time.Date(2026, 5, 2, 14, 0, 0, 0, time.UTC)

// entry is a message of a batch as SQS receives it.
type entry struct {
	ID    string `json:"Id"`
	Body  string `json:"MessageBody"`
	Group string `json:"MessageGroupId"`
	Delay int    `json:"DelaySeconds"`
}

// sqs accepts batches, but refuses messages that contain the text refuse.
type sqs struct {
	refuse  string
	mu      sync.Mutex
	batches [][]entry
}

func (s *sqs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Entries []entry }
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &in); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, in.Entries)
	taken, failed := []map[string]any{}, []map[string]any{}
	for _, e := range in.Entries {
		if s.refuse != "" && strings.Contains(e.Body, s.refuse) {
			failed = append(failed, map[string]any{"Id": e.ID, "Code": "InternalError", "SenderFault": false})
			continue
		}
		sum := md5.Sum([]byte(e.Body))
		taken = append(taken, map[string]any{"Id": e.ID, "MessageId": e.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Successful": taken, "Failed": failed})
}

func open(t *testing.T, s *sqs) *queue.Queue[webhooks.QueuedDelivery] {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return queue.New[webhooks.QueuedDelivery](aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, server.URL+"/q",
		func() time.Time { return now })
}

func due(org string, n int) []webhooks.QueuedDelivery {
	list := make([]webhooks.QueuedDelivery, n)
	for i := range list {
		list[i] = webhooks.QueuedDelivery{Org: org, Webhook: "whk_1", Delivery: fmt.Sprintf("dlv_%d", i)}
	}
	return list
}

func TestEveryDeliveryIsSentOnceInTheGroupOfItsOrganisation(t *testing.T) {
	t.Parallel()
	s := &sqs{}
	if err := open(t, s).Send(t.Context(), due("org_1", 95)...); err != nil {
		t.Fatal(err)
	}
	sent := map[string]int{}
	for _, batch := range s.batches {
		for _, e := range batch {
			sent[e.Body]++
			if e.Group != "org_1" || e.Delay != 0 {
				t.Errorf("got %+v, want it in its organisation's group without a delay", e)
			}
		}
	}
	if len(s.batches) != 10 || len(sent) != 95 || sent[`{"org":"org_1","webhook":"whk_1","delivery":"dlv_94"}`] != 1 {
		t.Errorf("got %d batches of %d messages, want 10 of 95: %v", len(s.batches), len(sent), sent)
	}
}

func TestRefusedMessageFailsSend(t *testing.T) {
	t.Parallel()
	err := open(t, &sqs{refuse: "dlv_17"}).Send(t.Context(), due("org_1", 20)...)
	if err == nil || !strings.Contains(err.Error(), "1 of 10 messages were refused: InternalError") {
		t.Errorf("got %v", err)
	}
}

func TestDelayIsAtMostFifteenMinutes(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]int{-time.Hour: 0, 6 * time.Second: 6, 10 * time.Hour: 900} {
		s, d := &sqs{}, due("org_1", 1)[0]
		d.NotBefore = now.Add(after).Unix()
		if err := open(t, s).Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := s.batches[0][0]; got.Delay != want || !strings.Contains(got.Body, fmt.Sprintf(`"not_before":%d`, d.NotBefore)) {
			t.Errorf("%s: got %+v, want a delay of %d s", after, got, want)
		}
	}
}
