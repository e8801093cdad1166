package gate

import (
	"context"
	"testing"
	"time"

	"statgate/shared/contract"
	"statgate/shared/table"
)

// instant is a store that answers immediately, so that only the gate's own work is
// measured.
type instant struct {
	table.Table
	item table.Item
}

func (s *instant) Write(context.Context, table.Write) (table.Item, error) { return s.item, nil }

const plenty = 1 << 40

// BenchmarkStoreAlone is the update that the gate makes, without the gate.
func BenchmarkStoreAlone(b *testing.B) {
	w := newFixture(b, embedded(b))
	c := w.key(plenty, hour)
	at := Address(c.Key)
	a := ask{version: 1, code: listMatches.Code, now: noon.Unix(), plan: windowAt(noon.Unix(), hour), hour: noon.Unix(), part: planPart, budget: "r", limit: plenty}
	write := first(a).write(at, a)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.keys.Write(ctx, write); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdmit is a call on a warm instance, the store included.
func BenchmarkAdmit(b *testing.B) {
	w := newFixture(b, embedded(b))
	benchAdmit(b, w.gate, w)
}

// BenchmarkGateAlone is a call on a warm instance, the store left out.
func BenchmarkGateAlone(b *testing.B) {
	w := newFixture(b, embedded(b))
	g := New(&instant{item: fresh("key_1", 1, noon.Unix())}, time.Now)
	benchAdmit(b, g, w)
}

func benchAdmit(b *testing.B, g *Gate, w *fixture) {
	c := w.key(plenty, hour)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Admit(ctx, c, listMatches, contract.Requests); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefuseFromMemory is a call on an instance that saw the quota used up.
func BenchmarkRefuseFromMemory(b *testing.B) {
	w := newFixture(b, embedded(b))
	c := w.key(1, hour)
	admit(w.gate, c, listMatches)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := admit(w.gate, c, listMatches); err == nil {
			b.Fatal("admitted")
		}
	}
}
