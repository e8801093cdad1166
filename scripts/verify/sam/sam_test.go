package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"statgate/scripts/verify/internal/rig"
)

// TestStackPassesTheSuiteInContainers takes minutes, so it is a target of its own, which CI runs,
// too. It needs a Docker engine, or root to start one. It is skipped with the reason where both
// are missing.
func TestStackPassesTheSuiteInContainers(t *testing.T) {
	if os.Getenv("STATGATE_SAM") != "all" {
		t.Skip(`"make sam-test" runs it`)
	}
	l, err := prepare(t.Context(), options{command: "e2e", contract: "statgate", state: t.TempDir(), log: t.Output()})
	defer l.close()
	if errors.Is(err, errNoEngine) {
		t.Skipf("target 3 (SAM CLI) is left out: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	result, err := l.suite(t.Context(), io.Discard)
	if err != nil || result.Failed > 0 || result.Passed < 70 {
		t.Errorf("%v\n%s", err, result)
	}
	deliveriesAreQueued(t, l)
}

// deliveriesAreQueued checks that a new delivery has a message in the queue.
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
	for _, m := range got.Messages { // the suite may have left one, too
		if aws.ToString(m.Body) == want {
			return
		}
	}
	t.Errorf("got %d messages without %s", len(got.Messages), want)
}

// post sends a POST request, which must succeed, and returns the body.
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

func TestNoEngineIsStartedWhereDockerHostDoesNotAnswer(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "missing.sock"))
	if _, err := startEngine(t.Context(), t.TempDir(), t.Output()); !errors.Is(err, errNoEngine) || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("got %v, want an error that names DOCKER_HOST", err)
	}
}

// fakeSAM starts run.sh with a virtual environment whose sam is a shell script.
func fakeSAM(t *testing.T, commands string) *rig.Process {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/sam"), []byte("#!/bin/sh\n"+commands+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := rig.Start(rig.Script{File: samScript, Args: []string{dir}, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.End(0) })
	return p
}

// prints returns a condition that holds once the process has printed a text.
func prints(p *rig.Process, text string) func(context.Context) bool {
	return func(context.Context) bool { return strings.Contains(p.Output(), text) }
}

func TestSAMIsKilledWhenItsStandardInputEnds(t *testing.T) {
	t.Parallel()
	p := fakeSAM(t, "echo ready; sleep 1000")
	if err := p.Await(t.Context(), apiStartTimeout, prints(p, "ready")); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	p.End(apiStartTimeout) // closes it, as the end of this process does
	if took := time.Since(begun); p.Err == nil || !strings.Contains(p.Err.Error(), "killed") || took >= apiStartTimeout {
		t.Errorf("got %v after %s, want that run.sh killed it", p.Err, took)
	}
}

func TestErrorOfAProcessThatEndsTooSoonHasItsOutput(t *testing.T) {
	t.Parallel()
	p := fakeSAM(t, "echo no such template >&2; exit 3")
	err := p.Await(t.Context(), apiStartTimeout, prints(p, "ready"))
	if err == nil || !strings.Contains(err.Error(), "no such template") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want its status and its output", err)
	}
}

func TestTemplateForSAMHasNoMockThatHidesAFunction(t *testing.T) {
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

func TestBadCommandLineFailsBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"invoke"}, `no operation ""`},
		{[]string{"invoke", "--operation", "nothing"}, `no operation "nothing"`},
		{[]string{"invoke", "--operation", "getHealth", "--contract", "balla"}, "samples of the contract statgate only"},
		{[]string{"invoke", "--operation", "getHealth", "--contract", "missing"}, "no preset"},
		{[]string{"fly"}, "use start, invoke or e2e"},
		{[]string{"start", "now"}, "unexpected argument"},
	} {
		dir := filepath.Join(t.TempDir(), "state")
		err := run(t.Context(), append(c.args[:1:1], append([]string{"--state", dir}, c.args[1:]...)...), t.Output(), t.Output())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: the state directory was made", c.args)
		}
	}
}

func TestEventGetsTheSecretOnlyWhereItHasOne(t *testing.T) {
	t.Parallel()
	event := map[string]any{"headers": map[string]any{"Authorization": "Bearer sg_live_EXAMPLE", "Host": "a"},
		"multiValueHeaders": map[string]any{"Authorization": []any{"Bearer sg_live_EXAMPLE"}}}
	setSecret(event, "k")
	got, err := json.Marshal(event)
	if want := `{"headers":{"Authorization":"Bearer k","Host":"a"},"multiValueHeaders":{"Authorization":["Bearer k"]}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	open := map[string]any{"headers": map[string]any{"Host": "a"}, "multiValueHeaders": nil}
	if setSecret(open, "k"); len(open["headers"].(map[string]any)) != 1 {
		t.Errorf("an event without a secret got one: %v", open)
	}
}
