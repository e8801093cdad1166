package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"statgate/shared/sources/importer"
)

// pageKinds use a different index each. Every one has a full page of 50 matches and a
// next page, also in the smaller table.
var pageKinds = []struct{ name, query string }{
	{"all matches", "limit=50"},
	{"all matches, newest first", "limit=50&order=desc"},
	{"one status", "limit=50&status=finished"},
	{"a league", "limit=50&league=made.0"},
	{"a season", "limit=50&league=made.0&season=1970-71"},
	{"31 days", "limit=50&from=1970-10-01&to=1970-10-31"},
}

// maxTimeRatio is the ratio up to which two times count as the same. Each item of a
// page is looked up in a tree. With two hundred times as many items, the tree is one or
// two levels deeper and no longer fits the processor's cache.
const maxTimeRatio = 1.25

// pages measures the same pages of a small and of a large table through the gateway:
// times on the embedded engine, units on DynamoDB Local.
func pages(ctx context.Context, s sizes) ([]figure, error) {
	times, err := pageTimes(ctx, s)
	if err != nil {
		return nil, err
	}
	spent, err := pageUnits(ctx, s)
	if err != nil {
		return nil, err
	}
	return append(times, spent...), nil
}

// pageFixture is a fixture with generated matches and a client's secret.
type pageFixture struct {
	*fixture
	secret string
}

func newPageFixture(ctx context.Context, e *engine, n int) (*pageFixture, error) {
	w, err := newFixture(ctx, e, stoppedClock())
	if err != nil {
		return nil, err
	}
	start := time.Now()
	report, err := importer.Put(ctx, e.stats, w.clock, generate(n))
	if err != nil {
		return nil, err
	}
	if report.Matches.New != n {
		return nil, fmt.Errorf("%d of %d generated matches are new: %v", report.Matches.New, n, report.Problems)
	}
	fmt.Fprintf(os.Stderr, "(%s matches stored in %.0f s) ", thousands(float64(n)), time.Since(start).Seconds())
	secret, err := w.key(ctx, readScopes...)
	return &pageFixture{w, secret}, err
}

func (l *pageFixture) page(ctx context.Context, query string) (answer, error) {
	return l.must(ctx, l.secret, http.MethodGet, "/v1/football/matches?"+query, "")
}

// newPageFixtures fills a small and a large table on engines of one kind.
func newPageFixtures(ctx context.Context, open func() (*engine, error), small, large int) (both [2]*pageFixture, stop func(), err error) {
	var opened []*engine
	stop = func() {
		for _, e := range opened {
			e.close()
		}
	}
	for i, n := range [2]int{small, large} {
		e, err := open()
		if err != nil {
			stop()
			return both, nil, err
		}
		opened = append(opened, e)
		if both[i], err = newPageFixture(ctx, e, n); err != nil {
			stop()
			return both, nil, err
		}
	}
	return both, stop, nil
}

func pageTimes(ctx context.Context, s sizes) ([]figure, error) {
	both, end, err := newPageFixtures(ctx, memory, s.small, s.large)
	if err != nil {
		return nil, err
	}
	defer end()
	var all []figure
	for _, kind := range pageKinds {
		var took [2]sample
		for range s.pages {
			for i, l := range both {
				start := time.Now()
				if _, err := l.page(ctx, kind.query); err != nil {
					return nil, err
				}
				took[i].add(float64(time.Since(start)))
			}
		}
		ratio := took[1].median() / took[0].median()
		all = append(all, figure{
			name:   kind.name + ", memory",
			value:  duration(took[0].median()) + " and " + duration(took[1].median()),
			detail: fmt.Sprintf("at %s and %s matches; ratio %.2f; p90 %s and %s", thousands(float64(s.small)), thousands(float64(s.large)), ratio, duration(took[0].at(0.9)), duration(took[1].at(0.9))),
			target: verdict(fmt.Sprintf("the same, ≤ × %.2f", maxTimeRatio), ratio <= maxTimeRatio),
		})
	}
	return all, nil
}

func pageUnits(ctx context.Context, s sizes) ([]figure, error) {
	endpoint, stop, err := dynamoDBLocal(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	both, end, err := newPageFixtures(ctx, func() (*engine, error) { return onDynamo(ctx, endpoint, &tape{}) }, s.small, s.largeDynamo)
	if err != nil {
		return nil, err
	}
	defer end()
	var all []figure
	for _, kind := range pageKinds {
		var spent [2]string
		for i, l := range both {
			if spent[i], err = l.unitsOf(ctx, kind.query); err != nil {
				return nil, err
			}
		}
		all = append(all, figure{
			name:   kind.name + ", DynamoDB Local",
			value:  spent[0] + " and " + spent[1],
			detail: fmt.Sprintf("at %s and %s matches", thousands(float64(s.small)), thousands(float64(s.largeDynamo))) + sizeNote(s),
			target: verdict("the same", spent[0] == spent[1]),
		})
	}
	return all, nil
}

// sizeNote explains why the larger table on DynamoDB Local has fewer matches than the
// one on the embedded engine.
func sizeNote(s sizes) string {
	if s.largeDynamo >= s.large {
		return ""
	}
	return fmt.Sprintf(", not %s: it stores a few hundred a second", thousands(float64(s.large)))
}

// unitsOf returns the units of a page on a warm instance with the client's policy cached.
func (l *pageFixture) unitsOf(ctx context.Context, query string) (string, error) {
	if _, err := l.page(ctx, query); err != nil { // caches the policy and the cursors' key
		return "", err
	}
	l.tape.rewind()
	_, err := l.page(ctx, query)
	_, by := l.tape.recorded()
	return sum(by), err
}
