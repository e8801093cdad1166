package dynamo_test

import (
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/tabletest"
)

func TestDynamoDBKeepsTheContractOfTables(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Table {
		return dynamolocal.Tables(t, tabletest.Schema)[tabletest.Schema.Name]
	})
}
