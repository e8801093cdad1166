package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"statgate/shared/access/apikey"
)

// measuredFunctions has one function of each kind: the authorizer, which fetches the
// peppers; one that reads; one that has every client; one that needs no table; and the
// MCP server, which links its SDK.
var measuredFunctions = []string{"authorizer", "matches", "keys", "docs", "mcp"}

// architectures maps Go's names to Lambda's.
var architectures = map[string]string{"amd64": "x86_64", "arm64": "arm64"}

// coldStarts measures each function from the start of its process to its first poll.
// The function is built by scripts/build, as for a deployment. It reads the contract,
// creates its clients and warms them. AWS is a stub on loopback without TLS. The
// figures do not include the network, nor Lambda's work before the process starts.
func coldStarts(ctx context.Context, s sizes) ([]figure, error) {
	arch := architectures[runtime.GOARCH]
	if runtime.GOOS != "linux" || arch == "" {
		return []figure{{name: "all functions", value: "NOT RUN", detail: "functions run on linux, amd64 or arm64"}}, nil
	}
	dir, err := os.MkdirTemp("", "statgate-bench-*")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the functions: %w", err)
	}
	defer os.RemoveAll(dir)
	bundles, err := buildFunctions(ctx, arch, dir)
	if err != nil {
		return nil, err
	}
	lambda, err := newRuntime()
	if err != nil {
		return nil, err
	}
	defer lambda.stop()
	took := map[string]*sample{}
	for range s.starts { // in turns, so that other load affects all functions
		for _, name := range measuredFunctions {
			one, err := lambda.start(ctx, bundles[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if took[name] == nil {
				took[name] = &sample{}
			}
			took[name].add(float64(one))
		}
	}
	var all []figure
	for _, name := range measuredFunctions {
		info, err := os.Stat(filepath.Join(bundles[name], "bootstrap"))
		if err != nil {
			return nil, err
		}
		all = append(all, figure{name: name, value: duration(took[name].median()),
			detail: fmt.Sprintf("%s; %d starts; %.1f MB", took[name].spread(duration), s.starts, float64(info.Size())/1e6)})
	}
	return append(all, startRatio(*took["mcp"], *took["matches"])), nil
}

// startRatio compares the starts of two functions that were measured in turns.
func startRatio(mcp, matches sample) figure {
	var each sample
	for i := range mcp {
		each.add(mcp[i] / matches[i])
	}
	show := func(x float64) string { return fmt.Sprintf("%.2f", x) }
	ratio := mcp.median() / matches.median()
	return figure{name: "mcp compared with matches", value: "× " + show(ratio), detail: each.spread(show),
		target: verdict(fmt.Sprintf("≤ × %.1f", maxMCPStart), ratio <= maxMCPStart)}
}

// buildFunctions runs scripts/build and returns each function's directory.
func buildFunctions(ctx context.Context, arch, dir string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./scripts/build", "--arch", arch, "--out", dir)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("building the functions: %w\n%s", err, said.String())
	}
	var made map[string]struct {
		Dir string `json:"dir"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, fmt.Errorf("reading the output of scripts/build: %w", err)
	}
	dirs := map[string]string{}
	for name, m := range made {
		dirs[name] = m.Dir
	}
	return dirs, nil
}

// fakeRuntime is a stub of Lambda's runtime API and of AWS.
type fakeRuntime struct {
	api, aws       string // addresses
	polled         chan time.Time
	root           []byte
	stopAPI, stopA func()
}

func newRuntime() (*fakeRuntime, error) {
	l := &fakeRuntime{polled: make(chan time.Time, 1)}
	var err error
	if l.root, err = apikey.NewRoot(rand.Reader); err != nil {
		return nil, err
	}
	if l.api, l.stopAPI, err = listen(http.HandlerFunc(l.next)); err != nil {
		return nil, err
	}
	if l.aws, l.stopA, err = listen(http.HandlerFunc(l.answer)); err != nil {
		l.stopAPI()
		return nil, err
	}
	return l, nil
}

func (l *fakeRuntime) stop() {
	l.stopAPI()
	l.stopA()
}

// next records the time of the poll and never returns an event.
func (l *fakeRuntime) next(_ http.ResponseWriter, r *http.Request) {
	l.polled <- time.Now()
	<-r.Context().Done()
}

// answer returns the peppers' secret, or an item with every attribute that a function
// reads while it warms.
func (l *fakeRuntime) answer(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	reply := map[string]any{}
	switch {
	case strings.HasSuffix(target, ".GetSecretValue"):
		reply["SecretString"] = string(l.root)
	case strings.HasSuffix(target, ".GetItem"):
		text := func(s string) map[string]string { return map[string]string{"S": s} }
		reply["Item"] = map[string]any{"pk": text("SETTING#cursor"), "sk": text("SETTING"), "key": text(strings.Repeat("0f", 32))}
	}
	_ = json.NewEncoder(w).Encode(reply) // an error means that the function has ended
}

// start runs a function until it polls, kills it, and returns the time to the poll.
func (l *fakeRuntime) start(ctx context.Context, dir string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var said strings.Builder
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "bootstrap"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(l.api, "http://"), "AWS_ENDPOINT_URL=" + l.aws,
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_SESSION_TOKEN=bench",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512", "LAMBDA_TASK_ROOT=" + dir, "_HANDLER=bootstrap", "ENVIRONMENT=live",
		"KEYS_TABLE=bench-keys", "STATS_TABLE=bench-stats", "PEPPERS_SECRET=bench-peppers",
		"REST_API=abcdef1234", "STAGE=live", "AUTHORIZER_TTL=300",
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the function: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-l.polled:
		cancel()
		<-ended //nolint:errcheck // its error is the cancellation
		if strings.Contains(said.String(), "cause") {
			return 0, fmt.Errorf("the function did not warm: %s", said.String())
		}
		return at.Sub(began), nil
	case err := <-ended:
		return 0, fmt.Errorf("the function ended before it polled: %w\n%s", err, said.String())
	}
}
