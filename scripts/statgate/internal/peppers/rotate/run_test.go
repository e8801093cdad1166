package rotate

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/shared/access/apikey"
	"statgate/shared/access/keys"
	"statgate/shared/access/peppers"
	"statgate/shared/api/preset"
	"statgate/shared/feed/webhooks"
	"statgate/shared/platform/deployment"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// instance is a running deployment with a clock of its own.
type instance struct {
	*deployment.Deployment
	url   string
	ahead atomic.Int64
}

func (i *instance) now() time.Time { return time.Now().Add(time.Duration(i.ahead.Load())) }

// pass advances the clock of this instance only.
func (i *instance) pass(d time.Duration) { i.ahead.Add(int64(d)) }

// place is a deployment's storage, and the options that name it.
type place struct {
	file string // the peppers
	args []string
	open func(t *testing.T) (tables map[string]table.Table, release func())
}

// places runs a test on each engine.
func places(t *testing.T, run func(t *testing.T, p place)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		dir := t.TempDir()
		run(t, place{filepath.Join(dir, peppers.FileName), []string{"--data", dir}, func(t *testing.T) (map[string]table.Table, func()) {
			db, err := local.Open(filepath.Join(dir, "statgate.db"), table.Keys, table.Stats)
			if err != nil {
				t.Fatal(err)
			}
			release := sync.OnceFunc(func() { db.Close() })
			t.Cleanup(release)
			return map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")}, release
		}})
	})
	t.Run("DynamoDB Local", func(t *testing.T) {
		file, prefix := filepath.Join(t.TempDir(), "p.json"), "t-"+strings.ToLower(rand.Text()[:12])
		client, err := connect.Client(t.Context(), dynamolocal.Start(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := dynamo.DropTables(context.Background(), client, prefix+"-", table.Keys, table.Stats); err != nil {
				t.Error(err)
			}
		})
		if err := dynamo.CreateTables(t.Context(), client, prefix+"-", table.Keys, table.Stats); err != nil {
			t.Fatal(err)
		}
		args := []string{"--peppers", file, "--dynamodb", dynamolocal.Start(t), "--prefix", prefix}
		run(t, place{file, args, func(*testing.T) (map[string]table.Table, func()) {
			return map[string]table.Table{"keys": dynamo.New(client, prefix+"-keys", table.Keys), "stats": dynamo.New(client, prefix+"-stats", table.Stats)}, func() {}
		}})
	})
}

// serve starts an instance. Several instances can share the tables.
func (p place) serve(t *testing.T, tables map[string]table.Table) *instance {
	t.Helper()
	c, err := preset.Load("statgate")
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{}
	source, err := peppers.At(p.file, rand.Reader, i.now)
	if err != nil {
		t.Fatal(err)
	}
	i.Deployment, err = deployment.New(deployment.Options{Contract: c, Environment: "live", Keys: tables["keys"], Stats: tables["stats"],
		Peppers: source, Clock: i.now, Rand: rand.Reader, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	i.Gate.Patience = 20 * time.Second // DynamoDB Local is slow while other tests run
	server := httptest.NewServer(i.Gateway)
	t.Cleanup(server.Close)
	i.url = server.URL + c.Base
	return i
}

// call sends a request to an instance.
func (i *instance) call(secret, method, path, body string) (int, map[string]any, error) {
	req, err := http.NewRequest(method, i.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var v map[string]any
	err = json.NewDecoder(resp.Body).Decode(&v)
	return resp.StatusCode, v, err
}

// works fails the test where the instance does not answer the secret with the status want.
func (i *instance) works(t *testing.T, secret string, want int) {
	t.Helper()
	if got, body, err := i.call(secret, "GET", "/keys/self", ""); got != want || err != nil {
		t.Errorf("got %d %v (%v), want %d", got, body, err, want)
	}
}

// key creates a key with the operator key.
func (i *instance) key(t *testing.T, operator, name string) (id, secret string) {
	t.Helper()
	got, body, err := i.call(operator, "POST", "/keys", `{"name":"`+name+`","scopes":["read:teams"]}`)
	if err != nil || got != 201 {
		t.Fatalf("got %d %v (%v), want a key", got, body, err)
	}
	return fmt.Sprint(body["id"]), fmt.Sprint(body["secret"])
}

// version returns the pepper version under which a secret is stored.
func version(t *testing.T, keys table.Table, secret string) string {
	t.Helper()
	it, err := keys.Get(t.Context(), table.Key{Partition: "SECRET#" + apikey.ID(secret), Sort: "SECRET"}, true)
	if err != nil {
		t.Fatal(err)
	}
	return it.Str("pepper")
}

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// command runs the command as main would, without its waits. It fails the test where a
// pepper is printed.
func (p place) command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	o, err := parse(append(args, p.args...))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = run(t.Context(), o, operate.Clock{Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }}, &out)
	raw, readErr := os.ReadFile(p.file)
	if readErr != nil {
		t.Fatal(readErr)
	}
	for _, word := range strings.FieldsFunc(string(raw), func(r rune) bool { return strings.ContainsRune(`"{}:,`, r) }) {
		if len(word) > 16 && strings.Contains(out.String()+fmt.Sprint(err), word) {
			t.Error("the command printed a pepper")
		}
	}
	return out.String(), err
}

// hammering is requests that several goroutines send until it ends.
type hammering struct {
	mu    sync.Mutex
	some  *sync.Cond // a request was answered
	calls int
	wrong error // of the first request that was not answered with 200
	done  bool
	group sync.WaitGroup
}

// hammer sends requests with a secret to every instance.
func hammer(secret string, all ...*instance) *hammering {
	h := &hammering{}
	h.some = sync.NewCond(&h.mu)
	for _, i := range all {
		h.group.Go(func() {
			for h.note(i.call(secret, "GET", "/keys/self", "")) {
				continue
			}
		})
	}
	return h
}

// note counts a request, and reports whether there is to be another.
func (h *hammering) note(status int, body map[string]any, err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls++; status != 200 && err == nil {
		err = fmt.Errorf("%d %v", status, body)
	}
	if h.wrong == nil {
		h.wrong = err
	}
	h.some.Broadcast()
	return !h.done
}

// more waits until ten more requests were answered.
func (h *hammering) more() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for last := h.calls + 10; h.calls < last; {
		h.some.Wait()
	}
}

