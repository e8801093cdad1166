package tabletest_test

import (
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/local"
	"statgate/shared/table/tabletest"
)

func memory(t *testing.T) table.Table {
	t.Helper()
	db, err := local.OpenMemory(tabletest.Schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db.Table(tabletest.Schema.Name)
}

func TestLocalGivesTheSameAnswersAsDynamoDB(t *testing.T) {
	t.Parallel()
	dynamo := dynamolocal.Tables(t, tabletest.Schema)[tabletest.Schema.Name]
	tabletest.Same(t, dynamo, memory(t))
}
