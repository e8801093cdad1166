package transport_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"

	"statgate/shared/access/transport"
	"statgate/shared/api"
	"statgate/shared/api/preset"
)

func TestEachTransportYieldsItsSecretOrItsCondition(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/requests.json")
	if err != nil {
		t.Fatal(err)
	}
	var requests []struct {
		Name, Contract, Channel string
		Headers                 http.Header
		Query                   url.Values
		Secret, Condition       string
	}
	if err := json.Unmarshal(raw, &requests); err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		c, err := preset.Load(r.Contract)
		if err != nil {
			t.Fatal(err)
		}
		got, err := transport.Pick(c.Transports[r.Channel], r.Headers, r.Query)
		condition := ""
		if err != nil {
			condition = api.ErrorOf(err).Condition
		}
		if got != r.Secret || condition != r.Condition {
			t.Errorf("%s: got %q, %q, want %q, %q", r.Name, got, condition, r.Secret, r.Condition)
		}
	}
}
