package dynamolocal_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
)

// childVariable makes this test binary start a server, print its endpoint and kill itself.
const childVariable = "STATGATE_TEST_CHILD"

func TestOneServerPerProcessAndSeparateTablesPerTest(t *testing.T) {
	t.Parallel()
	if got, want := dynamolocal.Start(t), dynamolocal.Start(t); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	schema := table.Schema{Name: "things"}
	one, two := dynamolocal.Tables(t, schema)["things"], dynamolocal.Tables(t, schema)["things"]
	it := table.Item{"pk": "p", "sk": "s"}
	if _, err := one.Write(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	if got, err := two.Get(t.Context(), it.Key(), true); got != nil || err != nil {
		t.Errorf("the other table: got %v, %v, want nil, nil", got, err)
	}
}

func TestKilledTestLeavesNoServerBehind(t *testing.T) {
	t.Parallel()
	if os.Getenv(childVariable) != "" {
		fmt.Printf("endpoint=%s\n", dynamolocal.Start(t))
		proc, _ := os.FindProcess(os.Getpid())
		_ = proc.Kill()
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledTestLeavesNoServerBehind$")
	cmd.Env = append(os.Environ(), childVariable+"=1", dynamolocal.URLVariable+"=")
	out, err := cmd.Output()
	_, endpoint, found := strings.Cut(strings.TrimSpace(string(out)), "endpoint=")
	if err == nil || !found {
		t.Fatalf("child: got %v and %q, want an endpoint and a killed process", err, out)
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		answer, err := http.Get(endpoint)
		if err != nil {
			return
		}
		_ = answer.Body.Close()
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s still answers 2 minutes after its test was killed", endpoint)
}

func TestMissingServerFailsWithTheCommandToRun(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOneServerPerProcessAndSeparateTablesPerTest$")
	cache := t.TempDir()
	cmd.Env = append(os.Environ(), "STATGATE_CACHE="+cache, dynamolocal.URLVariable+"=")
	out, err := cmd.CombinedOutput()
	if want := "DynamoDB Local is not in " + filepath.Join(cache, "dynamodb-local") + ": run `make dynamodb-local`"; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("got %v and %q, want a failure with %q", err, out, want)
	}
}
