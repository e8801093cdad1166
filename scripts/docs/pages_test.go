package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// written lists the hand-written pages whose links and paths must exist.
var written = []string{"README.md", "docs/architecture.md", "docs/CONTRIBUTING.md", "docs/SECURITY.md", "docs/contracts.md", "docs/operations.md", "docs/runbook.md"}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inTree  = regexp.MustCompile("`((?:shared|functions|authorizer|infra|scripts|events|docs)/[A-Za-z0-9_./-]+)`")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors returns the anchors of a page's headings, as GitHub forms them.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		text := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		found[text] = true
	}
	return found
}

func TestLinksAndPathsOfThePagesExist(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, page := range written {
		raw, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTree.FindAllStringSubmatch(string(raw), -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
		for _, m := range link.FindAllStringSubmatch(string(raw), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(root, page)
			if path != "" {
				target = filepath.Join(root, filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			linked, err := os.ReadFile(target)
			if err != nil || !anchors(string(linked))[anchor] {
				t.Errorf("%s links to %s, which has no such heading (%v)", page, m[1], err)
			}
		}
	}
}

// symbolRow matches a row of the table of behaviours: the file to open, and what to look for.
var symbolRow = regexp.MustCompile("(?m)^\\| [^|]+ \\| \\[([^\\]]+\\.go)\\]\\([^)]+\\) \\| `(?:[A-Za-z]+\\.)?([A-Za-z]+)`")

func TestTheFilesOfBehavioursContainWhatThePageNames(t *testing.T) {
	root := filepath.Join("..", "..")
	raw, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := symbolRow.FindAllStringSubmatch(string(raw), -1)
	if len(rows) < 6 {
		t.Fatalf("found %d behaviours with a file and a symbol, want at least 6", len(rows))
	}
	for _, row := range rows {
		source, err := os.ReadFile(filepath.Join(root, row[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if !regexp.MustCompile(`\b(func|type)\b[^\n]*\b` + row[2] + `\b`).Match(source) {
			t.Errorf("%s declares no %s", row[1], row[2])
		}
	}
}