// end stops the requests and returns the first failure.
func (h *hammering) end() error {
	h.mu.Lock()
	h.done = true
	h.mu.Unlock()
	h.group.Wait()
	return h.wrong
}

func TestPepperRotatesAndRetiresWhileRequestsRun(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		tables, release := p.open(t)
		early, late := p.serve(t, tables), p.serve(t, tables)
		_, _, root, err := early.Keys.Bootstrap(t.Context(), early.now(), "Statgate", "root@example.com")
		if err != nil {
			t.Fatal(err)
		}
		_, idle := early.key(t, root.Secret, "idle")
		gone, goneSecret := early.key(t, root.Secret, "gone")
		if got, body, err := early.call(root.Secret, "POST", "/keys/"+gone+"/revoke", ""); got >= 300 {
			t.Fatalf("revoking: got %d %v (%v)", got, body, err)
		}
		late.works(t, root.Secret, 200)
		requests := hammer(root.Secret, early, late)
		requests.more()
		if out, err := p.command(t); err != nil || !strings.Contains(out, "Pepper 2 is the current one; before it was 1.") {
			t.Fatalf("rotating: got %q, %v", out, err)
		}
		requests.more()
		early.pass(61 * time.Second) // it reads the peppers again; the other instance does not yet
		_, fresh := early.key(t, root.Secret, "fresh")
		if got := version(t, tables["keys"], fresh); got != "2" {
			t.Errorf("a minute after: a new secret has version %s, want 2", got)
		}
		late.works(t, fresh, 200) // it has not read this version yet
		for _, i := range []*instance{early, late} {
			i.pass(10 * time.Minute) // the cached policies expire
			i.works(t, root.Secret, 200)
		}
		if got := version(t, tables["keys"], root.Secret); got != "2" {
			t.Errorf("an old secret that was used has version %s, want 2", got)
		}
		if got := version(t, tables["keys"], idle); got != "1" {
			t.Errorf("an old secret that was not used has version %s, want 1", got)
		}
		requests.more()
		if err := requests.end(); err != nil {
			t.Errorf("a request while it rotated: %v", err)
		}
		retiring(t, p, release, idle, fresh, goneSecret)
	})
}

