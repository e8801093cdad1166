// Package changes is what a stream tells of the simulated league when it is imported,
// for those who measure what becomes of that.
package changes

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"statgate/scripts/internal/tenant"
	"statgate/shared/sources/importer"
	"statgate/shared/sources/simulation"
	"statgate/shared/table"
	"statgate/shared/table/local"
)

// Import is the simulated league in a table of its own.
type Import struct {
	Stats   table.Table
	Report  importer.Report
	Changes []table.Change // what the table's stream told, in order

	db *local.DB
}

// last marks the end of what an import writes.
var last = table.Key{Partition: "END", Sort: "END"}

// OfImport imports the league as it stands at a moment, at that moment.
func OfImport(ctx context.Context, at time.Time) (*Import, error) {
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		return nil, err
	}
	im := &Import{Stats: db.Table(table.Stats.Name), db: db}
	db.Clock = func() time.Time { return at }
	if err := im.fill(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("changes: %w", err)
	}
	return im, nil
}

// Close drops the table.
func (im *Import) Close() { im.db.Close() }

func (im *Import) fill(ctx context.Context) error {
	stream, err := im.db.Stream(table.Stats.Name, "changes")
	if err != nil {
		return err
	}
	league := importer.Simulated(simulation.New(tenant.Seed, im.db.Clock()))
	if im.Report, err = importer.Put(ctx, im.Stats, im.db.Clock, league); err != nil {
		return err
	}
	if _, err := im.Stats.Write(ctx, table.Put(table.Item{table.PartitionAttr: last.Partition, table.SortAttr: last.Sort})); err != nil {
		return err
	}
	within, end := context.WithCancel(ctx)
	defer end()
	if err := stream.Follow(within, func(_ context.Context, told []table.Change) error {
		for _, c := range told {
			if c.Key() == last {
				end()
				break
			}
			im.Changes = append(im.Changes, c)
		}
		return nil
	}, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return ctx.Err()
}
