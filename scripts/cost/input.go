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

func (u units) plus(v units) units { return units{u.write + v.write, u.read + v.read} }

// String writes units as [parseUnits] reads them.
func (u units) String() string {
	switch {
	case u.read == 0:
		return fmt.Sprintf("%g W", u.write)
	case u.write == 0:
		return fmt.Sprintf("%g R", u.read)
	}
	return fmt.Sprintf("%g W + %g R", u.write, u.read)
}

// MarshalText is for JSON.
func (u units) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is for JSON.
func (u *units) UnmarshalText(text []byte) error {
	read, ok := parseUnits(string(text))
	if *u = read; !ok {
		return fmt.Errorf("%q are no units such as 1 W + 7.5 R", text)
	}
	return nil
}

// tested is what tests measure, as measured.json has it.
type tested struct {
	Import   imported `json:"import"`
	Webhooks told     `json:"webhooks"`
}

// imported is what the writes of an import consume.
type imported struct {
	Matches int     `json:"matches"`
	Write   float64 `json:"write_units"`
}

// told is what webhooks take that are told of an import.
type told struct {
	Listed     units               `json:"listed"`     // the list of webhooks, while it is short
	Deliveries map[string]delivery `json:"deliveries"` // by type of event, of its longest
	// Reported are the matches that are news and have a report.
	Reported reported `json:"reported"`
}

// delivery is what one takes.
type delivery struct {
	Bytes    int   `json:"bytes"` // that are sent
	Placed   units `json:"placed"`
	Begun    units `json:"begun"`
	Finished units `json:"finished"`
	GivenUp  units `json:"given_up"` // in all, where every attempt fails
}

// reported counts matches with what is told of them.
type reported struct {
	Matches int            `json:"matches"`
	Changes int            `json:"changes"` // of the table
	Events  map[string]int `json:"events"`  // by type
}

func load() (b book, t tested, err error) {
	if err = json.Unmarshal(pricesFile, &b); err != nil {
		return b, t, fmt.Errorf("prices.json: %w", err)
	}
	if err = json.Unmarshal(measuredFile, &t); err != nil {
		return b, t, fmt.Errorf("measured.json: %w", err)
	}
	return b, t, nil
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
