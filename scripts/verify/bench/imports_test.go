package main

import (
	"testing"
	"time"

	"statgate/shared/sources/importer"
)

// BenchmarkImport is for profiles of the importer and its store.
func BenchmarkImport(b *testing.B) {
	const n = 60_000
	seasons := generate(n)
	for b.Loop() {
		e, err := memory()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := importer.Put(b.Context(), e.stats, time.Now, seasons); err != nil {
			b.Fatal(err)
		}
		e.close()
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "matches/s")
}
