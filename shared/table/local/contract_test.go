package local_test

import (
	"path/filepath"
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

func TestFilePassesTheTableSuite(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Table {
		db, err := local.Open(filepath.Join(t.TempDir(), "contract.db"), tabletest.Schema)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db.Table(tabletest.Schema.Name)
	})
}

func TestMemoryPassesTheTableSuite(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Table {
		db, err := local.OpenMemory(tabletest.Schema)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db.Table(tabletest.Schema.Name)
	})
}
