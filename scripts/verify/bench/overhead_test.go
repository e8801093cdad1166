package main

import (
	"context"
	"testing"

	"statgate/shared/api"
	"statgate/shared/table"
)

// benchmarkOwn is for profiles: what authorizer or gate do beside their store
// calls, which is where an overhead over its target comes from.
func benchmarkOwn(b *testing.B, of func(w *world, secret string, c *api.Caller) func(table.Table) func(context.Context) error) {
	e, err := memory()
	if err != nil {
		b.Fatal(err)
	}
	defer e.close()
	w, err := found(b.Context(), e, stopped())
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
	p, err := prepare(b.Context(), e.keys, of(w, secret, caller))
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
	benchmarkOwn(b, func(w *world, secret string, _ *api.Caller) func(table.Table) func(context.Context) error {
		return w.authorizing(secret)
	})
}

func BenchmarkGate(b *testing.B) {
	benchmarkOwn(b, func(w *world, _ string, c *api.Caller) func(table.Table) func(context.Context) error {
		return w.admitting(c)
	})
}
