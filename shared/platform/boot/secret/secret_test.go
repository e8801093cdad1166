package secret_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"statgate/shared/platform/boot/secret"
)

// manager starts a Secrets Manager that answers with what respond returns.
func manager(t *testing.T, respond func(name string) (status int, body string)) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			t.Errorf("got call %q (%v)", r.Header.Get("X-Amz-Target"), err)
		}
		status, body := respond(in.SecretId)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		RetryMaxAttempts: 1,
	}
}

func TestFetchReadsTheSecretByName(t *testing.T) {
	cfg := manager(t, func(name string) (int, string) {
		if name != "Statgate-peppers" {
			t.Errorf("got a call for %q, want Statgate-peppers", name)
		}
		return 200, `{"Name":"Statgate-peppers","SecretString":"{\"current\":\"1\"}"}`
	})
	got, err := secret.Fetch(cfg, "Statgate-peppers")(t.Context())
	if want := `{"current":"1"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestUnreadableSecretIsNamedInTheError(t *testing.T) {
	for what, answer := range map[string]struct {
		status int
		body   string
	}{
		"denied":  {400, `{"__type":"AccessDeniedException","Message":"not allowed"}`},
		"no text": {200, `{"Name":"Statgate-peppers","SecretBinary":"AAAA"}`},
	} {
		cfg := manager(t, func(string) (int, string) { return answer.status, answer.body })
		_, err := secret.Fetch(cfg, "Statgate-peppers")(t.Context())
		if err == nil || !strings.Contains(err.Error(), "Statgate-peppers") {
			t.Errorf("%s: got %v, want an error that names the secret", what, err)
		}
	}
}
