package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"statgate/shared/api"
	"statgate/shared/api/docspage"
	"statgate/shared/api/preset"
)

// sandbox emulates Lambda's runtime API for one instance of one function.
type sandbox struct {
	url    string
	events chan []byte
	answer chan string
	polled chan time.Time
}

// newSandbox starts a sandbox that answers the instance's polls with the events sent to it.
func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{events: make(chan []byte, 1), answer: make(chan string, 1), polled: make(chan time.Time, 16)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		s.polled <- time.Now()
		select {
		case ev := <-s.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "req-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f")
			w.Write(ev)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		s.answer <- r.PathValue("what") + " " + string(body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// aws emulates the AWS services, with empty tables and one pepper, and returns its URL.
func aws(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		switch r.Header.Get("X-Amz-Target") {
		case "secretsmanager.GetSecretValue":
			fmt.Fprintf(w, `{"SecretString":"{\"current\":\"1\",\"root\":\"%s\"}"}`, strings.Repeat("r", 64))
		case "DynamoDB_20120810.UpdateItem":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`)
		case "DynamoDB_20120810.BatchGetItem":
			fmt.Fprint(w, `{"Responses":{},"UnprocessedKeys":{}}`)
		default:
			fmt.Fprint(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// start runs a bundle's binary like Lambda, with empty tables, and returns its output.
func start(t *testing.T, b bundle, s *sandbox) *bytes.Buffer {
	t.Helper()
	return startOn(t, b, s, aws(t), func(*exec.Cmd) {})
}

// startOn runs a bundle's binary like Lambda on the AWS services of a URL and returns its
// output. change may change the command before it starts.
func startOn(t *testing.T, b bundle, s *sandbox, endpoint string, change func(*exec.Cmd)) *bytes.Buffer {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(filepath.Join(b.Dir, "bootstrap"))
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(s.url, "http://"), "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_LAMBDA_LOG_FORMAT=JSON", "LAMBDA_TASK_ROOT=" + b.Dir,
		"ENVIRONMENT=live", "KEYS_TABLE=S-keys", "STATS_TABLE=S-stats", "PEPPERS_SECRET=S-peppers",
		"WEBHOOK_QUEUE=https://sqs.eu-west-1.amazonaws.com/123456789012/S-webhooks",
		"REPLAY_QUEUE=https://sqs.eu-west-1.amazonaws.com/123456789012/S-replays",
		"REST_API=a1b2c3d4e5", "STAGE=live", "AUTHORIZER_TTL=300",
	}
	change(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &output
}

// invoke sends one event to a fresh instance and returns "response …" or "error …".
func invoke(t *testing.T, b bundle, event []byte) string {
	t.Helper()
	s := newSandbox(t)
	s.events <- event
	output := start(t, b, s)
	select {
	case answer := <-s.answer:
		return answer
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not answer; its output is\n%s", b.Dir, output)
		return ""
	}
}

func sample(t *testing.T, operation string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../events", operation, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample event of %s (%v)", operation, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// script returns the name of the page's script, which changes with its content.
func script(t *testing.T) string {
	t.Helper()
	for name := range docspage.Assets() {
		if strings.HasSuffix(name, ".js") {
			return name
		}
	}
	t.Fatal("the page has no script")
	return ""
}

// TestEveryBundleServesTheOperationsOfItsFunction runs with empty tables. Open routes
// answer as [emptyAnswer] states, and the gate refuses the keys of all other samples in the
// contract's shape.
func TestEveryBundleServesTheOperationsOfItsFunction(t *testing.T) {
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	bundles := built(t)
	for _, r := range api.For(c) {
		t.Run(r.Operation, func(t *testing.T) {
			event := sample(t, r.Operation)
			switch r.Operation {
			case "getConsoleAsset":
				event = bytes.ReplaceAll(event, []byte("app.4FJ2Q7XN.js"), []byte(assetOf(t, bundles[r.Function])))
			case "getDocsAsset":
				event = bytes.ReplaceAll(event, []byte("page.0123456789ab.js"), []byte(script(t)))
			}
			answer, ok := strings.CutPrefix(invoke(t, bundles[r.Function], event), "response ")
			var got events.APIGatewayProxyResponse
			if err := json.Unmarshal([]byte(answer), &got); !ok || err != nil {
				t.Fatalf("got %s (%v)", answer, err)
			}
			want, cors := emptyAnswer(r)
			if got.StatusCode != want || got.Headers["X-Request-Id"] == "" || got.Headers["Access-Control-Allow-Origin"] != cors {
				t.Errorf("got %d %v %.200s, want %d", got.StatusCode, got.Headers, got.Body, want)
			}
		})
	}
}

// emptyAnswer returns the status of an operation whose tables are empty, and the origins that
// may read the answer. The sample's key and
// cookie are unknown, so they begin and renew no session; a session that is gone has ended. Only pages of the API's own origin may call those operations.
func emptyAnswer(r api.Route) (status int, cors string) {
	cors = "*"
	if r.SameOrigin {
		cors = ""
	}
	switch {
	case r.Operation == "closeSession":
		return http.StatusNoContent, cors
	case r.Open && !r.SameOrigin:
		return http.StatusOK, cors
	}
	return http.StatusUnauthorized, cors
}

// assetOf returns the name of the script in the console's bundle. It has a hash of the content,
// which no sample can know.
func assetOf(t *testing.T, b bundle) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(b.Dir, "console", "app.*.js"))
	if err != nil || len(found) != 1 {
		t.Fatalf("got the scripts %v (%v), want one", found, err)
	}
	return filepath.Base(found[0])
}

func TestAuthorizerBundleRefusesAnUnknownKey(t *testing.T) {
	got := invoke(t, built(t)[authorizer], sample(t, authorizer))
	if !strings.HasPrefix(got, "error ") || !strings.Contains(got, `"errorMessage":"Unauthorized"`) {
		t.Errorf("got %s, want the error Unauthorized", got)
	}
}

// maxInit bounds the time to the first poll. It is far above the usual time, which the
// test logs, so that only a regression fails and not a busy machine.
const maxInit = 500 * time.Millisecond

func TestInstancePollsWithinMaxInit(t *testing.T) {
	for name, b := range built(t) {
		best := time.Hour
		for range 5 {
			s := newSandbox(t)
			from := time.Now()
			output := start(t, b, s)
			select {
			case at := <-s.polled:
				best = min(best, at.Sub(from))
			case <-time.After(2 * time.Minute):
				t.Fatalf("%s never polls; its output is\n%s", name, output)
			}
		}
		t.Logf("%s: %.1f ms to the first poll, best of 5", name, float64(best.Microseconds())/1000)
		if best > maxInit {
			t.Errorf("%s: got %v to the first poll, want less than %v", name, best, maxInit)
		}
	}
}
