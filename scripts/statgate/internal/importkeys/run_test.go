package importkeys

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/scripts/statgate/internal/cmdtest"
	"statgate/shared/access/apikey"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment"
	"statgate/shared/table"
	"statgate/shared/table/dynamo"
	"statgate/shared/table/dynamo/connect"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
)

// old returns the i-th secret of the system whose export is in testdata.
func old(i int) string { return fmt.Sprintf("balla_sk_%064x", 0xbadcafe00+i) }

// place is a deployment's storage, and the options that name it. Embedded storage can be
// open in one process at a time.
type place struct {
	root []byte // its peppers
	args []string
	open func(t *testing.T) (tables map[string]table.Table, release func())
}

func places(t *testing.T, run func(t *testing.T, p place)) {
	t.Helper()
	root, err := apikey.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("embedded", func(t *testing.T) {
		dir := t.TempDir()
		run(t, place{root, []string{"--data", dir}, func(t *testing.T) (map[string]table.Table, func()) {
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
		prefix := "t-" + strings.ToLower(rand.Text()[:12])
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
		run(t, place{root, []string{"--dynamodb", dynamolocal.Start(t), "--prefix", prefix}, func(*testing.T) (map[string]table.Table, func()) {
			return map[string]table.Table{"keys": dynamo.New(client, prefix+"-keys", table.Keys), "stats": dynamo.New(client, prefix+"-stats", table.Stats)}, func() {}
		}})
	})
}

// parse returns the options of a command line.
func parse(args []string) (options, error) {
	var o options
	return o, cmdtest.Parse(command(&o, cmdtest.Nothing), args)
}

// command runs the command as main would, without its waits. It fails the test where a
// hash or a secret is printed.
func (p place) command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	o, err := parse(append(append([]string{"--contract", "balla"}, p.args...), args...))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = run(t.Context(), o, operate.Clock{Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }}, &out)
	for i := range 5 {
		for _, word := range []string{old(i)[9:], apikey.Hash(old(i)), apikey.ID(old(i))} {
			if strings.Contains(strings.ToLower(out.String()+fmt.Sprint(err)), word) {
				t.Error("the command printed a secret's hash or id")
			}
		}
	}
	return out.String(), err
}

// served is a running deployment.
type served struct {
	t   *testing.T
	url string
	// operator is the secret of the operator key.
	operator string
	stop     func()
}

// serve starts the deployment. It creates the operator key where operator is "".
func (p place) serve(t *testing.T, operator string) *served {
	t.Helper()
	c, err := preset.Load("balla")
	if err != nil {
		t.Fatal(err)
	}
	tables, release := p.open(t)
	d, err := deployment.New(deployment.Options{Contract: c, Environment: "live", Keys: tables["keys"], Stats: tables["stats"],
		Peppers: apikey.FixedPeppers(p.root, time.Now), Clock: time.Now, Rand: rand.Reader, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	d.Gate.Patience = 20 * time.Second // DynamoDB Local is slow while other tests run
	if operator == "" {
		_, _, m, err := d.Keys.Bootstrap(t.Context(), time.Now(), "Operator", "operator@example.com")
		if err != nil {
			t.Fatal(err)
		}
		operator = m.Secret
	}
	server := httptest.NewServer(d.Gateway)
	s := &served{t, server.URL + c.Base, operator, sync.OnceFunc(func() { server.Close(); release() })}
	t.Cleanup(s.stop)
	return s
}

func (s *served) call(secret, method, path string) (int, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Error(err)
		return 0, nil
	}
	defer resp.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		s.t.Error(err)
	}
	return resp.StatusCode, v
}

func (s *served) answers(secret, path string, want int) map[string]any {
	s.t.Helper()
	got, body := s.call(secret, "GET", path)
	if got != want {
		s.t.Errorf("%s: got %d %v, want %d", path, got, body, want)
	}
	return body
}

// listed returns an organisation's keys by name.
func (s *served) listed(org string) map[string]map[string]any {
	s.t.Helper()
	named := map[string]map[string]any{}
	data, _ := s.answers(s.operator, "/keys?org="+org, 200)["data"].([]any)
	for _, k := range data {
		k := k.(map[string]any)
		named[k["name"].(string)] = k
	}
	return named
}

func TestImportedKeysWorkWithTheirOldSecrets(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, p place) {
		s := p.serve(t, "")
		s.stop()
		if out, err := p.command(t, "--create-orgs", "--dry-run", "testdata/export.csv"); err != nil || out != "4 would be imported, 0 already present, 0 refused\n" {
			t.Fatalf("with --dry-run: got %q, %v", out, err)
		}
		if out, err := p.command(t, "--create-orgs", "testdata/export.csv"); err != nil || out != "4 imported, 0 already present, 0 refused\n" {
			t.Fatalf("got %q, %v", out, err)
		}
		if out, err := p.command(t, "--create-orgs", "testdata/export.jsonl"); err != nil || out != "0 imported, 4 already present, 0 refused\n" {
			t.Errorf("the same as JSON lines: got %q, %v", out, err)
		}
		s = p.serve(t, s.operator)
		defer s.stop()
		org := s.answers(old(1), "/keys/self", 200)["org"].(string) // the first request after the import
		s.answers(old(1), "/matches", 200)
		s.answers(old(3), "/matches", 401)
		s.answers(old(5), "/matches", 401)
		for range 2 {
			all := s.listed(org)
			if site, ticker := all["Match-day site"], all["Ticker, live"]; site["hash"] != "hmac" || ticker["hash"] != "sha256" ||
				site["created_at"] != "2025-03-04T09:00:00Z" || ticker["prefix"] != "balla_sk_" || all["Left behind"]["state"] != "revoked" {
				t.Fatalf("got %v", all)
			}
		}
		s.answers(old(2), "/matches", 200)
		s.answers(old(2), "/leagues", 403)
		id := s.listed(org)["Ticker, live"]["id"].(string)
		if got, _ := s.call(s.operator, "POST", "/keys/"+id+"/revoke"); got != 200 {
			t.Errorf("revoking: got %d", got)
		}
		s.answers(old(2), "/matches", 401)
		s.stop()
		if out, err := p.command(t, "--expire-unseen", "--before", "2020-01-01"); err != nil || !strings.HasPrefix(out, "0 expired") {
			t.Errorf("before all imports: got %q, %v", out, err)
		}
		if out, err := p.command(t, "--expire-unseen"); err != nil || !strings.HasSuffix(out, "1 expired: imported and not used since\n") {
			t.Errorf("got %q, %v", out, err)
		}
		s = p.serve(t, s.operator)
		s.answers(old(1), "/matches", 200)
		s.answers(old(4), "/matches", 401)
	})
}

