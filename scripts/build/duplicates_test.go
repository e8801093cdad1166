package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// longestRun is the longest run of equal code lines that two places may share.
const longestRun = 12

// codeLine is a line of code with its number in the file.
type codeLine struct {
	text   string
	number int
}

// codeLines returns a Go file's lines without imports, comments, blank lines and lines that
// hold only brackets.
func codeLines(source []byte) []codeLine {
	var lines []codeLine
	inImports := false
	for n, line := range strings.Split(string(source), "\n") {
		text := strings.TrimSpace(line)
		switch {
		case text == "import (":
			inImports = true
		case inImports:
			inImports = text != ")"
		case strings.HasPrefix(text, "//"), strings.HasPrefix(text, "import "), strings.Trim(text, "(){}[],;") == "":
		default:
			lines = append(lines, codeLine{text, n + 1})
		}
	}
	return lines
}

func TestNoRunOfMoreThanTwelveLinesStandsTwice(t *testing.T) {
	t.Parallel()
	list := exec.Command("git", "ls-files", "--", "*.go", ":!*_test.go")
	list.Dir = filepath.Join("..", "..")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing the Go files: %v", err)
	}
	files := strings.Fields(string(out))
	if len(files) < 300 {
		t.Fatalf("read %d Go files, want all of the tree", len(files))
	}
	first := map[[sha256.Size]byte]string{}
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join("..", "..", file))
		if err != nil {
			t.Fatal(err)
		}
		lines := codeLines(source)
		for i := 0; i+longestRun < len(lines); i++ {
			var run bytes.Buffer
			for _, l := range lines[i : i+longestRun+1] {
				run.WriteString(l.text + "\n")
			}
			sum, here := sha256.Sum256(run.Bytes()), fmt.Sprintf("%s:%d", file, lines[i].number)
			if there := first[sum]; there != "" {
				t.Errorf("%s repeats %d lines of %s", here, longestRun+1, there)
				break
			}
			first[sum] = here
		}
	}
}
