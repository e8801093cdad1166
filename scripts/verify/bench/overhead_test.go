package main

import (
	"context"
	"testing"

	"statgate/shared/api"
	"statgate/shared/table"
)

// benchmarkOwn is for profiles of the time that the authorizer or the gate adds to its
// store calls.
func benchmarkOwn(b *testing.B, of func(w *fixture, secret string, c *api.Caller) func(table.Table) func(context.Context) error) {
	e, err := memory()
	if err != nil {
		b.Fatal(err)
	}
	defer e.close()
	w, err := newFixture(b.Context(), e, stoppedClock())
	if err != nil {
		b.Fatal(err)
	}
	secret, err := w.key(b.Context(), readScopes...)
	if err != nil {
		b.Fatal(err)
	}
	caller, err := w.Keys.Authenticate(b.Context(), secret)
	if err != nil {
		b.Fatal(err)
	}
	p, err := newWorkload(b.Context(), e.keys, of(w, secret, caller))
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func(context.Context) error{"store": p.store, "whole": p.whole, "own": p.own} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAuthorizer(b *testing.B) {
	benchmarkOwn(b, func(w *fixture, secret string, _ *api.Caller) func(table.Table) func(context.Context) error {
		return w.authorizing(secret)
	})
}

func BenchmarkGate(b *testing.B) {
	benchmarkOwn(b, func(w *fixture, _ string, c *api.Caller) func(table.Table) func(context.Context) error {
		return w.admitting(c)
	})
}