func TestRefusedRowsAreReportedByLineAndOthersAreImported(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, p place) {
		s := p.serve(t, "")
		s.stop()
		want := []string{
			"line 3: refused: sha256: bcrypt is a salted hash",
			"line 4: note: name: characters that are not allowed were removed; imported as \"Two lines\"\n",
			"line 6: refused: prefix: must begin like the secrets of contract balla, with balla_sk_; scopes: unknown scope \"fly\"",
			"line 7: refused: invalid CSV: wrong number of fields\n",
			"line 8: refused: sha256: same secret as in line 2\n",
		}
		for _, args := range [][]string{{"--dry-run"}, nil} {
			out, err := p.command(t, append(append([]string{"--create-orgs"}, args...), "testdata/refused.csv")...)
			if err == nil || !strings.Contains(err.Error(), "4 of 6 rows were refused") {
				t.Errorf("%v: got %v", args, err)
			}
			lines := strings.SplitAfter(out, "\n")
			for i, line := range want {
				if i >= len(lines) || !strings.HasPrefix(lines[i], line) {
					t.Errorf("%v: got\n%swant line %d to begin %q", args, out, i+1, line)
				}
			}
		}
		s = p.serve(t, s.operator)
		s.answers(old(1), "/matches", 200)
	})
}

func TestUnknownRoleIsRefusedEvenIfItsOwnerIsAMember(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, p place) {
		p.serve(t, "").stop()
		if out, err := p.command(t, "--create-orgs", "testdata/export.csv"); err != nil {
			t.Fatalf("got %q, %v", out, err)
		}
		for _, args := range [][]string{{"--dry-run"}, nil} {
			out, err := p.command(t, append(args, "testdata/roles.csv")...)
			if want := "line 3: refused: role: must be one of owner, admin, member\n"; err == nil || !strings.HasPrefix(out, want) {
				t.Errorf("%v: got %q, %v, want %q", args, out, err, want)
			}
		}
	})
}

func TestFilesWithABadNameOrHeaderAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"ending":  {"x.txt", "sha256\n", "must end in"},
		"empty":   {"x.csv", "", "must name the columns"},
		"column":  {"x.csv", "sha256,scope\n", `unknown column "scope"`},
		"twice":   {"x.csv", "sha256,org,org\n", "duplicate column"},
		"no hash": {"x.csv", "org,owner\n", "missing column sha256"},
	} {
		if _, err := read(c.file, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestInvalidJSONLinesAreReportedByLine(t *testing.T) {
	t.Parallel()
	got, err := read("x.jsonl", []byte("\n{\"sha256\":\"a\",\"scopes\":[\"x\",\"y\"],\"plan\":null}\n[1]\n{\"sha256\":1,\"scopes\":\"x\",\"colour\":\"red\"}\n"))
	if err != nil || len(got) != 3 {
		t.Fatalf("got %v, %v", got, err)
	}
	if g := got[0]; g.line != 2 || g.refusal != nil || g.key.SHA256 != "a" || len(g.key.Scopes) != 2 || g.key.Plan != "" {
		t.Errorf("got %+v", g)
	}
	if g := got[1]; g.line != 3 || g.refusal.Error() != "must be a JSON object" {
		t.Errorf("got %+v", g)
	}
	if g := got[2]; g.line != 4 || g.refusal.Error() != `scopes: must be a list of names; sha256: must be a string; unknown field "colour"` {
		t.Errorf("got %+v", g)
	}
}

func TestAnEmptyCellIsNoListOfScopesAndAnEmptyListIsOne(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct {
		text   string
		listed bool
	}{
		"a.csv":   {"sha256,scopes\na, \n", false},
		"b.jsonl": {`{"sha256":"a"}`, false},
		"c.jsonl": {`{"sha256":"a","scopes":null}`, false},
		"d.jsonl": {`{"sha256":"a","scopes":[]}`, true},
	} {
		got, err := read(file, []byte(c.text))
		if err != nil || len(got) != 1 || (got[0].key.Scopes != nil) != c.listed || len(got[0].key.Scopes) != 0 {
			t.Errorf("%s: got %+v, %v, want a list: %v", c.text, got, err, c.listed)
		}
	}
}

func TestUsageErrorsNameTheProblem(t *testing.T) {
	t.Parallel()
	const file = "testdata/export.csv"
	for want, args := range map[string][]string{
		"give one of --stack":              {file},
		"give one FILE":                    {"--data", "d"},
		"reads no file, got":               {"--data", "d", "--expire-unseen", file},
		"omit --create-orgs":               {"--data", "d", "--expire-unseen", "--create-orgs"},
		"--before: use it with":            {"--data", "d", "--before", "2027-01-01", file},
		"must be a date such as":           {"--data", "d", "--expire-unseen", "--before", "soon"},
		"--rate: must be 1 to 10000":       {"--data", "d", "--rate", "0", file},
		"no such file":                     {"--data", "d", "--contract", "balla", "x.csv"},
		"has live, got \"test\"":           {"--data", "d", "--contract", "balla", "--environment", "test", file},
		"give one of --stack NAME, --data": {"--data", "d", "--stack", "s", file},
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
