package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"statgate/shared/api/preset"
	"statgate/shared/platform/outputs"
)

// fault is what becomes of a function's call to AWS.
type fault int

const (
	none      fault = iota
	throttled       // not done, and told so
	denied          // not done, and told so
	lost            // done, and the connection breaks before the answer
	held            // done, and never answered
)

// relay stands between the functions and the emulator's AWS.
type relay struct {
	mutex sync.Mutex
	plan  func(action, body string) fault
	made  int // how many calls have met a fault by the plan
}

// follow has plan decide from now on; nil lets all through.
func (r *relay) follow(plan func(action, body string) fault) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.plan, r.made = plan, 0
}

// met is how many calls have met a fault by the present plan.
func (r *relay) met() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.made
}

// meets makes calls of an action that mention all texts meet a fault, n times, 0 for ever.
func (r *relay) meets(f fault, n int, action string, texts ...string) {
	left := n
	r.follow(func(called, body string) fault {
		silent := func(text string) bool { return !strings.Contains(body, text) }
		if !strings.HasSuffix(called, action) || slices.ContainsFunc(texts, silent) || n > 0 && left == 0 {
			return none
		}
		left--
		return f
	})
}

func (r *relay) decide(action, body string) fault {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.plan == nil {
		return none
	}
	f := r.plan(action, body)
	if f != none {
		r.made++
	}
	return f
}

func (r *relay) handler(to *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host // it is signed
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
		switch r.decide(in.Header.Get("X-Amz-Target"), string(body)) {
		case throttled:
			refuse(w, "ProvisionedThroughputExceededException")
		case denied:
			refuse(w, "AccessDeniedException")
		case lost:
			proxy.ServeHTTP(httptest.NewRecorder(), in)
			panic(http.ErrAbortHandler)
		case held:
			proxy.ServeHTTP(httptest.NewRecorder(), in.Clone(in.Context()))
			<-in.Context().Done()
		default:
			proxy.ServeHTTP(w, in)
		}
	})
}

func refuse(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "made to fail"})
}

// incident is a deployment whose functions reach AWS through a relay.
type incident struct {
	*testing.T
	target
	relay
	stack outputs.Stack
	demo  demo
}

