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

// listener is a webhook of the demo's organisation, and its receiver, which takes
// whatever comes.
type listener struct {
	*incident
	webhook, secret string // its id, and a key that writes what it is told of
	mutex           sync.Mutex
	came            []told
}

// told is an attempt of a delivery, as it came.
type told struct{ id, kind, match string }

// listen makes a webhook, and waits until whoever sends events knows it.
func (i *incident) listen() *listener {
	i.Helper()
	l := &listener{incident: i}
	server := httptest.NewServer(l)
	made := i.want(http.StatusCreated, i.demo.Operator, "POST", "/keys",
		`{"name":"listener","org":"`+i.demo.Org+`","scopes":["read:matches","write:matches","write:webhooks"]}`)
	key, _ := made.body["id"].(string)
	l.secret, _ = made.body["secret"].(string)
	made = i.want(http.StatusCreated, l.secret, "POST", "/webhooks", `{"url":"`+server.URL+`"}`)
	l.webhook, _ = made.body["id"].(string)
	i.Cleanup(func() {
		i.want(http.StatusOK, l.secret, "DELETE", "/webhooks/"+l.webhook, "")
		i.want(http.StatusOK, i.demo.Operator, "POST", "/keys/"+key+"/revoke", "")
		server.Close()
	})
	time.Sleep(3500 * time.Millisecond)
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	var event struct {
		Type string
		Data struct{ Match struct{ ID string } }
	}
	body, err := io.ReadAll(in.Body)
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		l.Errorf("what came is no event: %v: %.200s", err, body)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.came = append(l.came, told{in.Header.Get("webhook-id"), event.Type, event.Data.Match.ID})
	w.WriteHeader(http.StatusNoContent)
}

// match makes one that nobody else has, and returns its id.
func (l *listener) match() string {
	l.Helper()
	made := l.want(http.StatusCreated, l.secret, "POST", "/football/matches",
		`{"home":{"name":"Told `+rand.Text()+`"},"away":{"name":"Not told"},"kickoff_at":"2026-05-02T14:00:00Z"}`)
	id, _ := made.body["id"].(string)
	return id
}

// of are the attempts that came for a match's events of a kind.
func (l *listener) of(match, kind string) (ids []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, one := range l.came {
		if one.match == match && one.kind == kind {
			ids = append(ids, one.id)
		}
	}
	return ids
}

// awaits waits until so many attempts have come for a match's event of a kind, which
// must be one event, and returns its id.
func (l *listener) awaits(n int, match, kind string) string {
	l.Helper()
	for end := time.Now().Add(30 * time.Second); len(l.of(match, kind)) < n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.Fatalf("%s of %s came %d times, want %d", kind, match, len(l.of(match, kind)), n)
		}
	}
	ids := l.of(match, kind)
	if len(slices.Compact(slices.Clone(ids))) != 1 || ids[0] == "" {
		l.Errorf("%s of %s came as %q, want one id", kind, match, ids)
	}
	return ids[0]
}

// cameBetween wants an event to have come at least and at most so often, when what is behind
// it has come too.
func (l *listener) cameBetween(least, most int, match, kind string) {
	l.Helper()
	if got := l.of(match, kind); len(got) < least || len(got) > most {
		l.Errorf("%s of %s came %d times, want %d to %d", kind, match, len(got), least, most)
	}
}

