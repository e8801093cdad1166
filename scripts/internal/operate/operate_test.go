package operate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"statgate/scripts/internal/operate"
	"statgate/scripts/internal/usage"
	"statgate/shared/access/peppers"
)

// vault is a fake Secrets Manager with one secret.
type vault struct {
	mu     sync.Mutex
	values map[string]string // by version
	stages map[string]string // version by label
	before func()            // called once, before a label is moved
	lost   bool              // the answer to the next move of a label is lost
}

func (v *vault) answer(target string, in struct {
	SecretString, ClientRequestToken, VersionStage, MoveToVersionId, RemoveFromVersionId string
	VersionStages                                                                        []string
}) (int, string) {
	switch target {
	case "secretsmanager.GetSecretValue":
		id := v.stages["AWSCURRENT"]
		if id == "" {
			return 400, `{"__type":"ResourceNotFoundException","message":"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"}`
		}
		return 200, fmt.Sprintf(`{"SecretString":%q,"VersionId":%q,"CreatedDate":1.7e9}`, v.values[id], id)
	case "secretsmanager.PutSecretValue":
		if slices.Contains(in.VersionStages, "AWSCURRENT") || len(in.ClientRequestToken) < 32 || len(in.ClientRequestToken) > 64 {
			return 400, `{"__type":"InvalidRequestException"}`
		}
		v.values[in.ClientRequestToken] = in.SecretString
		v.stages[in.VersionStages[0]] = in.ClientRequestToken
		return 200, fmt.Sprintf(`{"VersionId":%q}`, in.ClientRequestToken)
	case "secretsmanager.UpdateSecretVersionStage":
		if v.stages[in.VersionStage] != in.RemoveFromVersionId {
			return 400, `{"__type":"InvalidParameterException","message":"the label is attached to another version"}`
		}
		if v.stages[in.VersionStage] = in.MoveToVersionId; in.MoveToVersionId == "" {
			delete(v.stages, in.VersionStage)
		}
		return 200, `{}`
	}
	return 400, `{"__type":"UnknownOperationException"}`
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var in struct {
		SecretString, ClientRequestToken, VersionStage, MoveToVersionId, RemoveFromVersionId string
		VersionStages                                                                        []string
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	target := r.Header.Get("X-Amz-Target")
	if strings.HasSuffix(target, "UpdateSecretVersionStage") && v.before != nil {
		v.before()
		v.before = nil
	}
	status, body := v.answer(target, in)
	if v.lost && in.MoveToVersionId != "" {
		v.lost = false
		panic(http.ErrAbortHandler) // closes the connection
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func open(t *testing.T, v *vault) *operate.Secret {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return operate.NewSecret(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 2,
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")}, "Statgate-peppers")
}

func TestSecretIsReplacedOnlyIfItIsUnchangedSinceItWasRead(t *testing.T) {
	t.Parallel()
	v := &vault{values: map[string]string{"v1": "one"}, stages: map[string]string{"AWSCURRENT": "v1"}}
	s := open(t, v)
	raw, changed, err := s.Read(t.Context())
	if err != nil || string(raw) != "one" || changed.Unix() != 1.7e9 {
		t.Fatalf("got %q of %v, %v", raw, changed, err)
	}
	if err := s.Replace(t.Context(), []byte("other"), []byte("two")); !errors.Is(err, peppers.ErrChanged) {
		t.Errorf("from another text: got %v, want %v", err, peppers.ErrChanged)
	}
	if err := s.Replace(t.Context(), raw, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if raw, _, err = s.Read(t.Context()); err != nil || string(raw) != "two" || len(v.stages) != 1 {
		t.Errorf("got %q (%v) and labels %v, want two under one label", raw, err, v.stages)
	}
	v.before = func() { v.values["v9"] = "theirs"; v.stages["AWSCURRENT"] = "v9" }
	err = s.Replace(t.Context(), raw, []byte("mine"))
	if !errors.Is(err, peppers.ErrChanged) || strings.Contains(err.Error(), "mine") {
		t.Errorf("after a concurrent change: got %v, want %v", err, peppers.ErrChanged)
	}
	if raw, _, err = s.Read(t.Context()); err != nil || string(raw) != "theirs" || len(v.stages) != 1 {
		t.Errorf("got %q (%v) and labels %v, want theirs under one label", raw, err, v.stages)
	}
}

// The SDK repeats a call whose answer is lost. The repeated move finds the label moved.
func TestSecretIsReplacedIfTheAnswerToTheMoveIsLost(t *testing.T) {
	t.Parallel()
	v := &vault{values: map[string]string{"v1": "one"}, stages: map[string]string{"AWSCURRENT": "v1"}, lost: true}
	s := open(t, v)
	if err := s.Replace(t.Context(), []byte("one"), []byte("two")); err != nil {
		t.Errorf("got %v, want the value that is stored", err)
	}
	if raw, _, err := s.Read(t.Context()); err != nil || string(raw) != "two" || len(v.stages) != 1 || v.lost {
		t.Errorf("got %q (%v) and labels %v, want two under one label", raw, err, v.stages)
	}
}

func TestSecretWithoutAValueGetsOne(t *testing.T) {
	t.Parallel()
	v := &vault{values: map[string]string{}, stages: map[string]string{}}
	s := open(t, v)
	if raw, _, err := s.Read(t.Context()); raw != nil || err != nil {
		t.Fatalf("got %q, %v, want nothing", raw, err)
	}
	if err := s.Replace(t.Context(), nil, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if raw, _, err := s.Read(t.Context()); err != nil || string(raw) != "one" {
		t.Errorf("got %q, %v, want one", raw, err)
	}
}

func TestOptionsMustNameExactlyOneDeployment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target                 operate.Target
		peppers, tables, whole bool // whether each check accepts it
	}{
		{operate.Target{}, false, false, false},
		{operate.Target{Stack: "s"}, true, true, true},
		{operate.Target{Data: "d"}, true, true, true},
		{operate.Target{Secret: "s"}, true, false, false},
		{operate.Target{Secret: "s", DynamoDB: "aws"}, true, true, true},
		{operate.Target{Peppers: "f", DynamoDB: "aws"}, true, true, true},
		{operate.Target{Peppers: "f", Secret: "s", DynamoDB: "aws"}, false, true, false},
		{operate.Target{DynamoDB: "aws"}, false, true, false},
		{operate.Target{Stack: "s", Data: "d"}, false, false, false},
		{operate.Target{Stack: "s", DynamoDB: "aws"}, false, false, false},
		{operate.Target{Stack: "s", Secret: "s"}, false, true, false},
		{operate.Target{Data: "d", Peppers: "f"}, false, true, false},
	} {
		for _, check := range []struct {
			name string
			err  error
			want bool
		}{
			{"CheckPeppers", c.target.CheckPeppers(), c.peppers},
			{"CheckTables", c.target.CheckTables(), c.tables},
			{"CheckWhole", c.target.CheckWhole(), c.whole},
		} {
			if (check.err == nil) != check.want || check.err != nil && !usage.Is(check.err) {
				t.Errorf("%s of %+v: got %v, want accepted %v or a usage error", check.name, c.target, check.err, check.want)
			}
		}
	}
}

func TestMissingTablesAndDirectoryAreMadeOnlyByCreate(t *testing.T) {
	t.Parallel()
	target := operate.Target{Data: filepath.Join(t.TempDir(), "new")}
	if _, _, err := target.Keys(t.Context()); err == nil {
		t.Error("a data directory that does not exist was opened")
	}
	if err := target.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, done, err := target.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done()
}
