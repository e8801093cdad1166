package outputs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"statgate/shared/platform/outputs"
)

// cloudFormation starts a server that describes a stack with these outputs.
func cloudFormation(t *testing.T, values map[string]string) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("StackName"); got != "Balla-2" {
			t.Errorf("got stack %q, want Balla-2", got)
		}
		var members strings.Builder
		for name, value := range values {
			fmt.Fprintf(&members, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, value)
		}
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
			<StackName>Balla-2</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
			<Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, members.String())
	}))
	t.Cleanup(server.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")}
}

func all() map[string]string {
	return map[string]string{"KeysTableName": "k", "StatsTableName": "s", "PeppersName": "p", "ApiId": "a", "StageName": "live",
		"ContractName": "balla", "ApiUrl": "https://a/live/v1", "KeysFunctionName": "f"}
}

func TestStackIsReadFromItsOutputs(t *testing.T) {
	got, err := outputs.Read(t.Context(), cloudFormation(t, all()), "Balla-2")
	want := outputs.Stack{Name: "Balla-2", Region: "eu-west-1", KeysTable: "k", StatsTable: "s", Peppers: "p", API: "a",
		Environment: "live", Contract: "balla", URL: "https://a/live/v1"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestMissingOutputIsNamedInTheError(t *testing.T) {
	values := all()
	delete(values, "PeppersName")
	if _, err := outputs.Read(t.Context(), cloudFormation(t, values), "Balla-2"); err == nil || !strings.Contains(err.Error(), "no output PeppersName") {
		t.Errorf("got %v, want an error that names PeppersName", err)
	}
}
