package operate

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"statgate/shared/table"
)

// The machine's clock is the process's, so this test does not run beside others.
func TestACommandUsesTheTimeOfTheTablesThatItOpens(t *testing.T) {
	stated := time.Now().AddDate(1, 0, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", stated.UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { machine.Observe(time.Now()) })
	keys, done, err := Target{DynamoDB: server.URL, Prefix: "x"}.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if _, err := keys.Get(t.Context(), table.Key{Partition: "P", Sort: "S"}, true); err != nil {
		t.Fatal(err)
	}
	if apart := SystemClock().Now().Sub(stated); apart.Abs() > 5*time.Second {
		t.Errorf("the clock is %s from the table's", apart)
	}
}
