package operate_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/table"
)

// awsWith is a fake AWS with one stack, Balla-2. It records the tables and secrets that
// requests name, and answers those requests with an error.
func awsWith(t *testing.T) (named func() []string) {
	t.Helper()
	var seen []string
	outputs := ""
	for _, o := range []string{"KeysTableName k", "StatsTableName s", "PeppersName p", "ApiId a", "StageName live", "ContractName balla", "ApiUrl u"} {
		name, value, _ := strings.Cut(o, " ")
		outputs += fmt.Sprintf("<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, value)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "" {
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprintf(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
				<StackName>Balla-2</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
				<Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, outputs)
			return
		}
		body, _ := io.ReadAll(r.Body)
		for _, name := range []string{"k", "s", "p", "restored"} {
			if strings.Contains(string(body), `"TableName":"`+name+`"`) || strings.Contains(string(body), `"SecretId":"`+name+`"`) {
				seen = append(seen, name)
			}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ResourceNotFoundException"}`)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id",
		"AWS_SECRET_ACCESS_KEY": "key", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1"} {
		t.Setenv(name, value)
	}
	return func() []string { return seen }
}

func TestStackNamesContractTablesAndPeppersUnlessOptionsDo(t *testing.T) {
	named := awsWith(t)
	stack := operate.Target{Stack: "Balla-2", Prefix: "unused"}
	c, environment, err := stack.LoadContract(t.Context())
	if err != nil || c.Name != "balla" || environment != "live" {
		t.Errorf("got contract %v, environment %q (%v), want balla and live", c, environment, err)
	}
	if c, _, err := (operate.Target{Stack: "Balla-2", Contract: "statgate"}).LoadContract(t.Context()); err != nil || c.Name != "statgate" {
		t.Errorf("with --contract: got %v, %v, want statgate", c, err)
	}
	if _, _, err := (operate.Target{Stack: "Balla-2", Environment: "moon"}).LoadContract(t.Context()); !usage.Is(err) {
		t.Errorf("with an environment that balla lacks: got %v, want a usage error", err)
	}
	if err := stack.Create(t.Context()); err != nil {
		t.Error(err)
	}
	restored := stack
	restored.KeysTable = "restored"
	for _, open := range []func() (table.Table, func(), error){
		func() (table.Table, func(), error) { return stack.Keys(t.Context()) },
		func() (table.Table, func(), error) { return restored.Keys(t.Context()) },
		func() (table.Table, func(), error) { return stack.Stats(t.Context()) },
	} {
		at, done, err := open()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = at.Get(t.Context(), table.Key{Partition: "x", Sort: "x"}, true) // the fake records the table's name
		done()
	}
	document, err := stack.Document(t.Context())
	if err != nil || fmt.Sprint(document) != "secret p" {
		t.Errorf("got document %v (%v), want secret p", document, err)
	}
	source, err := stack.PepperSource(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = source.Current(t.Context()) // the fake records the secret's name
	if got, want := slices.Compact(named()), []string{"k", "restored", "s", "p"}; !slices.Equal(got, want) {
		t.Errorf("the requests named %v, want %v", got, want)
	}
}
