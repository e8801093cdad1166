package dev

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"statgate/scripts/internal/usage"
	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/shared/access/apikey"
)

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// start runs dev until the test ends, and returns its credentials and what it printed.
func start(t *testing.T, args ...string) (demo, string, func() error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credentials.json")
	for i, a := range args {
		if a == "--credentials" {
			file = args[i+1]
		}
	}
	before, _ := os.Stat(file)
	o, err := parse(append([]string{"--addr", "127.0.0.1:0", "--credentials", file}, args...))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	printed := &lines{done: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, o, printed, os.Stderr) }()
	select {
	case err := <-ended:
		t.Fatalf("dev ended early: %v", err)
	case <-printed.done:
	case <-time.After(2 * time.Minute):
		t.Fatal("dev did not start")
	}
	stop := func() error { cancel(); err := <-ended; ended <- err; return err }
	t.Cleanup(func() { _ = stop() })
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || (before != nil && os.SameFile(before, info)) {
		t.Errorf("credentials file: %v %v; want it new, with mode 0600", info.Mode(), err)
	}
	var d demo
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d, printed.String(), stop
}

// lines collects what is printed, and closes done after the last line.
type lines struct {
	bytes.Buffer
	done chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	n, err := l.Buffer.Write(p)
	if bytes.Contains(l.Bytes(), []byte("Ctrl-C")) {
		close(l.done)
	}
	return n, err
}

func status(t *testing.T, key, url string) int {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestPrintedCurlLinesWork(t *testing.T) {
	for _, contract := range []string{"statgate", "balla", "fullengage"} {
		d, printed, stop := start(t, "--contract", contract)
		calls := regexp.MustCompile(`curl -s -H 'Authorization: Bearer (\S+)' '?([^'\s]+)'?`).FindAllStringSubmatch(printed, -1)
		if len(calls) != 3 || !strings.Contains(printed, d.Base) || !strings.Contains(printed, d.Client) || !strings.Contains(printed, d.Admin) {
			t.Fatalf("%s: printed %s", contract, printed)
		}
		for _, c := range calls {
			if got := status(t, c[1], c[2]); got != 200 {
				t.Errorf("%s: %s answers %d", contract, c[2], got)
			}
		}
		if got := status(t, d.Operator, d.Base+"/orgs"); got != 200 {
			t.Errorf("%s: the operator's key answers %d", contract, got)
		}
		if err := stop(); err != nil {
			t.Errorf("%s: ended with %v", contract, err)
		}
	}
}

func TestDataDirectoryKeepsKeysAndRotatesThoseWithALostSecret(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "c.json")
	first, _, stop := start(t, "--data", dir, "--credentials", file, "--empty")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	second, _, stop := start(t, "--data", dir, "--credentials", file, "--empty")
	first.Base, second.Base = "", ""
	if first != second {
		t.Error("the keys of the credentials file still authenticate and were not reused")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	third, _, _ := start(t, "--data", dir, "--credentials", file, "--empty", "--plan", "FREE")
	if third.Org != first.Org || third.Client == first.Client || third.Admin == first.Admin || third.Operator == first.Operator {
		t.Error("keys with lost secrets must be rotated in the same organisation")
	}
	if got := status(t, first.Client, third.Base+"/keys/self"); got != 401 {
		t.Errorf("the lost secret answers %d, want 401", got)
	}
	if got := status(t, third.Client, third.Base+"/keys/self"); got != 200 {
		t.Errorf("the new secret answers %d, want 200", got)
	}
}

func TestDemoKeysThatAreRevokedOrLostWithTheirTablesAreReplaced(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "c.json")
	d, _, stop := start(t, "--data", dir, "--credentials", file, "--empty")
	for _, key := range []string{d.Client, d.Admin, d.Operator} {
		req, err := http.NewRequest("POST", d.Base+"/keys/self/revoke", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("revoking: %v, %v", resp, err)
		}
		resp.Body.Close()
	}
	for _, tables := range []string{"kept", "lost"} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if tables == "lost" {
			if err := os.Remove(filepath.Join(dir, "statgate.db")); err != nil {
				t.Fatal(err)
			}
		}
		d, _, stop = start(t, "--data", dir, "--credentials", file, "--empty")
		for _, key := range []string{d.Client, d.Admin, d.Operator} {
			if got := status(t, key, d.Base+"/keys/self"); got != 200 {
				t.Errorf("after tables were %s, a demo key answers %d", tables, got)
			}
		}
	}
}

func TestDevThatCannotStartSaysWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	notADir := filepath.Join(t.TempDir(), "file")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	for _, file := range []string{notADir, bad} {
		if err := os.WriteFile(file, []byte("name: x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	_, _, _ = start(t, "--data", dir, "--empty")
	for _, c := range []struct {
		args  []string
		want  string
		usage bool
	}{
		{[]string{"--addr", taken.Addr().String()}, "address already in use", false},
		{[]string{"--data", notADir}, "not a directory", false},
		{[]string{"--data", dir}, "in use by another process", false},
		{[]string{"--contract", "nope"}, "no preset", true},
		{[]string{"--contract", bad}, "bad.yaml", true},
		{[]string{"--plan", "GOLD"}, "FREE, PRO", true},
		{[]string{"--environment", "prod"}, "live, test", true},
		{[]string{"--import", "cricket=x"}, "openfootball=DIR", true},
		{[]string{"--import", "clubs=/does/not/exist"}, "no such file", true},
		{[]string{"--dynamodb", "aws"}, "must be the URL", true},
		{[]string{"--addr", "8080"}, "must be HOST:PORT", true},
		{[]string{"--oidc-issuer", "https://login.example.com"}, "give all three or none", true},
		{[]string{"--oidc-client", "c", "--oidc-secret-file", notADir}, "give all three or none", true},
		{[]string{"--oidc-issuer", "http://login.example.com", "--oidc-client", "c", "--oidc-secret-file", notADir}, "must be an https URL", true},
		{[]string{"--oidc-issuer", "https://login.example.com/?a=b", "--oidc-client", "c", "--oidc-secret-file", notADir}, "must be an https URL", true},
		{[]string{"--oidc-issuer", "http://127.0.0.1:1", "--oidc-client", "c", "--oidc-secret-file", "/does/not/exist"}, "no such file", true},
		{[]string{"extra"}, "unexpected argument", true},
	} {
		o, err := parse(append([]string{"--addr", "127.0.0.1:0"}, c.args...))
		if err == nil {
			err = run(t.Context(), o, &bytes.Buffer{}, &bytes.Buffer{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || usage.Is(err) != c.usage {
			t.Errorf("%v: got %v, want %q, and a usage error: %v", c.args, err, c.want, c.usage)
		}
	}
}

func TestDevRefusesDamagedData(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := start(t, "--data", dir, "--empty")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "statgate.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for want, content := range map[string][]byte{
		"is empty": nil, "is not a data file of Statgate": []byte("name: x\n"), "cut off": whole[:4*os.Getpagesize()],
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		err := startError(t, "--data", dir, "--empty")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || usage.Is(err) {
			t.Errorf("got %v, want one line with %q", err, want)
		}
	}
}

func TestDevRefusesADamagedFileOfDemoKeysAndSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := start(t, "--data", dir, "--empty")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, idsFile)
	if err := os.WriteFile(file, []byte(`{"org"`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := startError(t, "--data", dir, "--empty")
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "remove it") {
		t.Fatalf("got %v, want the file named and what to do", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	d, _, _ := start(t, "--data", dir, "--empty")
	if got := status(t, d.Client, d.Base+"/keys/self"); got != 200 {
		t.Errorf("without the file the client key answers %d, want 200", got)
	}
}

// startError runs dev with the arguments and returns the error with which it ends.
func startError(t *testing.T, args ...string) error {
	t.Helper()
	o, err := parse(append([]string{"--addr", "127.0.0.1:0"}, args...))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return run(ctx, o, &bytes.Buffer{}, &bytes.Buffer{})
}

func TestDevRefusesPeppersThatDoNotFitTheData(t *testing.T) {
	dir, credentials := t.TempDir(), filepath.Join(t.TempDir(), "c.json")
	file := filepath.Join(dir, "peppers.json")
	args := []string{"--data", dir, "--credentials", credentials, "--empty"}
	first, _, stop := start(t, args...)
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := apikey.AddVersion(old, rand.Reader) // while the deployment runs
	if err == nil {
		err = os.WriteFile(file, rotated, 0o600)
	}
	if err := errors.Join(err, stop()); err != nil {
		t.Fatal(err)
	}
	another, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(`"2":"....`).ReplaceAll(rotated, []byte(`"2":"AAAA`))
	for want, document := range map[string][]byte{
		"": nil, "made under the root": another, "pepper 2 is missing": old, "pepper 2 is another": changed,
	} {
		if document == nil {
			want, err = "are missing", os.Remove(file)
		} else {
			err = os.WriteFile(file, document, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		err := startError(t, args...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), file) {
			t.Errorf("got %v, want one line with the file and %q", err, want)
		}
		if now, _ := os.ReadFile(file); !bytes.Equal(now, document) {
			t.Errorf("%s: the peppers were changed", want)
		}
	}
	if err := os.WriteFile(file, rotated, 0o600); err != nil {
		t.Fatal(err)
	}
	again, _, _ := start(t, args...)
	if got := status(t, first.Client, again.Base+"/keys/self"); got != 200 {
		t.Errorf("with restored peppers the key answers %d, want 200", got)
	}
}

func TestDemoHasItsOwnMatchesWhereTheContractHidesPublicOnes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.json")
	args := []string{"--contract", "fullengage", "--data", t.TempDir(), "--credentials", file}
	for range 2 { // the second run finds the matches of the first
		d, _, stop := start(t, args...)
		req, err := http.NewRequest("GET", d.Base+"/matches?limit=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+d.Client)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data  []any
			Total int
		}
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if err != nil || len(got.Data) != 1 || got.Total != shownMatches {
			t.Errorf("got %v, %d in all, %v, want %d", got.Data, got.Total, err, shownMatches)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

// TestPagesOfOtherSitesCannotCallTheMCPServerOnLoopback sends what a page sends whose site has
// given its name the address of this machine.
func TestPagesOfOtherSitesCannotCallTheMCPServerOnLoopback(t *testing.T) {
	for addr, refuses := range map[string]bool{"127.0.0.1:0": true, "localhost:0": true, "0.0.0.0:0": false} {
		d, _, stop := start(t, "--addr", addr)
		post := func(host, origin string) int {
			req, err := http.NewRequest(http.MethodPost, d.Base+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+d.Client)
			req.Header.Set("Content-Type", "application/json")
			if req.Host = host; origin != "" {
				req.Header.Set("Origin", origin)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.StatusCode
		}
		for _, c := range []struct {
			host, origin string
			foreign      bool
		}{
			{"", "", false}, {"localhost:8080", "http://localhost:6274", false}, {"[::1]:8080", "", false},
			{"rebound.example", "", true}, {"rebound.example:8080", "http://rebound.example:8080", true}, {"", "https://page.example", true}, {"", "null", true},
		} {
			want := http.StatusOK
			if refuses && c.foreign {
				want = http.StatusForbidden
			}
			if got := post(c.host, c.origin); got != want {
				t.Errorf("listening on %s: host %q and origin %q get %d, want %d", addr, c.host, c.origin, got, want)
			}
		}
		_ = stop()
	}
}

func TestConsoleIsThePageOfTheGivenDirectoryOrSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(`<title>%TITLE%</title><meta content="%CONFIG%">`), 0o600); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]struct {
		status int
		text   string
	}{dir: {200, "<title>Balla Stats</title>"}, filepath.Join(dir, "none"): {503, "make console"}} {
		credentials, printed, _ := start(t, "--contract", "balla", "--empty", "--console", given)
		address := strings.TrimSuffix(credentials.Base, "/api") + "/console"
		r, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != want.status || !strings.Contains(string(body), want.text) || !strings.Contains(printed, address) {
			t.Errorf("%s: got %d %.200s (%v), printed %s", given, r.StatusCode, body, err, printed)
		}
	}
}
