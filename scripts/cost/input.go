package main

import (
	_ "embed" // prices and what was measured are part of the program
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

//go:embed prices.json
var pricesFile []byte

//go:embed measured.json
var measuredFile []byte

// price is a list price: so many dollars for so many units.
type price struct {
	USD    float64 `json:"usd"`
	Per    float64 `json:"per"`
	Unit   string  `json:"unit"`
	Free   float64 `json:"free"` // units a month that an account has for nothing
	Source string  `json:"source"`
}

// assumption is a figure that was not measured on AWS.
type assumption struct {
	Value float64 `json:"value"`
	Why   string  `json:"why"`
}

// book is all prices and assumptions.
type book struct {
	Region  string                `json:"region"`
	AsOf    string                `json:"as_of"`
	Checked bool                  `json:"checked"`
	Prices  map[string]price      `json:"prices"`
	Assumed map[string]assumption `json:"assumed"`
}

// dollars is what n units of something cost. A name that is not in the book is a
// mistake in this program.
func (b book) dollars(name string, n float64) float64 {
	p, ok := b.Prices[name]
	if !ok {
		panic("cost: no price " + name)
	}
	return n * p.USD / p.Per
}

// above is dollars, the account's free units taken off.
func (b book) above(name string, n float64) float64 {
	return b.dollars(name, max(0, n-b.Prices[name].Free))
}

func (b book) assume(name string) float64 {
	a, ok := b.Assumed[name]
	if !ok {
		panic("cost: no assumption " + name)
	}
	return a.Value
}

// units are what an operation consumes of DynamoDB.
type units struct{ write, read float64 }

// imported is what the writes of an import consume.
type imported struct {
	Matches int     `json:"matches"`
	Write   float64 `json:"write_units"`
}

func load() (b book, i imported, err error) {
	if err = json.Unmarshal(pricesFile, &b); err != nil {
		return b, i, fmt.Errorf("prices.json: %w", err)
	}
	if err = json.Unmarshal(measuredFile, &i); err != nil {
		return b, i, fmt.Errorf("measured.json: %w", err)
	}
	return b, i, nil
}

// amount is a part of a figure like "1 W + 7.5 R".
var amount = regexp.MustCompile(`^([0-9.]+) ([WR])$`)

func parseUnits(text string) (units, bool) {
	var u units
	for part := range strings.SplitSeq(text, " + ") {
		m := amount.FindStringSubmatch(part)
		if m == nil {
			return u, false
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return u, false
		}
		if m[2] == "W" {
			u.write += n
		} else {
			u.read += n
		}
	}
	return u, true
}

// measured reads the units of each operation from docs/performance.md.
func measured(root string) (map[string]units, error) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "performance.md"))
	if err != nil {
		return nil, err
	}
	found, section := map[string]units{}, false
	for line := range strings.SplitSeq(string(raw), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		name := strings.TrimSpace(cells[1])
		if strings.HasPrefix(name, "**") {
			section = strings.HasPrefix(name, "**Units of each operation")
			continue
		}
		if u, ok := parseUnits(strings.TrimSpace(cells[2])); section && ok {
			found[name] = u
		}
	}
	return found, nil
}
