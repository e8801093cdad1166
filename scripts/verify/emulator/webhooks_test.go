package main

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"statgate/shared/feed/webhooks"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
)

// receiver is a webhook of the demo organisation and the server that accepts its
// deliveries.
type receiver struct {
	*faultTest
	webhook, secret string // the webhook's id, and the secret of a key that writes matches
	mutex           sync.Mutex
	attempts        []attempt
}

// attempt is a received attempt of a delivery.
type attempt struct{ id, kind, match string }

// addWebhook creates a webhook and waits until every instance of fanout has read it.
func (i *faultTest) addWebhook() *receiver {
	i.Helper()
	l := &receiver{faultTest: i}
	server := httptest.NewServer(l)
	made := i.want(http.StatusCreated, i.demo.Operator, "POST", "/keys",
		`{"name":"receiver","org":"`+i.demo.Org+`","scopes":["read:matches","write:matches","write:webhooks"]}`)
	key, _ := made.body["id"].(string)
	l.secret, _ = made.body["secret"].(string)
	made = i.want(http.StatusCreated, l.secret, "POST", "/webhooks", `{"url":"`+server.URL+`"}`)
	l.webhook, _ = made.body["id"].(string)
	i.Cleanup(func() {
		i.want(http.StatusOK, l.secret, "DELETE", "/webhooks/"+l.webhook, "")
		i.want(http.StatusOK, i.demo.Operator, "POST", "/keys/"+key+"/revoke", "")
		server.Close()
	})
	time.Sleep(3500 * time.Millisecond) // every instance then finds its list of webhooks too old
	return l
}

func (l *receiver) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	var event struct {
		Type string
		Data struct{ Match struct{ ID string } }
	}
	body, err := io.ReadAll(in.Body)
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		l.Errorf("the request is not an event: %v: %.200s", err, body)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.attempts = append(l.attempts, attempt{in.Header.Get("webhook-id"), event.Type, event.Data.Match.ID})
	w.WriteHeader(http.StatusNoContent)
}

// match creates a match with a unique home team, and returns its id.
func (l *receiver) match() string {
	l.Helper()
	made := l.want(http.StatusCreated, l.secret, "POST", "/football/matches",
		`{"home":{"name":"Home `+rand.Text()+`"},"away":{"name":"Away"},"kickoff_at":"2026-05-02T14:00:00Z"}`)
	id, _ := made.body["id"].(string)
	return id
}

// attemptsOf returns the event ids of the attempts for a match and a type of event.
func (l *receiver) attemptsOf(match, kind string) (ids []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, one := range l.attempts {
		if one.match == match && one.kind == kind {
			ids = append(ids, one.id)
		}
	}
	return ids
}

// waitForAttempts waits for n attempts for a match and a type of event. All must have
// the same event id, which it returns.
func (l *receiver) waitForAttempts(n int, match, kind string) string {
	l.Helper()
	for end := time.Now().Add(2 * time.Minute); len(l.attemptsOf(match, kind)) < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.Fatalf("%s of %s was received %d times, want %d", kind, match, len(l.attemptsOf(match, kind)), n)
		}
	}
	ids := l.attemptsOf(match, kind)
	if len(slices.Compact(slices.Clone(ids))) != 1 || ids[0] == "" {
		l.Errorf("%s of %s was received as %q, want one id", kind, match, ids)
	}
	return ids[0]
}

// attemptsBetween fails unless the number of attempts for an event is in the range. Call
// it after a later event was received.
func (l *receiver) attemptsBetween(least, most int, match, kind string) {
	l.Helper()
	if got := l.attemptsOf(match, kind); len(got) < least || len(got) > most {
		l.Errorf("%s of %s was received %d times, want %d to %d", kind, match, len(got), least, most)
	}
}

// deliveries returns the webhook's deliveries by event id.
func (l *receiver) deliveries() map[string]webhooks.Delivery {
	l.Helper()
	list := l.want(http.StatusOK, l.secret, "GET", "/webhooks/"+l.webhook+"/deliveries?limit=100", "")
	raw, err := json.Marshal(list.body["data"])
	var all []webhooks.Delivery
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		l.Fatal(err)
	}
	byEvent := map[string]webhooks.Delivery{}
	for _, d := range all {
		if _, twice := byEvent[d.Event]; twice {
			l.Errorf("%s has two deliveries", d.Event)
		}
		byEvent[d.Event] = d
	}
	return byEvent
}

// delivered waits until an event's delivery has succeeded, which must need the given
// number of attempts.
func (l *receiver) delivered(event string, attempts int) {
	l.Helper()
	var is webhooks.Delivery
	for end := time.Now().Add(2 * time.Minute); is.State != webhooks.Delivered; time.Sleep(100 * time.Millisecond) {
		if is = l.deliveries()[event]; time.Now().After(end) {
			l.Fatalf("the delivery of %s is %+v", event, is)
		}
	}
	if is.Attempts != attempts {
		l.Errorf("the delivery of %s took %d attempts, want %d", event, is.Attempts, attempts)
	}
}

