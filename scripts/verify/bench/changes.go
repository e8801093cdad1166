package main

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

// simulated is the simulated league in a table of its own, and the changes that the
// table's stream had of its import, in order.
type simulated struct {
	stats   table.Table
	changes []table.Change

	db *local.DB
}

// importSimulated imports the league as it is at a given time, with that time as now.
func importSimulated(ctx context.Context, at time.Time) (*simulated, error) {
	db, err := local.OpenMemory(table.Stats)
	if err != nil {
		return nil, err
	}
	im := &simulated{stats: db.Table(table.Stats.Name), db: db}
	db.Clock = func() time.Time { return at }
	if err := im.fill(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("importing the simulated league: %w", err)
	}
	return im, nil
}

// close drops the table.
func (im *simulated) close() { im.db.Close() }

// endMarker is the key of an item that is written after the import, to find its end in
// the stream.
var endMarker = table.Key{Partition: "END", Sort: "END"}

func (im *simulated) fill(ctx context.Context) error {
	stream, err := im.db.Stream(table.Stats.Name, "changes")
	if err != nil {
		return err
	}
	league := importer.Simulated(simulation.New(tenant.Seed, im.db.Clock()))
	if _, err = importer.Put(ctx, im.stats, im.db.Clock, league); err != nil {
		return err
	}
	if _, err := im.stats.Write(ctx, table.Put(table.Item{table.PartitionAttr: endMarker.Partition, table.SortAttr: endMarker.Sort})); err != nil {
		return err
	}
	within, stop := context.WithCancel(ctx)
	defer stop()
	if err := stream.Follow(within, func(_ context.Context, changes []table.Change) error {
		for _, c := range changes {
			if c.Key() == endMarker {
				stop()
				break
			}
			im.changes = append(im.changes, c)
		}
		return nil
	}, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return ctx.Err()
}