func troubled(t *testing.T, d target) *incident {
	i := &incident{T: t, target: d, stack: stackFound(t, d)}
	if err := i.demo.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(d.emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(i.handler(to))
	t.Cleanup(server.Close)
	seconds := i.reach(server.URL, hurried)
	t.Cleanup(func() { i.reach(d.emulator.URL, seconds) })
	return i
}

// hurried is a function's time in seconds: enough for what a change does after it
// has written, and for no second try of a store that does not answer.
const hurried = 8

// reach points the functions at an address of AWS, gives them a time in seconds,
// and returns the one that they had.
func (i *incident) reach(at string, seconds int32) int32 {
	c, err := preset.Load(i.contract)
	if err != nil {
		i.Fatal(err)
	}
	client, had := lambda.NewFromConfig(i.emulator.config()), int32(0)
	for _, name := range functionsOf(c) {
		name = i.target.stack + "-" + name
		is, err := client.GetFunctionConfiguration(i.ctx(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			i.Fatal(err)
		}
		vars := is.Environment.Variables
		vars["AWS_ENDPOINT_URL"], had = at, *is.Timeout
		if _, err := client.UpdateFunctionConfiguration(i.ctx(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &name, Environment: &types.Environment{Variables: vars}, Timeout: &seconds,
		}); err != nil {
			i.Fatal(err)
		}
	}
	return had
}

const listTeams = "/football/teams?limit=1"

// ctx outlives the test's own, which ends before its cleaning up.
func (i *incident) ctx() context.Context { return context.WithoutCancel(i.Context()) }

// answer is one answer of the API.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// ask calls the API; headers are pairs.
func (i *incident) ask(secret, method, path, body string, headers ...string) answer {
	i.Helper()
	r, err := http.NewRequestWithContext(i.ctx(), method, i.demo.Base+path, strings.NewReader(body))
	if err != nil {
		i.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for at := 0; at+1 < len(headers); at += 2 {
		r.Header.Set(headers[at], headers[at+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		i.Fatal(err)
	}
	defer got.Body.Close()
	a := answer{status: got.StatusCode, header: got.Header}
	if raw, err := io.ReadAll(got.Body); err != nil || json.Unmarshal(raw, &a.body) != nil {
		i.Fatalf("%s %s: %d, %v: %.200s", method, path, got.StatusCode, err, raw)
	}
	return a
}

// want wants a status of a call.
func (i *incident) want(status int, secret, method, path, body string, headers ...string) answer {
	i.Helper()
	a := i.ask(secret, method, path, body, headers...)
	if a.status != status {
		i.Fatalf("%s %s: got %d %v, want %d", method, path, a.status, a.body["error"], status)
	}
	if status == http.StatusServiceUnavailable && (a.body["error"] != "unavailable" || a.body["request_id"] == "") {
		i.Errorf("%s %s: got %v, want the contract's unavailable", method, path, a.body)
	}
	return a
}

// key makes a client key of the demo's organisation.
func (i *incident) key(name string) (id, secret string) {
	i.Helper()
	made := i.want(http.StatusCreated, i.demo.Operator, "POST", "/keys", `{"name":"`+name+`","org":"`+i.demo.Org+`","scopes":["read:teams"]}`)
	id, _ = made.body["id"].(string)
	secret, _ = made.body["secret"].(string)
	return id, secret
}

// total is how many calls a key was counted.
func (i *incident) total(id string) int {
	i.Helper()
	usage, _ := i.want(http.StatusOK, i.demo.Operator, "GET", "/keys/"+id, "").body["usage"].(map[string]any)
	n, _ := usage["total"].(float64)
	return int(n)
}

// counted wants a key's count to be between two numbers.
func (i *incident) counted(id string, least, most int) {
	i.Helper()
	if n := i.total(id); n < least || n > most {
		i.Errorf("got %d calls counted, want %d to %d", n, least, most)
	}
}

func faultsLoseNothing(t *testing.T, d target) {
	i := troubled(t, d)
	for _, one := range []struct {
		name string
		run  func(*incident)
	}{
		{"keys table throttled", (*incident).keysThrottled}, {"throttled for a moment", (*incident).throttledOnce},
		{"stats table throttled", (*incident).statsThrottled}, {"gate's answer lost", (*incident).answerLost},
		{"timed out while making a key", (*incident).createTimedOut}, {"cut off between facts and gate", (*incident).revokeCutOff},
		{"peppers unreadable", (*incident).peppersUnreadable}, {"stream replayed", (*incident).streamReplayed},
		{"fanout cut off between putting down and queueing", (*incident).fanoutCutOff},
		{"deliver cut off after the receiver answered", (*incident).deliverCutOff},
		{"tables deleted", (*incident).tablesDeleted}, // and restored without a stream, so that no webhook is told of anything afterwards
	} {
		t.Run(one.name, func(t *testing.T) {
			here := &incident{T: t, target: i.target, stack: i.stack, demo: i.demo}
			i.follow(func(action, body string) fault { return here.decide(action, body) })
			defer i.follow(nil)
			one.run(here)
		})
	}
}

func (i *incident) keysThrottled() {
	known, used := i.key("used")
	_, fresh := i.key("fresh")
	i.want(http.StatusOK, used, "GET", listTeams, "")
	i.meets(throttled, 0, "", i.stack.KeysTable)
	for _, secret := range []string{used, fresh} { // one whose policy is cached, one that the authorizer must check
		i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	}
	i.follow(nil)
	i.counted(known, 1, 1)
	for _, secret := range []string{used, fresh} {
		i.want(http.StatusOK, secret, "GET", listTeams, "")
	}
}

func (i *incident) throttledOnce() {
	id, secret := i.key("once")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.meets(throttled, 1, "UpdateItem", "GATE#"+id)
	served := 1
	if i.ask(secret, "GET", listTeams, "").status == http.StatusOK { // the client's own retry, if it comes in time
		served++
	}
	i.counted(id, served, served)
}

func (i *incident) statsThrottled() {
	id, secret := i.key("stats")
	i.meets(throttled, 0, "", i.stack.StatsTable)
	if got := i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, ""); got.header.Get("Retry-After") == "" {
		i.Error("a 503 without Retry-After")
	}
	i.follow(nil)
	i.counted(id, 1, 1) // it was admitted: docs/operations.md says so
	i.want(http.StatusOK, secret, "GET", listTeams, "")
}

func (i *incident) answerLost() {
	id, secret := i.key("lost")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.meets(lost, 1, "UpdateItem", "GATE#"+id)
	if got := i.ask(secret, "GET", listTeams, "").status; got != http.StatusOK && got != http.StatusServiceUnavailable {
		i.Errorf("got %d", got)
	}
	i.counted(id, 2, 3) // as docs/operations.md says: once more than it was served, at most
}

func (i *incident) createTimedOut() {
	name := "slow birth " + rand.Text()
	spec, token := `{"name":"`+name+`","scopes":["audit:read"]}`, []string{"Idempotency-Key", rand.Text()}
	writes := false // from the transaction on, the table answers nothing
	i.follow(func(action, body string) fault {
		if writes = writes || strings.HasSuffix(action, "TransactWriteItems"); writes {
			return held
		}
		return none
	})
	i.want(http.StatusServiceUnavailable, i.demo.Admin, "POST", "/keys", spec, token...)
	i.follow(nil)
	again := i.want(http.StatusConflict, i.demo.Admin, "POST", "/keys", spec, token...)
	details, _ := again.body["details"].(map[string]any)
	id, _ := details["key"].(string)
	rows, _ := i.want(http.StatusOK, i.demo.Admin, "GET", "/keys?state=active&limit=100", "").body["data"].([]any)
	rows = slices.DeleteFunc(rows, func(k any) bool { return k.(map[string]any)["name"] != name })
	if len(rows) != 1 || rows[0].(map[string]any)["id"] != id {
		i.Fatalf("got %v, want one key, %s", rows, id)
	}
	// It is whole: its secret can be replaced, and works.
	rotated := i.want(http.StatusOK, i.demo.Admin, "POST", "/keys/"+id+"/rotate", `{}`)
	secret, _ := rotated.body["secret"].(string)
	i.want(http.StatusOK, secret, "GET", "/keys/self", "")
}

// revokeCutOff: the facts are written, and the gate does not answer that it knows.
func (i *incident) revokeCutOff() {
	id, secret := i.key("slow death")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.meets(throttled, 0, "UpdateItem", "GATE#"+id)
	i.want(http.StatusServiceUnavailable, i.demo.Operator, "POST", "/keys/"+id+"/revoke", "")
	i.follow(nil)
	i.want(http.StatusOK, i.demo.Operator, "POST", "/keys/"+id+"/revoke", "") // and the repeat makes it known
	i.want(http.StatusUnauthorized, secret, "GET", listTeams, "")
}

func (i *incident) peppersUnreadable() {
	_, secret := i.key("peppered")
	i.meets(denied, 0, "GetSecretValue")
	if err := i.restart(i.ctx(), authorizerFunction, "keys"); err != nil {
		i.Fatal(err)
	}
	i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	i.want(http.StatusServiceUnavailable, secret+"x", "GET", listTeams, "") // nobody can tell
	i.want(http.StatusServiceUnavailable, i.demo.Operator, "POST", "/keys", `{"name":"n","org":"`+i.demo.Org+`","scopes":["read:teams"]}`)
	i.follow(nil)
	time.Sleep(1100 * time.Millisecond) // a store that failed is asked again after a second
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.want(http.StatusUnauthorized, secret+"x", "GET", listTeams, "")
}

func (i *incident) tablesDeleted() {
	id, secret := i.key("survivor")
	_, fresh := i.key("fresh survivor")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	back := i.deleted(i.stack.StatsTable)
	i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	i.want(http.StatusOK, secret, "GET", "/keys/self", "")
	back()
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	was := i.total(id)
	back = i.deleted(i.stack.KeysTable)
	for _, one := range []string{secret, fresh, i.demo.Operator} {
		i.want(http.StatusServiceUnavailable, one, "GET", listTeams, "")
		i.want(http.StatusServiceUnavailable, one, "GET", "/keys/self", "")
	}
	back()
	i.counted(id, was, was)
	i.want(http.StatusOK, fresh, "GET", listTeams, "")
}

// deleted deletes a table after a backup, which the returned function restores.
func (i *incident) deleted(name string) func() {
	i.Helper()
	client := dynamodb.NewFromConfig(i.emulator.config())
	saved, err := client.CreateBackup(i.ctx(), &dynamodb.CreateBackupInput{TableName: &name, BackupName: aws.String("before")})
	if err != nil {
		i.Fatal(err)
	}
	if _, err := client.UpdateTable(i.ctx(), &dynamodb.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(false)}); err != nil {
		i.Logf("lifting the table's protection: %v", err)
	}
	if _, err := client.DeleteTable(i.ctx(), &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
		i.Fatal(err)
	}
	return func() {
		if _, err := client.RestoreTableFromBackup(i.ctx(), &dynamodb.RestoreTableFromBackupInput{
			BackupArn: saved.BackupDetails.BackupArn, TargetTableName: &name,
		}); err != nil {
			i.Fatal(err)
		}
		wait := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond })
		if err := wait.Wait(i.ctx(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
			i.Fatal(err)
		}
	}
}
