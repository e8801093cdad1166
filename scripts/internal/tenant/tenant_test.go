package tenant_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"statgate/scripts/internal/tenant"
	"statgate/shared/api/preset"
	"statgate/shared/platform/deployment/deploymenttest"
)

func TestDemoKeysCanBeCreatedInEveryContract(t *testing.T) {
	t.Parallel()
	for _, name := range preset.Names() {
		w := deploymenttest.New(t, name)
		org, _ := w.Org(t, tenant.Name, tenant.Plan(w.Contract), tenant.OwnerEmail)
		for key, management := range map[string]bool{tenant.AdminName: true, tenant.ClientName: false} {
			scopes := tenant.Scopes(w.Contract, management)
			spec := map[string]any{"name": key, "org": org, "scopes": scopes}
			if life := tenant.Life(w.Contract); life != nil {
				spec["expires_in"] = *life
			}
			body, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			if r := w.Call(t, w.Operator, "POST", "/keys", string(body)); r.Status != 201 {
				t.Errorf("%s: %s with %v: got %d %s", name, key, scopes, r.Status, r.Body)
			}
		}
	}
}

func TestCredentialsFileIsReplacedAtomicallyWithMode0600(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte("an older and longer text: {}"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := tenant.Credentials{Base: "http://x/v1", Org: "org_1", Operator: "o", Admin: "a", Client: "c"}
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := tenant.Read(file)
	if err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v (%v), want mode 0600", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("%d files are left (%v), want one", len(left), err)
	}
	if _, err := tenant.Read(file + ".none"); err == nil {
		t.Error("a missing file was read")
	}
}
