package docspage

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
	"reflect"
	"strings"
	"sync"
	"testing"
)

// call is the argument of the functions in samples.js.
type call struct {
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Auth    string      `json:"auth"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

// samplesOf returns the samples of calls, by language.
func samplesOf(t *testing.T, calls []call) []map[string]string {
	t.Helper()
	in, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	const print = `
const calls = JSON.parse(require('fs').readFileSync(0, 'utf8')).map(c => ({ ...c, headers: c.headers || [] }));
console.log(JSON.stringify(calls.map(c => Object.fromEntries(Object.entries(samples).map(([name, f]) => [name, f(c)])))));`
	cmd := exec.CommandContext(t.Context(), "node", "-e", samplesPart+print)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("samples.js needs Node 20: %v", err)
	}
	var made []map[string]string
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// sent is what a sample sends.
type sent struct {
	Method, URI string
	Header      map[string]string
	Body        any // JSON, or the text if it is not JSON
}

func sentBy(r *http.Request) (sent, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return sent{}, err
	}
	s := sent{Method: r.Method, URI: r.RequestURI, Header: map[string]string{}, Body: parsedBody(string(raw))}
	for _, name := range []string{"Authorization", "X-Api-Key", "If-Match", "Idempotency-Key"} {
		if value := r.Header.Get(name); value != "" {
			s.Header[name] = value
		}
	}
	if len(raw) > 0 {
		s.Header["Content-Type"] = r.Header.Get("Content-Type")
	}
	return s, nil
}

func parsedBody(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}

// secret stands for a key. Its characters are those that keys have.
const secret = "sg_live_0123456789"

// wanted is what every sample of a call sends.
func wanted(c call, host string) sent {
	s := sent{Method: c.Method, URI: strings.TrimPrefix(c.URL, host), Header: map[string]string{}, Body: parsedBody(c.Body)}
	for _, h := range c.Headers {
		s.Header[h[0]] = h[1]
	}
	if c.Body != "" {
		s.Header["Content-Type"] = "application/json"
	}
	switch c.Auth {
	case "bearer":
		s.Header["Authorization"] = "Bearer " + secret
	case "x-api-key":
		s.Header["X-Api-Key"] = secret
	case "api_key":
		separator := "?"
		if strings.Contains(s.URI, "?") {
			separator = "&"
		}
		s.URI += separator + "api_key=" + secret
	}
	return s
}

// awkward are calls with text that some language quotes differently.
func awkward(host string) []call {
	const body = "{\n  \"name\": \"Côte d'Ivoire \\\"B\\\" `x` $HOME \\u00e9 \\/ \\\\ 😀\",\n  \"list\": [ true, false, null, -1.5e2 ],\n  \"true\": \"null\"\n}"
	return []call{
		{Method: "GET", URL: host + "/v1/teams?q=a%20b%26c%27d%21&limit=2", Auth: "bearer"},
		{Method: "POST", URL: host + "/v1/matches", Auth: "bearer", Headers: [][2]string{{"Idempotency-Key", "it's $1 `x` \\"}}, Body: body},
		{Method: "DELETE", URL: host + "/v1/matches/%7Bm%7D", Auth: "x-api-key", Headers: [][2]string{{"If-Match", `"3f0c"`}}},
		{Method: "PATCH", URL: host + "/v1/keys/k?a=1", Auth: "api_key", Body: `{"name":null}`},
		{Method: "GET", URL: host + "/v1/keys", Auth: "api_key"},
		{Method: "PUT", URL: host + "/v1/x", Body: "@not 'JSON' `\"\\"},
		{Method: "GET", URL: host + "/health"},
	}
}

func TestSamplesInEveryLanguageSendTheCall(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []sent
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := sentBy(r)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		got = append(got, s)
	}))
	t.Cleanup(server.Close)
	calls := awkward(server.URL)
	made := samplesOf(t, calls)
	for _, language := range []struct {
		name string
		run  func(t *testing.T, samples []string)
	}{{"curl", eachWith("sh", "-c")}, {"JavaScript", eachWith("node", "--input-type=module", "-e")}, {"Python", eachWith("python3", "-c")}, {"Go", runGo}} {
		got = nil
		var samples []string
		for _, m := range made {
			samples = append(samples, m[language.name])
		}
		language.run(t, samples)
		for i, c := range calls {
			if i >= len(got) || !reflect.DeepEqual(got[i], wanted(c, server.URL)) {
				t.Errorf("%s: got %+v, want %+v, of\n%s", language.name, got[min(i, len(got)):], wanted(c, server.URL), samples[i])
				break
			}
		}
		if len(got) > len(calls) {
			t.Errorf("%s: got %d requests, want %d", language.name, len(got), len(calls))
		}
	}
}

func eachWith(program string, args ...string) func(t *testing.T, samples []string) {
	return func(t *testing.T, samples []string) {
		t.Helper()
		for _, sample := range samples {
			run(t, "", program, append(args, sample)...)
		}
	}
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "API_KEY="+secret)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", program, err, out, args[len(args)-1])
	}
}

// runGo runs all samples as one program, which is linked once.
func runGo(t *testing.T, samples []string) {
	t.Helper()
	dir, calls := t.TempDir(), ""
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, sample := range samples {
		name := fmt.Sprintf("sample%d", i)
		calls += "\t" + name + "()\n"
		write(name+".go", strings.Replace(sample, "func main()", "func "+name+"()", 1))
	}
	write("main.go", "package main\n\nfunc main() {\n"+calls+"}\n")
	write("go.mod", "module samples\n\ngo 1.26\n")
	run(t, dir, "go", "run", ".")
}
