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

// fault is how a function's call to AWS fails.
type fault int

const (
	noFault   fault = iota
	throttled       // not executed; the answer is a throttling error
	denied          // not executed; the answer is an error of access
	lost            // executed; the connection breaks before the answer
	held            // executed; no answer comes
)

// relay is a proxy between the functions and the emulator's AWS. It makes calls fail.
type relay struct {
	mutex sync.Mutex
	plan  func(action, body string) fault
	count int // calls that the plan has made fail
}

// setPlan replaces the function that decides on each call; nil lets all calls pass.
func (r *relay) setPlan(plan func(action, body string) fault) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.plan, r.count = plan, 0
}

// faultCount returns the number of calls that the current plan has made fail.
func (r *relay) faultCount() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.count
}

// failCalls makes calls of an action fail whose bodies contain all texts. It stops after
// n calls, and never for 0.
func (r *relay) failCalls(f fault, n int, action string, texts ...string) {
	left := n
	r.setPlan(func(called, body string) fault {
		missing := func(text string) bool { return !strings.Contains(body, text) }
		if !strings.HasSuffix(called, action) || slices.ContainsFunc(texts, missing) || n > 0 && left == 0 {
			return noFault
		}
		left--
		return f
	})
}

func (r *relay) decide(action, body string) fault {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.plan == nil {
		return noFault
	}
	f := r.plan(action, body)
	if f != noFault {
		r.count++
	}
	return f
}

func (r *relay) handler(to *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host // the signature covers it
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
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "injected fault"})
}

// faultTest is a deployment whose functions reach AWS through a relay.
type faultTest struct {
	*testing.T
	target
	relay
	stack outputs.Stack
	demo  demo
}

