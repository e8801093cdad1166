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

// readStream reads the stream of a deployment to an account in eu-west-1. It also returns
// the tables that were looked up.
func readStream(t *testing.T, flags map[string]any, find lookup) (stream string, lookups []string, err error) {
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
		lookups = append(lookups, table)
		return find(ctx, table)
	})
	return props.Existing.StatsStream, lookups, err
}

func found(_ context.Context, table string) (string, error) {
	return strings.Replace(restoredStream, "restored-stats", table, 1), nil
}

func missing(context.Context, string) (string, error) {
	return "", errors.New("the table has no enabled stream")
}

func TestStreamIsLookedUpForAContractWithWebhooksOnAnExistingTable(t *testing.T) {
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
		stream, lookups, err := readStream(t, c.flags, found)
		if strings.Join(lookups, " ") != c.want || err != nil || (stream != "") != (c.want != "") {
			t.Errorf("%v: got lookups of %q, stream %q and %v, want a lookup of %q", c.flags, lookups, stream, err, c.want)
		}
	}
}

func TestGivenStreamIsNotLookedUp(t *testing.T) {
	stream, lookups, err := readStream(t, map[string]any{"stats_table": "restored-stats", "stats_stream": restoredStream}, missing)
	if stream != restoredStream || len(lookups) > 0 || err != nil {
		t.Errorf("got %q, %v and lookups of %q", stream, err, lookups)
	}
}

func TestErrorsOfTheStreamNameTheFlagAndTheRemedy(t *testing.T) {
	at := func(part, other string) string { return strings.Replace(restoredStream, part, other, 1) }
	for _, c := range []struct {
		given string
		want  []string
	}{
		{"", []string{"the table has no enabled stream", "-c stats_stream=ARN", "-c stats_stream=none", "restored-stats",
			"aws dynamodb update-table --table-name restored-stats --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"}},
		{"some", []string{"-c stats_stream=some"}},
		{at("restored-stats", "Statgate-stats"), []string{"Statgate-stats", "whose table is restored-stats"}},
		{at("eu-west-1", "us-east-1"), []string{"us-east-1", "whose region is eu-west-1"}},
		{at("123456789012", "210987654321"), []string{"210987654321", "whose account is 123456789012"}},
	} {
		flags := map[string]any{"stats_table": "restored-stats"}
		if c.given != "" {
			flags["stats_stream"] = c.given
		}
		_, _, err := readStream(t, flags, missing)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: got %v, want one line with %q", c.given, err, want)
			}
		}
	}
	if _, _, err := readStream(t, map[string]any{"stats_stream": restoredStream}, found); err == nil || !strings.Contains(err.Error(), "-c adopt=true") {
		t.Errorf("the stack's own table: got %v, want an error that names -c adopt=true", err)
	}
}

// describing starts a DynamoDB that describes every table with these properties.
func describing(t *testing.T, properties string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.DescribeTable" {
			t.Errorf("got a call of %s, want DescribeTable", r.Header.Get("X-Amz-Target"))
		}
		answer := []byte(`{"Table":{"TableName":"restored-stats",` + properties + `}}`)
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(answer)), 10))
		w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestOnlyAnEnabledStreamWithBothImagesIsUsed(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key")
	latest := `"LatestStreamArn":"` + restoredStream + `"`
	for properties, want := range map[string]string{
		latest + `,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}`: "",
		latest + `,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}`:          "view type is KEYS_ONLY",
		latest:                   "no enabled stream", // it was disabled
		`"TableStatus":"ACTIVE"`: "no enabled stream",
	} {
		t.Setenv("AWS_ENDPOINT_URL", describing(t, properties))
		got, err := settings{"region": "eu-west-1"}.lookUp(t.Context(), "restored-stats")
		if want == "" && (got != restoredStream || err != nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %q, %v, want %q", properties, got, err, want)
		}
	}
}

func TestRestoredTableWithoutAStreamFailsSynthWithOneLine(t *testing.T) {
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
	if output := string(out); strings.Count(output, "\n") != 1 || !strings.Contains(output, "-c stats_stream=") || !strings.Contains(output, "aws dynamodb update-table") {
		t.Errorf("got %q, want one line with the remedy", output)
	}
}
