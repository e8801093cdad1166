package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func sampleReport() report {
	return report{machine: "a processor, 2 cores", day: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		sections: []section{{"Gate", []figure{{"a call", "2 µs", "1 µs – 3 µs", verdict("≤ 15 %", true)}}}}}
}

func TestRewriteKeepsTheProse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := sampleReport().rewrite(file); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + tableBegins + sampleReport().markdown() + tableEnds + "after\n"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, part := range []string{"2026-03-01", "a processor, 2 cores", "| a call | 2 µs | 1 µs – 3 µs | ≤ 15 %: met |"} {
		if !strings.Contains(string(got), part) {
			t.Errorf("%q is not in the document", part)
		}
	}
}

func TestDocumentWithoutMarkersIsNotRewritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte(tableEnds+tableBegins), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sampleReport().rewrite(file); err == nil {
		t.Error("it was rewritten")
	}
}

func TestDocumentHasTheMarkersOfTheTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.Join("..", "..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(doc), tableBegins) != 1 || strings.Count(string(doc), tableEnds) != 1 {
		t.Error("docs/performance.md does not have both markers once")
	}
}

func TestQuantilesAreValuesOfTheSample(t *testing.T) {
	t.Parallel()
	var s sample
	for i := range 100 {
		s.add(float64(99 - i))
	}
	for q, want := range map[float64]float64{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := s.at(q); got != want {
			t.Errorf("the %g quantile is %g, want %g", q, got, want)
		}
	}
	if got, want := thousands(1234567), "1,234,567"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
