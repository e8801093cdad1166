package main

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const restoredStream = "arn:aws:dynamodb:eu-west-1:123456789012:table/restored-stats/stream/2026-01-01T00:00:00.000"

// streamed settles the stream of a deployment to an account of eu-west-1, and
// returns the tables that were looked up.
func streamed(t *testing.T, flags map[string]any, look lookup) (stream string, asked []string, err error) {
	t.Helper()
	raw, err := json.Marshal(flags)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readSettings(func(name string) string {
		return map[string]string{"CDK_CONTEXT_JSON": string(raw), "CDK_DEFAULT_REGION": "eu-west-1", "CDK_DEFAULT_ACCOUNT": "123456789012"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	props, err := read.props()
	if err != nil {
		t.Fatal(err)
	}
	err = read.stream(t.Context(), &props, func(ctx context.Context, table string) (string, error) {
		asked = append(asked, table)
		return look(ctx, table)
	})
	return props.Kept.StatsStream, asked, err
}

func found(_ context.Context, table string) (string, error) {
	return strings.Replace(restoredStream, "restored-stats", table, 1), nil
}

func missing(context.Context, string) (string, error) { return "", errors.New("the table has none") }

func TestTheStreamIsLookedUpWhereAContractWithWebhooksIsDeployedOntoATableThatIsThere(t *testing.T) {
	for _, c := range []struct {
		flags map[string]any
		want  string // the table that is looked up
	}{
		{nil, ""},
		{map[string]any{"keys_table": "restored-keys"}, ""},
		{map[string]any{"adopt": true}, "Statgate-stats"},
		{map[string]any{"adopt": true, "stack": "Other"}, "Other-stats"},
		{map[string]any{"stats_table": "restored-stats"}, "restored-stats"},
		{map[string]any{"adopt": true, "stats_table": "restored-stats"}, "restored-stats"},
		{map[string]any{"adopt": true, "contract": "balla"}, ""},
		{map[string]any{"adopt": true, "stats_stream": "none"}, ""},
	} {
		stream, asked, err := streamed(t, c.flags, found)
		if strings.Join(asked, " ") != c.want || err != nil || (stream != "") != (c.want != "") {
			t.Errorf("%v: asked for %q and got %q, %v, want %q", c.flags, asked, stream, err, c.want)
		}
	}
}

func TestAStreamThatIsNamedIsNotLookedUp(t *testing.T) {
	stream, asked, err := streamed(t, map[string]any{"stats_table": "restored-stats", "stats_stream": restoredStream}, missing)
	if stream != restoredStream || len(asked) > 0 || err != nil {
		t.Errorf("got %q, %v, after asking for %q", stream, err, asked)
	}
}

func TestAStreamThatCannotBeReadEndsTheSynthByName(t *testing.T) {
	at := func(part, other string) string { return strings.Replace(restoredStream, part, other, 1) }
	for _, c := range []struct {
		given string
		want  []string
	}{
		{"", []string{"the table has none", "-c stats_stream=ARN", "-c stats_stream=none", "restored-stats",
			"aws dynamodb update-table --table-name restored-stats --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"}},
		{"some", []string{"-c stats_stream=some"}},
		{at("restored-stats", "Statgate-stats"), []string{"Statgate-stats", "table is restored-stats"}},
		{at("eu-west-1", "us-east-1"), []string{"us-east-1", "region is eu-west-1"}},
		{at("123456789012", "210987654321"), []string{"210987654321", "account is 123456789012"}},
	} {
		flags := map[string]any{"stats_table": "restored-stats"}
		if c.given != "" {
			flags["stats_stream"] = c.given
		}
		_, _, err := streamed(t, flags, missing)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: got %v, want one line with %q", c.given, err, want)
			}
		}
	}
	if _, _, err := streamed(t, map[string]any{"stats_stream": restoredStream}, found); err == nil || !strings.Contains(err.Error(), "-c adopt=true") {
		t.Errorf("the stack's own table: got %v, want to be told what the flag goes with", err)
	}
}

// describing is a DynamoDB whose tables all are as told.
func describing(t *testing.T, told string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.DescribeTable" {
			t.Errorf("got a call of %s", r.Header.Get("X-Amz-Target"))
		}
		answer := []byte(`{"Table":{"TableName":"restored-stats",` + told + `}}`)
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer)), 10))
		w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestATablesStreamIsTheOneThatItWritesNowWithBothImages(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key")
	latest := `"LatestStreamArn":"` + restoredStream + `"`
	for told, want := range map[string]string{
		latest + `,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}`: "",
		latest + `,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}`:          "KEYS_ONLY alone",
		latest:                   "has none", // it was switched off
		`"TableStatus":"ACTIVE"`: "has none",
	} {
		t.Setenv("AWS_ENDPOINT_URL", describing(t, told))
		got, err := settings{"region": "eu-west-1"}.lookUp(t.Context(), "restored-stats")
		if want == "" && (got != restoredStream || err != nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %q, %v, want %q", told, got, err, want)
		}
	}
}

func TestARestoredTableWithoutAStreamEndsSynthInOneLine(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "infra")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	synth := exec.Command(binary)
	synth.Env = append(os.Environ(), `CDK_CONTEXT_JSON={"stats_table":"restored-stats"}`, "CDK_DEFAULT_REGION=eu-west-1",
		"AWS_ENDPOINT_URL="+describing(t, `"TableStatus":"ACTIVE"`), "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key")
	out, err := synth.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit code 1", err)
	}
	if said := string(out); strings.Count(said, "\n") != 1 || !strings.Contains(said, "-c stats_stream=") || !strings.Contains(said, "aws dynamodb update-table") {
		t.Errorf("got %q, want one line that says what to do", said)
	}
}
