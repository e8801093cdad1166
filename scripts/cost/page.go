package main

import (
	"bytes"
	_ "embed" // the template is part of the program
	"fmt"
	"text/template"

	"statgate/scripts/internal/measured"
)

//go:embed cost.md.tmpl
var pageTemplate string

var formats = template.FuncMap{
	"million": func() float64 { return million },
	"cents":   func(dollars float64) string { return fmt.Sprintf("%.2f", dollars) },
	"mills":   func(dollars float64) string { return fmt.Sprintf("%.3f", dollars) },
	"whole":   func(n float64) string { return fmt.Sprintf("%.0f", n) },
	"price":   formatPrice,
	"perDay":  func(requestsPerSecond, dollars float64) float64 { return dollars / million * 86400 * requestsPerSecond },
	"counts":  func() []float64 { return []float64{1000, 100_000, million} },
}

// page returns the contents of docs/cost.md.
func page(root string) ([]byte, error) {
	c, err := load(root)
	if err != nil {
		return nil, err
	}
	t, err := template.New("cost.md").Funcs(formats).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parsing the page's template: %w", err)
	}
	var w bytes.Buffer
	if err := t.Execute(&w, c); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return w.Bytes(), nil
}

// Reads returns the kinds of reads on the page.
func (c costs) Reads() []read { return reads }

// MatchesGB returns the size of a million matches, indexes aside.
func (c costs) MatchesGB() float64 { return million * c.Assume("match_bytes") / 1e9 }

// MatchesMonth returns the price of storing a million matches for a month.
func (c costs) MatchesMonth() float64 {
	return c.Dollars("table_gb_month", c.TimesCopies(c.MatchesGB())) + c.Dollars("recovery_gb_month", c.MatchesGB())
}

// WritePerMatch returns the write units of an imported match.
func (c costs) WritePerMatch() float64 { return c.Import.Write / float64(c.Import.Matches) }

// UnitDollars returns the price of a million times the units.
func (c costs) UnitDollars(u measured.Units) float64 { return c.units(u) }

// TenMilliseconds returns the price of ten milliseconds of a function, a million times.
func (c costs) TenMilliseconds() float64 { return c.compute(10) }

// DeliverDay returns the price of a day in which deliver runs without a pause.
func (c costs) DeliverDay() float64 {
	return c.Dollars("lambda_gb_second", 86400*c.Assume("memory_gb")*c.Assume("webhook_concurrency"))
}

// formatPrice formats a price with as many digits as it has, at least two.
func formatPrice(usd float64) string {
	if usd < 0.001 {
		return fmt.Sprintf("%.10f", usd)
	}
	if text := fmt.Sprintf("%.3f", usd); text[len(text)-1] != '0' {
		return text
	}
	return fmt.Sprintf("%.2f", usd)
}

// TimesCopies returns a size with the copies in the indexes.
func (c costs) TimesCopies(gigabytes float64) float64 {
	return gigabytes * c.Assume("table_copies")
}

// UnitsOf returns the units of an operation.
func (c costs) UnitsOf(operation string) measured.Units { return c.operations[operation] }
