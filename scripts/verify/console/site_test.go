package console

import (
	"os"
	"path/filepath"
	"testing"

	"statgate/shared/platform/deployment/deploymenttest"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// site is a deployment of one contract as a developer runs it.
type site struct {
	*deploymenttest.Fixture
	name string
	file string // with its tables
}

// deploy starts a deployment, with the simulated league, whose tables are in a file.
func deploy(t *testing.T, contract string) *site {
	t.Helper()
	s := &site{name: contract, file: filepath.Join(t.TempDir(), "statgate.db")}
	db, err := local.Open(s.file, table.Keys, table.Stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Fixture = deploymenttest.With(t, contract, map[string]table.Table{"keys": db.Table("keys"), "stats": db.Table("stats")},
		deploymenttest.Setup{Follow: deploymenttest.Following(t, db)})
	s.Simulate(t)
	return s
}

// stored returns the bytes of the file with the deployment's tables.
func (s *site) stored(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
