package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// admittingAWS emulates the AWS services for one key of version 3 whose organisation has no
// data, and the league en.1. It sends the body of each transaction to written.
func admittingAWS(t *testing.T, written chan<- string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer := `{}`
		switch _, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); action {
		case "GetSecretValue":
			answer = fmt.Sprintf(`{"SecretString":"{\"current\":\"1\",\"root\":\"%s\"}"}`, strings.Repeat("r", 64))
		case "UpdateItem": // the gate's
			answer = `{"Attributes":{"v":{"N":"3"},"q":{"M":{"w":{"N":"0"},"n":{"M":{"r":{"N":"1"}}}}}}}`
		case "GetItem":
			if strings.Contains(string(body), "LEAGUES") {
				answer = `{"Item":{"pk":{"S":"LEAGUES"},"sk":{"S":"en.1"},"id":{"S":"en.1"},"name":{"S":"English Premier League"}}}`
			}
		case "BatchGetItem":
			answer = `{"Responses":{},"UnprocessedKeys":{}}`
		case "TransactWriteItems":
			written <- string(body)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// inRoot makes a command run with a directory as its root, where it finds no file of this
// machine. Without the right to do so, the command gets it in a user namespace of its own.
func inRoot(dir string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = "/bootstrap", "/"
		for i, v := range cmd.Env {
			if strings.HasPrefix(v, "LAMBDA_TASK_ROOT=") {
				cmd.Env[i] = "LAMBDA_TASK_ROOT=/"
			}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		}
	}
}

// matchAt returns a sample event that creates a match of an English league at a time.
func matchAt(t *testing.T, kickoff string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(sample(t, "createMatch"), &event); err != nil {
		t.Fatal(err)
	}
	event["body"] = `{"league":"en.1","home":{"name":"Home"},"away":{"name":"Away"},"kickoff_at":"` + kickoff + `"}`
	event["requestContext"].(map[string]any)["authorizer"].(map[string]any)["not_after"] = "4102444800"
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestFunctionKnowsTheDayOfAKickoffWithoutTheMachinesZoneDatabase runs the function in an
// empty root, as Lambda's runtime has no zone database. The kick-off is after midnight in
// England and before it in UTC.
func TestFunctionKnowsTheDayOfAKickoffWithoutTheMachinesZoneDatabase(t *testing.T) {
	b := built(t)["matches"]
	s, written := newSandbox(t), make(chan string, 8)
	s.events <- matchAt(t, "2026-07-01T23:30:00Z")
	output := startOn(t, b, s, admittingAWS(t, written), inRoot(b.Dir))
	select {
	case answer := <-s.answer:
		var got events.APIGatewayProxyResponse
		text, ok := strings.CutPrefix(answer, "response ")
		if err := json.Unmarshal([]byte(text), &got); !ok || err != nil || got.StatusCode != http.StatusCreated {
			t.Fatalf("got %s (%v), want 201; the output is\n%s", answer, err, output)
		}
		for _, want := range []string{`"date":"2026-07-02"`, `"time":"00:30"`} {
			if !strings.Contains(got.Body, want) {
				t.Errorf("got %s, want %s, as in England", got.Body, want)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("the function does not answer; its output is\n%s", output)
	}
	if len(written) != 1 {
		t.Errorf("got %d transactions, want 1", len(written))
	}
}
