package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is a row of the table. For repeated measurements, value is the median, and
// detail has the least and the greatest.
type figure struct{ name, value, detail, target string }

type section struct {
	title   string
	figures []figure
}

type report struct {
	machine  string
	load     [2]string // load average before and after
	day      time.Time
	sections []section
}

func (r report) heading() string {
	text := "Measured on " + r.day.Format(time.DateOnly) + ": " + r.machine + "."
	if r.load != [2]string{} {
		text += fmt.Sprintf(" Load average %s before and %s after.", r.load[0], r.load[1])
	}
	return text
}

var columns = figure{"figure", "value", "min – max, or detail", "target"}

// print writes the table for a terminal.
func (r report) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(f figure) { fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", f.name, f.value, f.detail, f.target) }
	fmt.Fprintf(w, "%s\n\n", r.heading())
	line(columns)
	for _, s := range r.sections {
		fmt.Fprintf(w, "%s\t\t\t\n", s.title)
		for _, f := range s.figures {
			line(f)
		}
	}
	return w.Flush()
}

// markdown returns the table for the document.
func (r report) markdown() string {
	var b strings.Builder
	line := func(f figure) { fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.name, f.value, f.detail, f.target) }
	fmt.Fprintf(&b, "%s\n\n", r.heading())
	line(columns)
	b.WriteString("|---|---|---|---|\n")
	for _, s := range r.sections {
		line(figure{name: "**" + s.title + "**"})
		for _, f := range s.figures {
			line(f)
		}
	}
	return b.String()
}

// The table is between these lines of the document. A rewrite keeps the rest.
const (
	tableBegins = "<!-- make bench: begin -->\n"
	tableEnds   = "<!-- make bench: end -->\n"
)

func (r report) rewrite(file string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--write: %w", err)
	}
	before, rest, begins := bytes.Cut(old, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("--write: %s has no lines %q and %q", file, tableBegins, tableEnds)
	}
	text := string(before) + tableBegins + r.markdown() + tableEnds + string(after)
	return os.WriteFile(file, []byte(text), 0o644)
}
