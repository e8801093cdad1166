package webpage

import (
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var made = sync.OnceValues(Bundle)

func built(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// maxCompressedBytes is what a browser loads at most for the whole page.
const maxCompressedBytes = 60 << 10

func TestWholePageIsSmallerThanSixtyKilobytesCompressed(t *testing.T) {
	total := 0
	for name, content := range built(t) {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d compressed", name, len(content), b.Len())
		total += b.Len()
	}
	if total == 0 || total > maxCompressedBytes {
		t.Errorf("got %d bytes compressed, want at most %d", total, maxCompressedBytes)
	}
}

func TestEveryFileOfThePageHasAHashInItsNameAndThePageLoadsAllOfThem(t *testing.T) {
	files := built(t)
	page := string(files["index.html"])
	loaded := regexp.MustCompile(`(?:href|src)="console/([^"]+)"`).FindAllStringSubmatch(page, -1)
	var names []string
	for _, m := range loaded {
		names = append(names, m[1])
	}
	for name := range files {
		if name == "index.html" {
			continue
		}
		if !regexp.MustCompile(`^[a-z]+\.[0-9A-Z]{8}\.(js|css)$`).MatchString(name) {
			t.Errorf("the name %s has no hash", name)
		}
		if !slices.Contains(names, name) {
			t.Errorf("the page does not load %s", name)
		}
	}
	if len(names) != len(files)-1 {
		t.Errorf("the page loads %v, and the bundle has %v", names, slices.Sorted(maps.Keys(files)))
	}
}

func TestPageHasNoInlineScriptOrStyleNoSourceMapAndNoOtherSite(t *testing.T) {
	for name, content := range built(t) {
		text := string(content)
		if strings.Contains(text, "sourceMappingURL") {
			t.Errorf("%s has a source map", name)
		}
		if name != "index.html" {
			continue
		}
		for what, pattern := range map[string]string{
			"an inline script": `<script(?:\s[^>]*)?>\s*[^<\s]`, "a style": `<style|\sstyle=`, "a handler": `\son[a-z]+=`, "another site": `(?:href|src)="(?:https?:)?//`,
		} {
			if found := regexp.MustCompile(pattern).FindString(text); found != "" {
				t.Errorf("the page has %s: %s", what, found)
			}
		}
	}
}

func TestSameSourcesOfThePageGiveTheSameFiles(t *testing.T) {
	again, err := Bundle()
	if err != nil {
		t.Fatal(err)
	}
	if first := built(t); !maps.EqualFunc(first, again, bytes.Equal) {
		t.Errorf("got %v, then %v", slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(again)))
	}
}

func TestErrorInASourceNamesFileAndLine(t *testing.T) {
	web := t.TempDir()
	if err := os.Mkdir(filepath.Join(web, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"src/main.tsx": "export {};\nconst = 1;\n", "src/style.css": "", "index.html": "%SCRIPT% %STYLE%"} {
		if err := os.WriteFile(filepath.Join(web, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bundle(web, web); err == nil || !strings.Contains(err.Error(), "src/main.tsx:2") {
		t.Errorf("got %v, want the file and the line", err)
	}
}

func TestWritingThePageRemovesFilesOfEarlierBundles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "console")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app.OLDHASH2.js"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := slices.Sorted(maps.Keys(built(t))); !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