// retiring retires version 1. The idle secret has it until it is used.
func retiring(t *testing.T, p place, release func(), idle, fresh, gone string) {
	t.Helper()
	release() // an embedded deployment is counted while nothing serves it
	out, err := p.command(t, "--retire", "1")
	if err == nil || !strings.Contains(err.Error(), "1 live secret still has pepper 1") || !strings.Contains(out, "key_") {
		t.Fatalf("retiring a version in use: got %q, %v", out, err)
	}
	if out, err := p.command(t, "--status"); err != nil || !strings.Contains(out, "pepper 1: 1 live secret\npepper 2, the current one: 2 live secrets\n") {
		t.Errorf("status: got %q, %v", out, err)
	}
	tables, again := p.open(t)
	p.serve(t, tables).works(t, idle, 200)
	again()
	if out, err := p.command(t, "--retire", "1"); err != nil || !strings.Contains(out, "Pepper 1 is retired") {
		t.Fatalf("retiring: got %q, %v", out, err)
	}
	for _, wrong := range []string{"1", "2", "7"} {
		if _, err := p.command(t, "--retire", wrong); err == nil {
			t.Errorf("retiring %s: got no error", wrong)
		}
	}
	tables, _ = p.open(t)
	i := p.serve(t, tables)
	i.works(t, idle, 200)
	i.works(t, fresh, 200)
	i.works(t, gone, 401)
}

func TestVersionOfTokensIsNotRetiredBeforeTheyExpire(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		tables, release := p.open(t)
		i := p.serve(t, tables)
		_, _, root, err := i.Keys.Bootstrap(t.Context(), i.now(), "Statgate", "root@example.com")
		if err != nil {
			t.Fatal(err)
		}
		id, secret := i.key(t, root.Secret, "parent")
		got, body, err := i.call(secret, "POST", "/tokens", `{"expires_in":"30m"}`)
		if err != nil || got != 201 {
			t.Fatalf("got %d %v (%v), want a token", got, body, err)
		}
		token := fmt.Sprint(body["token"])
		if _, err := p.command(t); err != nil {
			t.Fatal(err)
		}
		i.pass(10 * time.Minute)
		for _, one := range []string{root.Secret, secret, token} {
			i.works(t, one, 200)
		}
		release()
		out, err := p.command(t, "--retire", "1")
		if err == nil || !strings.Contains(out, id+" of ") || !strings.Contains(out, ": tokens until ") {
			t.Fatalf("got %q, %v, want a refusal that names the tokens of %s", out, err, id)
		}
		o, err := parse(append([]string{"--retire", "1"}, p.args...))
		if err != nil {
			t.Fatal(err)
		}
		later := operate.Clock{Now: func() time.Time { return time.Now().Add(31 * time.Minute) }, Sleep: func(context.Context, time.Duration) error { return nil }}
		if err := run(t.Context(), o, later, io.Discard); err != nil {
			t.Errorf("after they expired: %v", err)
		}
	})
}

func TestVersionOfSessionsIsNotRetiredBeforeTheyEnd(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		tables, release := p.open(t)
		i := p.serve(t, tables)
		_, _, root, err := i.Keys.Bootstrap(t.Context(), i.now(), "Statgate", "root@example.com")
		if err != nil {
			t.Fatal(err)
		}
		is, err := i.Keys.BeginWithKey(t.Context(), keys.SignIn{RequestID: "r", At: i.now()}, root.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.command(t); err != nil {
			t.Fatal(err)
		}
		i.pass(10 * time.Minute)
		i.works(t, root.Secret, 200)
		release()
		out, err := p.command(t, "--retire", "1")
		if err == nil || !strings.Contains(out, is.Session.ID+" of ") || !strings.Contains(out, ": console session, until ") || strings.Contains(out, is.Cookie) {
			t.Fatalf("got %q, %v, want a refusal that names the session %s", out, err, is.Session.ID)
		}
		tables, release = p.open(t)
		i = p.serve(t, tables)
		if _, err := i.Keys.Renew(t.Context(), i.now(), is.Cookie); err != nil {
			t.Fatal(err)
		}
		release()
		i.pass(keys.AccessLife)
		o, err := parse(append([]string{"--retire", "1"}, p.args...))
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), o, operate.Clock{Now: i.now, Sleep: func(context.Context, time.Duration) error { return nil }}, io.Discard); err != nil {
			t.Errorf("after its renewal: %v", err)
		}
	})
}