// webhooksSurviveUpgradeAndAdoption deploys a version without webhooks and the change feed, and
// the current version over it. Then it destroys the stack and deploys it again with its old data.
func webhooksSurviveUpgradeAndAdoption(t *testing.T, d target) {
	older := d
	older.contract = withoutOperations(t, d.contract, "[a-zA-Z]*Webhooks?|listDeliveries|createDelivery|listChanges")
	first(t, func() error { return older.deploy(t.Context()) })
	i := &faultTest{T: t, target: d, stack: readStack(t, d)}
	file, err := d.credentials(t.Context(), i.stack)
	if err == nil {
		err = i.demo.read(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := i.addWebhook()
	first := l.match()
	l.waitForAttempts(1, first, "match.created")
	fed := l.fed(first, 1)
	if err := d.destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.context = append(slices.Clone(d.context), "adopt=true")
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := i.stack
	i.stack = readStack(t, d)
	i.demo.Base = strings.Replace(i.demo.Base, before.API, i.stack.API, 1)
	if err := i.demo.Write(file); err != nil {
		t.Fatal(err)
	}
	l.waitForAttempts(1, l.match(), "match.created")
	l.attemptsBetween(1, 1, first, "match.created") // although the new mapping reads the whole stream again
	if now := l.fed(first, 1); len(fed) != 1 || !slices.Equal(now, fed) {
		i.Errorf("the change feed had %v of the match, and has %v", fed, now)
	}
	i.deadLettersEmpty()
}

// fanoutCutOff tests a fanout that has stored deliveries and then cannot send them to the
// queue, does not get the queue's answer, or times out.
func (i *faultTest) fanoutCutOff() {
	l := i.addWebhook()
	for _, f := range []struct {
		name string
		fault
		calls int
	}{{"not done", denied, 1}, {"lost", lost, 1}, {"held until the timeout", held, 3}} {
		i.failCalls(f.fault, f.calls, "SendMessageBatch", l.webhook)
		match := l.match()
		event := l.waitForAttempts(1, match, "match.created")
		i.want(http.StatusOK, l.secret, "PATCH", "/football/matches/"+match, `{"status":"postponed"}`)
		l.waitForAttempts(1, match, "match.updated") // it follows the other event, which has been received
		if i.faultCount() == 0 {
			i.Errorf("%s: no call to the queue failed", f.name)
		}
		l.attemptsBetween(1, 2, match, "match.created")
		l.delivered(event, 1)
	}
	i.deadLettersEmpty()
}

// deliverCutOff tests a deliver that sent an event and cannot store the result.
func (i *faultTest) deliverCutOff() {
	l := i.addWebhook()
	i.failCalls(lost, 1, "UpdateItem", l.webhook, "tried_at")
	match := l.match()
	l.delivered(l.waitForAttempts(1, match, "match.created"), 1)
	if i.faultCount() != 1 {
		i.Error("no write of an attempt failed")
	}
	i.failCalls(denied, 1, "UpdateItem", l.webhook, "tried_at")
	other := l.match()
	event := l.waitForAttempts(1, other, "match.created")
	for end := time.Now().Add(time.Minute); i.faultCount() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			i.Fatal("no write of an attempt failed")
		}
	}
	// The lease may have ended meanwhile, and another attempt may have succeeded. In both
	// cases, the attempt that was not stored is not counted.
	if is := l.deliveries()[event]; is.State == webhooks.Pending {
		if is.Attempts != 0 {
			i.Errorf("a delivery whose attempt was not stored is %+v", is)
		}
		l.endLease(is.ID)
	}
	l.waitForAttempts(2, other, "match.created")
	l.delivered(event, 1)
	l.attemptsBetween(1, 1, match, "match.created")
	i.deadLettersEmpty()
}

// endLease ends the lease of a delivery's attempt and sends its message again, as happens
// after [webhooks.Lease]. It does nothing if the lease has ended.
func (l *receiver) endLease(delivery string) {
	l.Helper()
	cfg := l.emulator.config()
	keys := dynamo.New(dynamodb.NewFromConfig(cfg), l.stack.KeysTable, table.Keys)
	at := table.Key{Partition: table.Join("WEBHOOK", l.webhook), Sort: "DELIVERY#" + delivery}
	if _, err := keys.Write(l.ctx(), table.Update(at, []table.Action{table.Remove("lease")}, table.Exists("lease"))); table.AsConditionFailed(err) != nil {
		return
	} else if err != nil {
		l.Fatal(err)
	}
	due, err := json.Marshal(webhooks.QueuedDelivery{Org: l.demo.Org, Webhook: l.webhook, Delivery: delivery})
	if err == nil {
		_, err = sqs.NewFromConfig(cfg).SendMessage(l.ctx(), &sqs.SendMessageInput{QueueUrl: l.queue(l.stack, "webhooks"), MessageBody: aws.String(string(due))})
	}
	if err != nil {
		l.Fatal(err)
	}
}

// deadLettersEmpty fails unless the dead-letter queues are empty.
func (i *faultTest) deadLettersEmpty() {
	i.Helper()
	for _, name := range []string{"webhooks-dead", "changes-dead"} {
		got, err := sqs.NewFromConfig(i.emulator.config()).GetQueueAttributes(i.ctx(), &sqs.GetQueueAttributesInput{
			QueueUrl: i.queue(i.stack, name), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
		})
		if err != nil || got.Attributes["ApproximateNumberOfMessages"] != "0" {
			i.Errorf("%s: got %v, %v, want no message", name, got, err)
		}
	}
}
