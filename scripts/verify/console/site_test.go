package console

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"statgate/scripts/internal/webpage"
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

// bundled is the console's page, which is built once for all tests.
var bundled = sync.OnceValues(func() (fs.FS, error) {
	files, err := webpage.Bundle()
	if err != nil {
		return nil, err
	}
	all := fstest.MapFS{}
	for name, content := range files {
		all[name] = &fstest.MapFile{Data: content}
	}
	return all, nil
})

// deploy starts a deployment, with the console and the simulated league, whose tables are in a
// file.
func deploy(t *testing.T, contract string) *site {
	t.Helper()
	page, err := bundled()
	if err != nil {
		t.Fatal(err)
	}
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
		deploymenttest.Setup{Follow: deploymenttest.Following(t, db), Console: page})
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
