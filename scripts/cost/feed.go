package main

import (
	"fmt"

	"statgate/shared/feed/changes"
)

// Appended returns the parts of a change that the change feed lists, in full batches. The
// fan-out's run is shared with the deliveries of webhooks, if there are any.
func (c costs) Appended() items {
	run := c.run(c.Assume("fanout_ms"))/c.batch(true).changes + c.compute(c.Assume("put_ms"))
	gigabytes := million * c.Assume("change_item_bytes") / 1e9
	return items{
		{Name: "write of the change", Dollars: c.units(c.Feed.Appended), Detail: c.Feed.Appended.String()},
		{Name: "stream", Detail: "Lambda's reads of the stream are free"},
		{Name: "fanout", Dollars: run, Detail: c.milliseconds("fanout_ms") + " for a batch, and " + c.milliseconds("put_ms") + " for the change"},
		{Name: "storage", Dollars: changes.Retention.Hours() / 24 / 30 * (c.Dollars("table_gb_month", gigabytes) + c.Dollars("recovery_gb_month", gigabytes)),
			Detail: fmt.Sprintf("%g bytes for %g days", c.Assume("change_item_bytes"), changes.Retention.Hours()/24)},
	}
}
