package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// sentence is one sentence of a page.
type sentence struct {
	id   string // line.sentence
	line int
	text string
}

// sentences splits a page into sentences. A line ends a sentence, and so does a full stop
// followed by a space and a capital letter or quotation mark. Parts without a letter are left
// out.
func sentences(text string) []sentence {
	var found []sentence
	for i, line := range strings.Split(text, "\n") {
		for k, one := range split(strings.TrimSpace(line)) {
			if strings.ContainsFunc(one, unicode.IsLetter) {
				found = append(found, sentence{fmt.Sprintf("%d.%d", i+1, k+1), i + 1, one})
			}
		}
	}
	return found
}

func split(line string) []string {
	var parts []string
	from := 0
	runes := []rune(line)
	for i := 0; i+2 < len(runes); i++ {
		next := runes[i+2]
		if runes[i] == '.' && runes[i+1] == ' ' && (unicode.IsUpper(next) || next == '"' || next == '“') {
			parts = append(parts, string(runes[from:i+1]))
			from = i + 2
		}
	}
	return append(parts, string(runes[from:]))
}

// pagesDir returns the directory of the products' pages, a sibling of the real data.
func pagesDir(t *testing.T) string {
	data := os.Getenv("STATGATE_DATA")
	if data == "" {
		data = "../../../../../shared/data"
	}
	dir := filepath.Join(filepath.Dir(data), "seeds")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NOT RUN: the products' pages are missing: %s (set STATGATE_DATA to the directory beside them)", dir)
	}
	return dir
}

func TestSentencesOfThePagesHaveCases(t *testing.T) {
	t.Parallel()
	dir := pagesDir(t)
	for name, p := range pages {
		raw, err := os.ReadFile(filepath.Join(dir, p.file))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != p.sha256 {
			t.Errorf("%s: the page changed since the cases were written: check their line numbers", name)
		}
		proven := map[string][]string{}
		for _, c := range p.cases {
			for _, id := range c.Sentences {
				proven[id] = append(proven[id], c.ID)
			}
		}
		for _, s := range sentences(string(raw)) {
			switch by := proven[s.id]; {
			case by != nil:
				t.Logf("%s %s proven by %s: %s", name, s.id, strings.Join(by, ", "), s.text)
			case slices.ContainsFunc(p.exemptions, func(a exemption) bool { return a.covers(s.line, s.id) }):
				t.Logf("%s %s is exempt: %s", name, s.id, s.text)
			default:
				t.Errorf("%s %s has no case: %s", name, s.id, s.text)
			}
			delete(proven, s.id)
		}
		for id, by := range proven {
			t.Errorf("%s: %s prove sentence %s, which is not on the page", name, strings.Join(by, ", "), id)
		}
	}
}

func TestFactsAreComplete(t *testing.T) {
	t.Parallel()
	for name, p := range pages {
		seen := map[string]bool{}
		for _, c := range p.cases {
			switch {
			case c.ID == "" || seen[c.ID] || strings.ContainsAny(c.ID, " \n"):
				t.Errorf("%s: case %q has a missing, duplicate or invalid id", name, c.ID)
			case c.Fact == "" || c.Answer == "" || c.Prove == nil || strings.HasSuffix(c.Fact, "."):
				t.Errorf("%s: case %s is incomplete", name, c.ID)
			case c.Source != fromPage && c.Source != fromDocs && c.Source != ourDecision:
				t.Errorf("%s: case %s has source %q", name, c.ID, c.Source)
			case (c.Source == fromPage) != (len(c.Sentences) > 0):
				t.Errorf("%s: case %s must name sentences of the page exactly if its source is the page", name, c.ID)
			}
			seen[c.ID] = true
		}
		for _, a := range p.exemptions {
			if a.at == "" || a.why == "" {
				t.Errorf("%s: the exemption %+v is incomplete", name, a)
			}
		}
	}
}