func TestWebhooksKeepTheirSigningSecretWhenItsPepperIsRetired(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		tables, release := p.open(t)
		i := p.serve(t, tables)
		org, _, root, err := i.Keys.Bootstrap(t.Context(), i.now(), "Statgate", "root@example.com")
		if err != nil {
			t.Fatal(err)
		}
		got, body, err := i.call(root.Secret, "POST", "/keys", `{"name":"hooks","scopes":["read:matches","write:webhooks"]}`)
		secret := fmt.Sprint(body["secret"])
		if err != nil || got != 201 {
			t.Fatalf("got %d %v, %v", got, body, err)
		}
		got, body, err = i.call(secret, "POST", "/webhooks", `{"url":"https://example.com/hook"}`)
		if err != nil || got != 201 {
			t.Fatalf("got %d %v, %v", got, body, err)
		}
		hook, signing := fmt.Sprint(body["id"]), body["signing_secret"]
		if _, err := p.command(t); err != nil {
			t.Fatal(err)
		}
		i.pass(10 * time.Minute)
		i.works(t, root.Secret, 200)
		i.works(t, secret, 200)
		release()
		o, err := parse(append([]string{"--retire", "1"}, p.args...))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		later := operate.Clock{Now: func() time.Time { return time.Now().Add(time.Hour) }, Sleep: func(context.Context, time.Duration) error { return nil }}
		if err := run(t.Context(), o, later, &out); err != nil || !strings.Contains(out.String(), "Moved the signing secrets of 1 webhooks to the current pepper") {
			t.Fatalf("got %q, %v", out.String(), err)
		}
		tables, _ = p.open(t)
		i = p.serve(t, tables)
		if got, body, err = i.call(secret, "POST", "/webhooks/"+hook+"/deliveries", ""); err != nil || got != 202 {
			t.Fatalf("got %d %v, %v", got, body, err)
		}
		a, _, err := i.Webhooks.Begin(t.Context(), webhooks.QueuedDelivery{Org: org.ID, Webhook: hook, Delivery: fmt.Sprint(body["id"])}, i.now())
		if err != nil || a == nil || len(a.Secrets) != 1 || a.Secrets[0] != signing {
			t.Errorf("got %v, want the same signing secret", err)
		}
	})
}

func TestRetiringWaitsWhileFunctionsMayUseThePreviousPeppers(t *testing.T) {
	t.Parallel()
	file, prefix := filepath.Join(t.TempDir(), "p.json"), "t-"+strings.ToLower(rand.Text()[:12])
	if _, err := peppers.At(file, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	client, err := connect.Client(t.Context(), dynamolocal.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := dynamo.DropTables(context.Background(), client, prefix+"-", table.Keys); err != nil {
			t.Error(err)
		}
	}()
	if err := dynamo.CreateTables(t.Context(), client, prefix+"-", table.Keys); err != nil {
		t.Fatal(err)
	}
	p := place{file: file, args: []string{"--peppers", file, "--dynamodb", dynamolocal.Start(t), "--prefix", prefix}}
	if _, err := p.command(t); err != nil {
		t.Fatal(err)
	}
	o, err := parse(append([]string{"--retire", "1"}, p.args...))
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	for _, c := range []struct {
		age   time.Duration
		waits bool
	}{{0, true}, {5 * time.Minute, true}, {-4 * time.Minute, true}, {time.Hour, false}} {
		waited := false
		err := run(t.Context(), o, operate.Clock{Now: func() time.Time { return time.Now().Add(c.age) }, Sleep: func(_ context.Context, d time.Duration) error {
			if d == settle {
				waited = true
				return enough
			}
			return nil
		}}, io.Discard)
		if waited != c.waits || errors.Is(err, enough) != c.waits || (!c.waits && err != nil) {
			t.Errorf("%v after a rotation: waited %v (%v), want %v", c.age, waited, err, c.waits)
		}
	}
}

func TestConcurrentRotationsLoseNoVersion(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.json")
	if _, err := peppers.At(file, rand.Reader, time.Now); err != nil {
		t.Fatal(err)
	}
	p := place{file: file, args: []string{"--peppers", file}}
	var done atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := p.command(t); err == nil {
				done.Add(1)
			}
		})
	}
	group.Wait()
	raw, _, err := peppers.File(file).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := apikey.ParsePeppers(raw)
	if want := int(done.Load()) + 1; err != nil || len(got.Versions()) != want || want < 2 {
		t.Errorf("got versions %v (%v), want %d", got.Versions(), err, want)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v (%v), want mode 0600", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("files left in the directory: %v (%v)", left, err)
	}
}

func TestUsageErrorsNameTheProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"give one of --stack":       {},
		"give one of":               {"--data", dir, "--secret", "x"},
		"--dynamodb: use it with":   {"--data", dir, "--dynamodb", "aws"},
		"keys table":                {"--secret", "x", "--retire", "1"},
		"--retire or --status":      {"--data", dir, "--retire", "1", "--status"},
		"unexpected argument":       {"--data", dir, "more"},
		"--rate: must be 1 to 1000": {"--data", dir, "--status", "--rate", "0"},
		"no peppers":                {"--data", dir},
	} {
		o, err := parse(args)
		if err == nil {
			err = run(t.Context(), o, operate.SystemClock(), io.Discard)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
