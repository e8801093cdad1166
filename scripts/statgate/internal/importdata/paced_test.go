package importdata

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"statgate/shared/table"
)

// accepting accepts every write.
type accepting struct{ table.Table }

func (accepting) Write(context.Context, table.Write) (table.Item, error) { return nil, nil }
func (accepting) Transact(context.Context, []table.Write) error          { return nil }

func TestImportWritesNoFasterThanItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paced{Table: accepting{}, pause: time.Second / 200}
		begun := time.Now()
		for range 100 {
			if _, err := p.Write(t.Context(), table.Write{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Transact(t.Context(), make([]table.Write, 100)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(t.Context(), table.Write{}); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(begun), time.Second; got != want {
			t.Errorf("the write after 200 others came after %v, want %v", got, want)
		}
	})
}
