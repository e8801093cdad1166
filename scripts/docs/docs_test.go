package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"statgate/shared/api"
	"statgate/shared/api/preset"
)

func TestGeneratedPagesAreCurrent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "docs")
	for _, page := range pages {
		want, err := page.text(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, page.name))
		if err != nil {
			t.Fatalf("%v: run make docs", err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is stale: run make docs", page.name)
		}
	}
}

func TestErrorsPageListsEveryConditionOfEveryPreset(t *testing.T) {
	t.Parallel()
	page, err := errorsPage()
	if err != nil {
		t.Fatal(err)
	}
	for _, condition := range api.Conditions {
		if got, want := bytes.Count(page, []byte("\n| `"+condition+"` |")), len(preset.Names()); got != want {
			t.Errorf("%s is listed %d times, want once for each of %d presets", condition, got, want)
		}
	}
}

func TestDocsAreNotWrittenOutsideARepository(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run(dir); err == nil {
		t.Error("run in a directory without go.mod succeeded, want an error")
	}
	if _, err := os.Stat(filepath.Join(dir, "docs")); err == nil {
		t.Error("run created docs/ in a directory without go.mod")
	}
}
