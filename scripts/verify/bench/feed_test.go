package main

import (
	"strings"
	"testing"
	"time"

	"statgate/scripts/internal/measured"
	"statgate/shared/feed/changes"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
)

func TestMeasuredAppendersAppendEachChangeOnce(t *testing.T) {
	t.Parallel()
	f, err := appendsOn(t.Context(), opener{"memory", memory}, maxAppenders, sizes{rounds: 2})
	if err != nil || !strings.HasSuffix(f.value, " a change") {
		t.Errorf("got %+v, %v", f, err)
	}
}

// TestAWarmAppenderConsumesOneWriteUnitAChange also compares the read at the first change with
// what the page about costs says.
func TestAWarmAppenderConsumesOneWriteUnitAChange(t *testing.T) {
	t.Parallel()
	e := meteredEngine(t)
	a := changes.NewAppender(e.stats, func() time.Time { return fixedNow })
	consumed := func(n int, mark string) measured.Units {
		e.tape.rewind()
		if err := a.Append(t.Context(), simulatedChanges(simulation.New(1, fixedNow), fixedNow, n, mark)...); err != nil {
			t.Fatal(err)
		}
		_, by := e.tape.recorded()
		return by[table.Stats.Name]
	}
	consumed(1, "first")
	got := measured.Feed{Appended: consumed(1, "second")}
	if hundred := consumed(100, "more"); hundred.Write != 100*got.Appended.Write || hundred.Read != 100*got.Appended.Read {
		t.Errorf("100 changes consume %s, want 100 times %s", hundred, got.Appended)
	}
	compareMeasured(t, "feed", got, figures(t).Feed)
}
