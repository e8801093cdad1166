package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"statgate/shared/sources/importer"
)

// importSize is the number of matches in a few seasons of every generated league.
const importSize = 20_000

// imports measures the matches a second of an import: of generated matches, and of the
// real files where they exist.
func imports(ctx context.Context, s sizes) ([]figure, error) {
	return eachEngine(embeddedEngines, func(on opener) ([]figure, error) {
		generated, err := importGenerated(ctx, on, min(importSize, s.large))
		if err != nil {
			return nil, err
		}
		actual, err := importReal(ctx, on)
		return []figure{generated, actual}, err
	})
}

func importGenerated(ctx context.Context, on opener, n int) (figure, error) {
	e, err := on.open()
	if err != nil {
		return figure{}, err
	}
	defer e.close()
	start := time.Now()
	report, err := importer.Put(ctx, e.stats, time.Now, generate(n))
	if err != nil {
		return figure{}, err
	}
	took := time.Since(start)
	if report.Matches.New != n {
		return figure{}, fmt.Errorf("%d of %d generated matches are new: %v", report.Matches.New, n, report.Problems)
	}
	return rate("generated, "+on.name, n, took), nil
}

func rate(name string, n int, took time.Duration) figure {
	return figure{name: name, value: thousands(float64(n)/took.Seconds()) + " matches/s",
		detail: fmt.Sprintf("%s in %s", thousands(float64(n)), duration(float64(took)))}
}

// importReal imports openfootball's files from STATGATE_DATA, including the clubs.
func importReal(ctx context.Context, on opener) (figure, error) {
	name := "openfootball's files, " + on.name
	dir := os.Getenv("STATGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	o := importer.Options{Clubs: []string{filepath.Join(dir, "openfootball-clubs")},
		Openfootball: []string{filepath.Join(dir, "openfootball-football.json")}}
	if importer.Check(o) != nil {
		return figure{name: name, value: "NOT RUN", detail: "no real data: set STATGATE_DATA"}, nil
	}
	e, err := on.open()
	if err != nil {
		return figure{}, err
	}
	defer e.close()
	start := time.Now()
	report, err := importer.Run(ctx, e.stats, time.Now, o)
	if err != nil {
		return figure{}, err
	}
	f := rate(name, report.Matches.New, time.Since(start))
	f.detail += fmt.Sprintf(", %d files and %d clubs read", report.Files, report.Clubs)
	return f, nil
}
