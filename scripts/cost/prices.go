package main

import (
	_ "embed" // prices.json is part of the program
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"statgate/scripts/internal/measured"
)

//go:embed prices.json
var pricesFile []byte

// price is a list price: USD dollars for Per units.
type price struct {
	USD    float64 `json:"usd"`
	Per    float64 `json:"per"`
	Unit   string  `json:"unit"`
	Free   float64 `json:"free"` // units a month that an account has for free
	Source string  `json:"source"`
}

// assumption is a figure that was not measured on AWS.
type assumption struct {
	Value float64 `json:"value"`
	Why   string  `json:"why"`
}

// prices is the contents of prices.json.
type prices struct {
	Region  string                `json:"region"`
	AsOf    string                `json:"as_of"`
	Checked bool                  `json:"checked"` // against the sources
	Prices  map[string]price      `json:"prices"`
	Assumed map[string]assumption `json:"assumed"`
}

func loadPrices() (p prices, err error) {
	if err = json.Unmarshal(pricesFile, &p); err != nil {
		err = fmt.Errorf("prices.json: %w", err)
	}
	return p, err
}

// Dollars returns the price of n units. It panics where prices.json lacks the name.
func (p prices) Dollars(name string, n float64) float64 {
	one, ok := p.Prices[name]
	if !ok {
		panic("cost: prices.json has no price " + name)
	}
	return n * one.USD / one.Per
}

// afterFree returns the price of n units a month less the account's free units.
func (p prices) afterFree(name string, n float64) float64 {
	return p.Dollars(name, max(0, n-p.Prices[name].Free))
}

// Assume returns an assumption. It panics where prices.json lacks the name.
func (p prices) Assume(name string) float64 {
	a, ok := p.Assumed[name]
	if !ok {
		panic("cost: prices.json has no assumption " + name)
	}
	return a.Value
}

// readUnits returns the units of each operation in docs/performance.md.
func readUnits(root string) (map[string]measured.Units, error) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "performance.md"))
	if err != nil {
		return nil, err
	}
	found, inSection := map[string]measured.Units{}, false
	for line := range strings.SplitSeq(string(raw), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		name := strings.TrimSpace(cells[1])
		if strings.HasPrefix(name, "**") {
			inSection = strings.HasPrefix(name, "**Units of each operation")
			continue
		}
		if u, err := measured.ParseUnits(strings.TrimSpace(cells[2])); inSection && err == nil {
			found[name] = u
		}
	}
	for _, name := range []string{authorizer, "getMatch", "getStandings", "listMatches"} {
		if _, ok := found[name]; !ok {
			return nil, fmt.Errorf("docs/performance.md has no units of %q: run make bench", name)
		}
	}
	return found, nil
}