// newFaultTest points the functions of a deployment at a relay until the test ends.
func newFaultTest(t *testing.T, d target) *faultTest {
	i := &faultTest{T: t, target: d, stack: readStack(t, d)}
	if err := i.demo.read(d.credentialsFile()); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(d.emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(i.handler(to))
	t.Cleanup(server.Close)
	seconds := i.useEndpoint(server.URL, shortTimeout)
	t.Cleanup(func() { i.useEndpoint(d.emulator.URL, seconds) })
	return i
}

// shortTimeout is a function's timeout in seconds. It is long enough for the work of a
// change after its write, and too short for a second try of a store that does not answer.
const shortTimeout = 8

// useEndpoint sets the functions' AWS endpoint and their timeout in seconds. It returns
// the previous timeout.
func (i *faultTest) useEndpoint(endpoint string, seconds int32) int32 {
	c, err := preset.Load(i.contract)
	if err != nil {
		i.Fatal(err)
	}
	client, previous := lambda.NewFromConfig(i.emulator.config()), int32(0)
	for _, name := range functionsOf(c) {
		name = i.target.stack + "-" + name
		config, err := client.GetFunctionConfiguration(i.ctx(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			i.Fatal(err)
		}
		vars := config.Environment.Variables
		vars["AWS_ENDPOINT_URL"], previous = endpoint, *config.Timeout
		if _, err := client.UpdateFunctionConfiguration(i.ctx(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: &name, Environment: &types.Environment{Variables: vars}, Timeout: &seconds,
		}); err != nil {
			i.Fatal(err)
		}
	}
	return previous
}

const listTeams = "/football/teams?limit=1"

// ctx returns a context for clean-ups, before which the test's own context ends.
func (i *faultTest) ctx() context.Context { return context.WithoutCancel(i.Context()) }

// answer is an answer of the API.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// ask sends a request. headers are names and values in turn.
func (i *faultTest) ask(secret, method, path, body string, headers ...string) answer {
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

// want sends a request and fails unless the answer has the status.
func (i *faultTest) want(status int, secret, method, path, body string, headers ...string) answer {
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

// key creates a client key of the demo organisation.
func (i *faultTest) key(name string) (id, secret string) {
	i.Helper()
	made := i.want(http.StatusCreated, i.demo.Operator, "POST", "/keys", `{"name":"`+name+`","org":"`+i.demo.Org+`","scopes":["read:teams"]}`)
	id, _ = made.body["id"].(string)
	secret, _ = made.body["secret"].(string)
	return id, secret
}

// requestCount returns the number of requests that were counted for a key.
func (i *faultTest) requestCount(id string) int {
	i.Helper()
	usage, _ := i.want(http.StatusOK, i.demo.Operator, "GET", "/keys/"+id, "").body["usage"].(map[string]any)
	n, _ := usage["total"].(float64)
	return int(n)
}

// wantCount fails unless a key's request count is between two numbers.
func (i *faultTest) wantCount(id string, least, most int) {
	i.Helper()
	if n := i.requestCount(id); n < least || n > most {
		i.Errorf("got %d counted requests, want %d to %d", n, least, most)
	}
}

// faultsLoseNothing runs the tests of faults, one after the other.
func faultsLoseNothing(t *testing.T, d target) {
	i := newFaultTest(t, d)
	for _, one := range []struct {
		name string
		run  func(*faultTest)
	}{
		{"keys table throttled", (*faultTest).keysThrottled}, {"one call throttled", (*faultTest).throttledOnce},
		{"stats table throttled", (*faultTest).statsThrottled}, {"gate's answer lost", (*faultTest).answerLost},
		{"timed out while creating a key", (*faultTest).createTimedOut}, {"revocation fails between facts and gate", (*faultTest).revokeCutOff},
		{"peppers unreadable", (*faultTest).peppersUnreadable}, {"stream replayed", (*faultTest).streamReplayed},
		{"fanout fails between storing and queueing", (*faultTest).fanoutCutOff},
		{"fanout fails while it appends to the change feed", (*faultTest).feedCutOff},
		{"deliver fails after the receiver answered", (*faultTest).deliverCutOff},
		{"tables deleted", (*faultTest).tablesDeleted}, // last: the restored tables have no stream, so no webhook gets events
	} {
		t.Run(one.name, func(t *testing.T) {
			here := &faultTest{T: t, target: i.target, stack: i.stack, demo: i.demo}
			i.setPlan(func(action, body string) fault { return here.decide(action, body) })
			defer i.setPlan(nil)
			one.run(here)
		})
	}
}

func (i *faultTest) keysThrottled() {
	known, used := i.key("used")
	_, fresh := i.key("fresh")
	i.want(http.StatusOK, used, "GET", listTeams, "")
	i.failCalls(throttled, 0, "", i.stack.KeysTable)
	for _, secret := range []string{used, fresh} { // the policy of the first is cached; the authorizer must check the second
		i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	}
	i.setPlan(nil)
	i.wantCount(known, 1, 1)
	for _, secret := range []string{used, fresh} {
		i.want(http.StatusOK, secret, "GET", listTeams, "")
	}
}

func (i *faultTest) throttledOnce() {
	id, secret := i.key("once")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.failCalls(throttled, 1, "UpdateItem", "GATE#"+id)
	served := 1
	if i.ask(secret, "GET", listTeams, "").status == http.StatusOK { // the AWS client's retry, if it is in time
		served++
	}
	i.wantCount(id, served, served)
}

func (i *faultTest) statsThrottled() {
	id, secret := i.key("stats")
	i.failCalls(throttled, 0, "", i.stack.StatsTable)
	if got := i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, ""); got.header.Get("Retry-After") == "" {
		i.Error("a 503 without Retry-After")
	}
	i.setPlan(nil)
	i.wantCount(id, 1, 1) // it was admitted, as docs/operations.md says
	i.want(http.StatusOK, secret, "GET", listTeams, "")
}

func (i *faultTest) answerLost() {
	id, secret := i.key("lost")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.failCalls(lost, 1, "UpdateItem", "GATE#"+id)
	if got := i.ask(secret, "GET", listTeams, "").status; got != http.StatusOK && got != http.StatusServiceUnavailable {
		i.Errorf("got %d", got)
	}
	i.wantCount(id, 2, 3) // at most one more than was served, as docs/operations.md says
}

func (i *faultTest) createTimedOut() {
	name := "slow create " + rand.Text()
	spec, token := `{"name":"`+name+`","scopes":["audit:read"]}`, []string{"Idempotency-Key", rand.Text()}
	writing := false // from the transaction on, the table does not answer
	i.setPlan(func(action, body string) fault {
		if writing = writing || strings.HasSuffix(action, "TransactWriteItems"); writing {
			return held
		}
		return noFault
	})
	i.want(http.StatusServiceUnavailable, i.demo.Admin, "POST", "/keys", spec, token...)
	i.setPlan(nil)
	again := i.want(http.StatusConflict, i.demo.Admin, "POST", "/keys", spec, token...)
	details, _ := again.body["details"].(map[string]any)
	id, _ := details["key"].(string)
	rows, _ := i.want(http.StatusOK, i.demo.Admin, "GET", "/keys?state=active&limit=100", "").body["data"].([]any)
	rows = slices.DeleteFunc(rows, func(k any) bool { return k.(map[string]any)["name"] != name })
	if len(rows) != 1 || rows[0].(map[string]any)["id"] != id {
		i.Fatalf("got %v, want one key, %s", rows, id)
	}
	// The key is complete: its secret can be rotated, and the new one works.
	rotated := i.want(http.StatusOK, i.demo.Admin, "POST", "/keys/"+id+"/rotate", `{}`)
	secret, _ := rotated.body["secret"].(string)
	i.want(http.StatusOK, secret, "GET", "/keys/self", "")
}

// revokeCutOff tests a revocation that writes the facts and cannot write the gate.
func (i *faultTest) revokeCutOff() {
	id, secret := i.key("slow revoke")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.failCalls(throttled, 0, "UpdateItem", "GATE#"+id)
	i.want(http.StatusServiceUnavailable, i.demo.Operator, "POST", "/keys/"+id+"/revoke", "")
	i.setPlan(nil)
	i.want(http.StatusOK, i.demo.Operator, "POST", "/keys/"+id+"/revoke", "") // the retry writes the gate
	i.want(http.StatusUnauthorized, secret, "GET", listTeams, "")
}

func (i *faultTest) peppersUnreadable() {
	_, secret := i.key("peppered")
	i.failCalls(denied, 0, "GetSecretValue")
	if err := i.restart(i.ctx(), authorizerFunction, "keys"); err != nil {
		i.Fatal(err)
	}
	i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	i.want(http.StatusServiceUnavailable, secret+"x", "GET", listTeams, "") // the MAC cannot be checked
	i.want(http.StatusServiceUnavailable, i.demo.Operator, "POST", "/keys", `{"name":"n","org":"`+i.demo.Org+`","scopes":["read:teams"]}`)
	i.setPlan(nil)
	time.Sleep(1100 * time.Millisecond) // after a failure, the peppers are read again after a second
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	i.want(http.StatusUnauthorized, secret+"x", "GET", listTeams, "")
}

func (i *faultTest) tablesDeleted() {
	id, secret := i.key("survivor")
	_, fresh := i.key("fresh survivor")
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	back := i.deleteTable(i.stack.StatsTable)
	i.want(http.StatusServiceUnavailable, secret, "GET", listTeams, "")
	i.want(http.StatusOK, secret, "GET", "/keys/self", "")
	back()
	i.want(http.StatusOK, secret, "GET", listTeams, "")
	was := i.requestCount(id)
	back = i.deleteTable(i.stack.KeysTable)
	for _, one := range []string{secret, fresh, i.demo.Operator} {
		i.want(http.StatusServiceUnavailable, one, "GET", listTeams, "")
		i.want(http.StatusServiceUnavailable, one, "GET", "/keys/self", "")
	}
	back()
	i.wantCount(id, was, was)
	i.want(http.StatusOK, fresh, "GET", listTeams, "")
}

// deleteTable deletes a table after a backup. The returned function restores it.
func (i *faultTest) deleteTable(name string) func() {
	i.Helper()
	client := dynamodb.NewFromConfig(i.emulator.config())
	saved, err := client.CreateBackup(i.ctx(), &dynamodb.CreateBackupInput{TableName: &name, BackupName: aws.String("before")})
	if err != nil {
		i.Fatal(err)
	}
	if _, err := client.UpdateTable(i.ctx(), &dynamodb.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(false)}); err != nil {
		i.Logf("disabling the table's deletion protection: %v", err)
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
