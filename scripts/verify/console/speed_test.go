package console

import (
	"maps"
	"os"
	"path"
	"slices"
	"testing"
)

// A phone on a slow network, as Lighthouse defines "slow 4G": 150 ms for a round trip and
// 1.6 Mbit/s, with a processor at a quarter of this machine's speed.
const (
	latencyMillis  = 150
	bytesPerSecond = 1_638_400 / 8
	slowerCPU      = 4
)

const (
	firstMillis = 1000   // until the first picture, at most
	pageBytes   = 60_000 // all that a page sends until it rests, at most
	mostShift   = 0.01   // of the layout; more is poor, as Lighthouse rates it
	phoneVisits = 3
)

// painted is what a visit measured.
type painted struct {
	FirstMillis, LargestMillis, Shift float64
	Moved                             []moved
	Transferred                       int64 // bytes
	Files                             map[string]int64
}

// moved is a shift of the layout: by how much of the window, and of which elements.
type moved struct {
	By   float64
	What []string
}

func TestPagesAreSmallAndFastOnAPhone(t *testing.T) {
	for _, name := range contracts() {
		s := deploy(t, name)
		for _, page := range pages {
			s.isFast(t, page)
		}
	}
}

// isFast visits a page without a cache, and checks its size and its layout. The median time of
// the first contentful paint depends on what else the machine does. So it is printed, and checked
// only if STATGATE_CONSOLE_TIMES is set.
func (s *site) isFast(t *testing.T, page string) {
	t.Helper()
	b, err := shared.started()
	if err != nil {
		t.Fatal(err)
	}
	visits := 1
	if shared.everything {
		visits = phoneVisits
	}
	var times []float64
	for range visits {
		var got painted
		if err := b.do(command{"op": "paint", "url": s.URL + page, "latencyMs": latencyMillis, "bytesPerSecond": bytesPerSecond, "cpu": slowerCPU}, &got); err != nil {
			t.Fatal(err)
		}
		times = append(times, got.FirstMillis)
		t.Logf("%s %s: first picture %.0f ms, largest %.0f ms, shift %.3f, %d bytes", s.name, page, got.FirstMillis, got.LargestMillis, got.Shift, got.Transferred)
		for _, file := range slices.Sorted(maps.Keys(got.Files)) {
			t.Logf("  %s: %d bytes", path.Base(file), got.Files[file])
		}
		if got.Transferred > pageBytes || got.Transferred == 0 {
			t.Errorf("%s %s: %d bytes, want at most %d", s.name, page, got.Transferred, pageBytes)
		}
		if got.Shift > mostShift {
			t.Errorf("%s %s: the layout shifts by %.3f, want at most %.2f: %v", s.name, page, got.Shift, mostShift, got.Moved)
		}
	}
	if slices.Sort(times); os.Getenv("STATGATE_CONSOLE_TIMES") != "" && times[len(times)/2] > firstMillis {
		t.Errorf("%s %s: the first picture comes after %.0f ms, want %d", s.name, page, times[len(times)/2], firstMillis)
	}
}
