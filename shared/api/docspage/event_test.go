package docspage

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestSampleCodeAcceptsOnlySignedRecentDeliveries(t *testing.T) {
	t.Parallel()
	const secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"type":"match.updated","data":{"team":"Málaga"}}`
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at   time.Time
		sent string
		want string
	}{
		"signed": {time.Now(), body, "True"},
		"forged": {time.Now(), strings.Replace(body, "updated", "deleted", 1), "False"},
		"old":    {time.Now().Add(-time.Hour), body, "False"},
	} {
		signature, err := signer.Sign("evt_1", c.at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		program := fmt.Sprintf("%s\nprint(verify(%q, {'webhook-id': 'evt_1', 'webhook-timestamp': '%d', 'webhook-signature': 'v1,AAAA %s'}, %q.encode()))\n",
			verify, secret, c.at.Unix(), signature, c.sent)
		out, err := exec.Command("python3", "-c", program).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.want)
		}
	}
}