// deliveries are the webhook's, by event.
func (l *listener) deliveries() map[string]webhooks.Delivery {
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

// delivered waits until an event's delivery has ended well, at that attempt.
func (l *listener) delivered(event string, attempts int) {
	l.Helper()
	var is webhooks.Delivery
	for end := time.Now().Add(30 * time.Second); is.State != webhooks.Delivered; time.Sleep(100 * time.Millisecond) {
		if is = l.deliveries()[event]; time.Now().After(end) {
			l.Fatalf("the delivery of %s is %+v", event, is)
		}
	}
	if is.Attempts != attempts {
		l.Errorf("the delivery of %s took %d attempts, want %d", event, is.Attempts, attempts)
	}
}

// webhooksComeAndStay deploys a version without webhooks, then the present one over it,
// then, when that is destroyed, another on the data that it left.
func webhooksComeAndStay(t *testing.T, d target) {
	older := d
	older.contract = withoutOperations(t, d.contract, "[a-zA-Z]*Webhooks?|listDeliveries|createDelivery")
	if err := older.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	i := &incident{T: t, target: d, stack: stackFound(t, d)}
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
	l := i.listen()
	first := l.match()
	l.awaits(1, first, "match.created")
	if err := d.destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.context = append(slices.Clone(d.context), "adopt=true")
	if err := d.deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := i.stack
	i.stack = stackFound(t, d)
	i.demo.Base = strings.Replace(i.demo.Base, before.API, i.stack.API, 1)
	if err := i.demo.Write(file); err != nil {
		t.Fatal(err)
	}
	l.awaits(1, l.match(), "match.created")
	l.cameBetween(1, 1, first, "match.created") // though the new mapping has read the whole stream
	i.noneDead()
}

// fanoutCutOff: deliveries are put down, and whoever did it cannot say so to the
// queue, does not know whether it has, or is ended meanwhile.
func (i *incident) fanoutCutOff() {
	l := i.listen()
	for _, f := range []struct {
		name string
		fault
		calls int
	}{{"not done", denied, 1}, {"lost", lost, 1}, {"held until it is ended", held, 3}} {
		i.meets(f.fault, f.calls, "SendMessageBatch", l.webhook)
		match := l.match()
		event := l.awaits(1, match, "match.created")
		i.want(http.StatusOK, l.secret, "PATCH", "/football/matches/"+match, `{"status":"postponed"}`)
		l.awaits(1, match, "match.updated") // it is behind the other, which is over now
		if i.met() == 0 {
			i.Errorf("%s: nothing was sent to the queue", f.name)
		}
		l.cameBetween(1, 2, match, "match.created")
		l.delivered(event, 1)
	}
	i.noneDead()
}

// deliverCutOff: an event was taken, and whoever sent it cannot write that down.
func (i *incident) deliverCutOff() {
	l := i.listen()
	i.meets(lost, 1, "UpdateItem", l.webhook, "tried_at")
	match := l.match()
	l.delivered(l.awaits(1, match, "match.created"), 1)
	if i.met() != 1 {
		i.Error("nothing was written of an attempt")
	}
	i.meets(denied, 1, "UpdateItem", l.webhook, "tried_at")
	other := l.match()
	event := l.awaits(1, other, "match.created")
	for end := time.Now().Add(10 * time.Second); i.met() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			i.Fatal("nothing was written of an attempt")
		}
	}
	is := l.deliveries()[event]
	if is.State != webhooks.Pending || is.Attempts != 0 {
		i.Errorf("an attempt of which nothing was written is %+v", is)
	}
	l.leaseEnds(is.ID)
	l.awaits(2, other, "match.created")
	l.delivered(event, 1)
	l.cameBetween(1, 1, match, "match.created")
	i.noneDead()
}

// leaseEnds does to a delivery what [webhooks.Lease] of time does: its attempt is
// over, and its message is seen again.
func (l *listener) leaseEnds(delivery string) {
	l.Helper()
	cfg := l.emulator.config()
	keys := dynamo.New(dynamodb.NewFromConfig(cfg), l.stack.KeysTable, table.Keys)
	at := table.Key{Partition: table.Join("WEBHOOK", l.webhook), Sort: "DELIVERY#" + delivery}
	if _, err := keys.Write(l.ctx(), table.Update(at, []table.Action{table.Remove("lease")}, table.Exists("lease"))); err != nil {
		l.Fatal(err)
	}
	due, err := json.Marshal(webhooks.Due{Org: l.demo.Org, Webhook: l.webhook, Delivery: delivery})
	if err == nil {
		_, err = sqs.NewFromConfig(cfg).SendMessage(l.ctx(), &sqs.SendMessageInput{QueueUrl: l.queue(l.stack, "webhooks"), MessageBody: aws.String(string(due))})
	}
	if err != nil {
		l.Fatal(err)
	}
}

// noneDead wants the queues of what was given up to be empty.
func (i *incident) noneDead() {
	i.Helper()
	for _, name := range []string{"webhooks-dead", "changes-dead"} {
		is, err := sqs.NewFromConfig(i.emulator.config()).GetQueueAttributes(i.ctx(), &sqs.GetQueueAttributesInput{
			QueueUrl: i.queue(i.stack, name), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
		})
		if err != nil || is.Attributes["ApproximateNumberOfMessages"] != "0" {
			i.Errorf("%s: got %v, %v, want no message", name, is, err)
		}
	}
}
