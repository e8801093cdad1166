package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestStackKeepsItsPromisesInContainers runs wherever a Docker engine answers or
// root can start one. Without an engine there is nothing to show, and it says so.
func TestStackKeepsItsPromisesInContainers(t *testing.T) {
	l, err := prepare(t.Context(), options{command: "e2e", contract: "statgate", state: t.TempDir(), log: t.Output()})
	defer l.close()
	if errors.Is(err, errNoEngine) {
		t.Skipf("target 3 (SAM CLI) is left out: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	result, err := l.suite(t.Context(), &said)
	if err != nil || result.Failed > 0 || result.Passed < 70 {
		t.Errorf("%v\n%s", err, said.String())
	}
	deliveriesAreQueued(t, l)
}

// deliveriesAreQueued: what is to be sent waits for whoever would send it.
func deliveriesAreQueued(t *testing.T, l *local) {
	d := l.store.demo
	key := post(t, d.Operator, d.Base+"/keys", `{"name":"sender","org":"`+d.Org+`","scopes":["read:matches","write:webhooks"]}`)
	secret, _ := key["secret"].(string)
	hook := post(t, secret, d.Base+"/webhooks", `{"url":"https://example.com/a"}`)
	delivery := post(t, secret, fmt.Sprintf("%s/webhooks/%v/deliveries", d.Base, hook["id"]), `{}`)
	client := sqs.NewFromConfig(l.store.config())
	at, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(l.store.queue())})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: at.QueueUrl, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"org":%q,"webhook":%q,"delivery":%q}`, d.Org, hook["id"], delivery["id"])
	for _, m := range got.Messages { // there may be one of the suite's
		if aws.ToString(m.Body) == want {
			return
		}
	}
	t.Errorf("got %d messages, and none is %s", len(got.Messages), want)
}

// post calls the API, which must make or take something.
func post(t *testing.T, secret, url, body string) (answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(&answer); err != nil || got.StatusCode > 299 {
		t.Fatalf("POST %s: got %d %v, %v", url, got.StatusCode, answer, err)
	}
	return answer
}

func TestEngineThatIsNamedAndDoesNotAnswerIsNotReplaced(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "nobody.sock"))
	if _, err := startEngine(t.Context(), t.TempDir(), t.Output()); !errors.Is(err, errNoEngine) || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("got %v, want that nobody answers at DOCKER_HOST", err)
	}
}

func TestProcessEndsWithItsTie(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := begin(dir, "sam/run.sh", append(os.Environ(), "READY="+filepath.Join(dir, "ready")), fake(t, dir, `touch "$READY"; sleep 1000`))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.await(t.Context(), apiPatience, exists(filepath.Join(dir, "ready"))); err != nil {
		t.Fatal(err)
	}
	p.tie.Close() // as the end of this process would
	<-p.ended
	if p.err == nil || !strings.Contains(p.err.Error(), "killed") {
		t.Errorf("got %v, want that it was killed", p.err)
	}
}

func TestProcessThatEndsTooSoonTellsWhatItSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := begin(dir, "sam/run.sh", os.Environ(), fake(t, dir, "echo no such template >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.end(apiEnd)
	err = p.await(t.Context(), apiPatience, exists(filepath.Join(dir, "ready")))
	if err == nil || !strings.Contains(err.Error(), "no such template") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want its status and what it said", err)
	}
}

// The template is reduced to what the difference is about.
func TestSAMIsToldOfNoMockThatWouldHideAFunction(t *testing.T) {
	t.Parallel()
	const method = `{"Type":"AWS::ApiGateway::Method","Properties":{"HttpMethod":%q,"Integration":{"Type":%q}}}`
	whole := fmt.Sprintf(`{"Resources":{"Get":`+method+`,"Any":`+method+`,"Preflight":`+method+`,
		"Leagues1":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"Statgate-leagues","LoggingConfig":{"ApplicationLogLevel":"INFO"}}}}}`,
		"GET", "AWS_PROXY", "ANY", "MOCK", "OPTIONS", "MOCK")
	for quiet, level := range map[bool]string{true: "ERROR", false: "INFO"} {
		raw, functions, err := forSAM([]byte(whole), quiet)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Resources map[string]struct {
				Properties struct {
					LoggingConfig struct{ ApplicationLogLevel string }
				}
			}
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if _, hidden := got.Resources["Any"]; hidden || len(got.Resources) != 3 {
			t.Errorf("got the resources %v, want all but Any", got.Resources)
		}
		if functions["leagues"] != "Leagues1" || got.Resources["Leagues1"].Properties.LoggingConfig.ApplicationLogLevel != level {
			t.Errorf("quiet %v: got %v, %s", quiet, functions, raw)
		}
	}
}

func TestWhatCannotBeInvokedIsSaidBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"invoke"}, `no operation ""`},
		{[]string{"invoke", "-operation", "nothing"}, `no operation "nothing"`},
		{[]string{"invoke", "-operation", "getHealth", "-contract", "balla"}, "samples of the contract statgate alone"},
		{[]string{"invoke", "-operation", "getHealth", "-contract", "nobody"}, "no preset"},
		{[]string{"fly"}, "there are start, invoke and e2e"},
		{[]string{"start", "now"}, "unexpected argument"},
	} {
		dir := filepath.Join(t.TempDir(), "state")
		err := run(t.Context(), append(c.args[:1:1], append([]string{"-state", dir}, c.args[1:]...)...), t.Output(), t.Output())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: something was begun", c.args)
		}
	}
}

func TestEventIsSentByAKeyOfTheStoresAndElseAsItIs(t *testing.T) {
	t.Parallel()
	event := map[string]any{"headers": map[string]any{"Authorization": "Bearer sg_live_EXAMPLE", "Host": "a"},
		"multiValueHeaders": map[string]any{"Authorization": []any{"Bearer sg_live_EXAMPLE"}}}
	carry(event, "k")
	got, err := json.Marshal(event)
	if want := `{"headers":{"Authorization":"Bearer k","Host":"a"},"multiValueHeaders":{"Authorization":["Bearer k"]}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	open := map[string]any{"headers": map[string]any{"Host": "a"}, "multiValueHeaders": nil}
	if carry(open, "k"); len(open["headers"].(map[string]any)) != 1 {
		t.Errorf("an event without a key got one: %v", open)
	}
}

// fake is a virtual environment whose sam is a shell script.
func fake(t *testing.T, dir, does string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/sam"), []byte("#!/bin/sh\n"+does+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exists(file string) func(context.Context) bool {
	return func(context.Context) bool {
		_, err := os.Stat(file)
		return err == nil
	}
}
