package dynamo_test

import (
	"fmt"
	"strings"
	"testing"

	"statgate/shared/table"
	"statgate/shared/table/dynamolocal"
	"statgate/shared/table/tabletest"
)

func TestDynamoDBPassesTheTableSuite(t *testing.T) {
	t.Parallel()
	tabletest.Run(t, func(t *testing.T) table.Table {
		return dynamolocal.Tables(t, tabletest.Schema)[tabletest.Schema.Name]
	})
}

func endpoint(t testing.TB) string { return dynamolocal.Start(t) }

func benchTable(b *testing.B) table.Table {
	b.Helper()
	tb := dynamolocal.Tables(b, tabletest.Schema)[tabletest.Schema.Name]
	for i := range 100 {
		it := table.Item{"pk": "p", "sk": fmt.Sprintf("%03d", i), "n": int64(i), "list_pk": "l", "list_sk": fmt.Sprintf("%03d", i), "x": strings.Repeat("x", 300)}
		if _, err := tb.Write(b.Context(), table.Put(it)); err != nil {
			b.Fatal(err)
		}
	}
	return tb
}

func BenchmarkWrite(b *testing.B) {
	tb := benchTable(b)
	w := table.Update(table.Key{Partition: "p", Sort: "050"}, []table.Action{table.Increment("n", 1)}, table.Ge("n", int64(0)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Write(b.Context(), w); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	tb := benchTable(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Get(b.Context(), table.Key{Partition: "p", Sort: "050"}, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery50OnIndex(b *testing.B) {
	tb := benchTable(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tb.Query(b.Context(), table.Query{Index: "list", Partition: "l", After: "020", Limit: 50}); err != nil {
			b.Fatal(err)
		}
	}
}
