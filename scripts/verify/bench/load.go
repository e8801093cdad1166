package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
)

// clients is the number of connections that send requests, each with its own key.
const clients = 16

// load measures the local server's handler under load. The clients run in this process
// and use some of its processor time.
func load(ctx context.Context, s sizes) ([]figure, error) {
	return eachEngine(embeddedEngines, func(on opener) ([]figure, error) { return loadOn(ctx, on, s) })
}

func loadOn(ctx context.Context, on opener, s sizes) ([]figure, error) {
	e, err := on.open()
	if err != nil {
		return nil, err
	}
	defer e.close()
	w, err := newFixture(ctx, e, time.Now)
	if err != nil {
		return nil, err
	}
	if _, err := importer.Put(ctx, e.stats, time.Now, importer.Simulated(simulation.New(1, time.Now()))); err != nil {
		return nil, err
	}
	secrets := make([]string, clients)
	for i := range secrets {
		if secrets[i], err = w.key(ctx, readScopes...); err != nil {
			return nil, err
		}
	}
	list, err := w.must(ctx, secrets[0], http.MethodGet, "/v1/football/matches?limit=1", "")
	if err != nil {
		return nil, err
	}
	root, stop, err := listen(w.Gateway)
	if err != nil {
		return nil, err
	}
	defer stop()
	var all []figure
	for _, target := range []struct{ name, path string }{
		{"one match", "/v1/football/matches/" + list.field("data", "0", "id")},
		{"50 matches", "/v1/football/matches?limit=50"},
	} {
		took, elapsed, err := drive(ctx, root+target.path, secrets, s.load)
		if err != nil {
			return nil, err
		}
		all = append(all, figure{
			name:   fmt.Sprintf("%s, %s, %d clients", target.name, on.name, clients),
			value:  thousands(float64(len(took))/elapsed.Seconds()) + " requests/s",
			detail: fmt.Sprintf("p50 %s, p99 %s", duration(took.at(0.50)), duration(took.at(0.99))),
		})
	}
	return all, nil
}

// listen serves a handler on a free port of 127.0.0.1.
func listen(h http.Handler) (root string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) //nolint:errcheck // ends with Close
	return "http://" + l.Addr().String(), func() { server.Close() }, nil
}

// drive makes every client send requests, one after the other, for a duration. It
// returns the time of each request in nanoseconds. Each client's first request is not
// measured; it makes the gateway cache the client's policy.
func drive(ctx context.Context, url string, secrets []string, while time.Duration) (sample, time.Duration, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: len(secrets), MaxConnsPerHost: len(secrets)}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for _, secret := range secrets {
		if err := get(ctx, client, url, secret); err != nil {
			return nil, 0, err
		}
	}
	took, errs := make([]sample, len(secrets)), make([]error, len(secrets))
	start := time.Now()
	var all sync.WaitGroup
	for i, secret := range secrets {
		all.Go(func() {
			for errs[i] == nil && time.Since(start) < while {
				began := time.Now()
				errs[i] = get(ctx, client, url, secret)
				took[i].add(float64(time.Since(began)))
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	var every sample
	for _, t := range took {
		every = append(every, t...)
	}
	return every, elapsed, errors.Join(errs...)
}

func get(ctx context.Context, client *http.Client, url, secret string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s %s", url, answer.Status, body)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
