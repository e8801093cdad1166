package main

import (
	"fmt"
	"slices"
	"time"
)

// sample is the results of repeated measurements of one quantity.
type sample []float64

func (s *sample) add(x float64) { *s = append(*s, x) }

// at returns the q-quantile.
func (s sample) at(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (s sample) median() float64 { return s.at(0.5) }

func (s sample) spread(show func(float64) string) string {
	if len(s) == 0 {
		return ""
	}
	return show(slices.Min(s)) + " – " + show(slices.Max(s))
}

// duration formats nanoseconds with three digits.
func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%.0f ns", ns)
	case d < time.Millisecond:
		return digits(ns/1e3) + " µs"
	case d < time.Second:
		return digits(ns/1e6) + " ms"
	}
	return digits(ns/1e9) + " s"
}

// digits formats a number with three digits.
func digits(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func thousands(x float64) string {
	n := int64(x + 0.5)
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(float64(n/1000)) + fmt.Sprintf(",%03d", n%1000)
}

// verdict returns a target's text and whether it was met.
func verdict(target string, ok bool) string {
	if ok {
		return target + ": met"
	}
	return target + ": **missed**"
}
